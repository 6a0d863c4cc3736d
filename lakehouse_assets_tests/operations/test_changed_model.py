"""A model that is edited between two runs, and gold that is lost: what the command says and does about it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lakehouse_assets.contracts import packages
from lakehouse_assets_tests.operations.conftest import Cli, Shop

SALES = Path("lakehouse_assets/ecommerce/sql/daily_sales.sql")


@pytest.fixture
def edited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The SELECT of the daily sales as a file that a test may edit."""
    copy, found = tmp_path / SALES.name, packages.file_of
    shutil.copy(SALES, copy)
    monkeypatch.setattr(packages, "file_of", lambda *asked: copy if asked[2] == SALES.name else found(*asked))
    return copy


def test_an_edited_select_is_applied_by_the_next_run(shop: Shop, cli: Cli, edited: Path) -> None:
    """Without a new file: all rows change, the run says why, and the run after it has nothing to do."""
    edited.write_text(f"-- no other version\n{edited.read_text('utf-8')}", "utf-8")
    assert "nothing to do" in cli(*shop.run).out
    edited.write_text(
        edited.read_text("utf-8").replace("count(order_id) AS orders", "count(order_id) + 10 AS orders"), "utf-8"
    )
    done = cli(*shop.run)
    assert (done.code, "daily_sales: rebuilt, its SELECT changed\n" in done.out) == (0, True)
    orders = cli("sql", "SELECT DISTINCT orders FROM ecommerce_gold.daily_sales", *shop.at, "--format", "csv")
    assert orders.out == "orders\n11\n"
    assert "nothing to do" in cli(*shop.run).out


def test_lost_gold_makes_itself_anew(shop: Shop, cli: Cli) -> None:
    """The report names the table and why; the others are not touched."""
    shutil.rmtree(shop.lake / "ecommerce_gold" / "user_orders")
    done = json.loads(cli(*shop.run, "--json").out)
    (name, why), *others = done["rebuilt"].items()
    assert (name, "metadata.json` is not there" in why, others) == ("user_orders", True, [])
    assert done["gold"]["user_orders"] == {"inserted": 2, "updated": 0, "deleted": 0, "rows": 2}
    assert done["status"] == "succeeded"
