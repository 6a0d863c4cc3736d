"""`lakehouse diff`: what was added, removed and changed between two moments, and between two lakes."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.operations.cli import main
from lakehouse_assets_tests.operations.conftest import ORDERS, SECOND, Cli, Shop, open_shop, put

CORRECTED = ORDERS + "1,100,7,2025-04-01T10:00:00,11.00,2025-04-01\n2,101,8,2025-04-01T11:00:00,20.50,2025-04-01\n"
"""The first day again: order 100 has another amount now."""
CHANGES = [
    {"change": "changed", "order_id": "100", "column": "total_amount", "before": "10.00", "after": "11.00"},
    {"change": "added", "order_id": "103", "column": None, "before": None, "after": None},
]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, str, str]:
    """A lake after a run with one more order and a corrected one, a clone of before, and the moment between."""
    shop = open_shop(tmp_path_factory.mktemp("changed"))
    clone = shop.lake.with_name("clone")
    assert main(["clone", str(clone), *shop.at]) == 0
    time.sleep(0.01)
    moment = datetime.now(UTC).isoformat()
    put(shop.landing, {"orders/2025-04-01-again.csv": CORRECTED, **SECOND})
    assert main([*shop.run, "--json"]) == 0
    return shop, str(clone), moment


def test_between_two_moments(cli: Cli, changed: tuple[Shop, str, str]) -> None:
    """Each value that differs, by key; the rows' files and lines are not compared."""
    shop, _, moment = changed
    found = cli("diff", "delta_lakehouse.clean_orders", "--as-of", moment, "--format", "json", *shop.at)
    assert json.loads(found.out) == CHANGES
    shown = cli("diff", "delta_lakehouse.clean_orders", "--as-of", moment, *shop.at).out
    assert shown.startswith("delta_lakehouse.clean_orders by order_id: 1 added, 0 removed, 1 changed, 1 same\n")
    assert "Changed in: total_amount 1" in shown


@pytest.mark.parametrize("name", ["clean_orders", "silver/clean_orders", "Delta_Lakehouse.Clean_Orders"])
def test_a_table_is_known_by_each_of_its_names(cli: Cli, changed: tuple[Shop, str, str], name: str) -> None:
    """As in queries, as an asset and alone, whatever the case."""
    shop, _, moment = changed
    assert cli("diff", name, "--as-of", moment, *shop.at).out.startswith("delta_lakehouse.clean_orders by order_id: 1 ")


def test_between_two_lakes(cli: Cli, changed: tuple[Shop, str, str]) -> None:
    """The other way round what was added is removed, in gold too, whose keys are several columns."""
    shop, clone, _ = changed
    found = cli("diff", "ecommerce_gold.user_orders", *shop.at, "--and-lake", clone, "--format", "csv").out
    lines = found.splitlines()
    assert lines[0] == "change,user_id,column,before,after"
    assert "removed,9,,," in lines
    assert any(line.startswith("changed,7,") and ",11.00,10.00" in line for line in lines)


def test_until_then_nothing_had_changed(cli: Cli, changed: tuple[Shop, str, str]) -> None:
    """Both lakes at the moment before are the same, which is one line."""
    shop, clone, moment = changed
    at = ("--as-of", moment, "--and", moment, "--and-lake", clone)
    assert cli("diff", "delta_lakehouse.clean_orders", *shop.at, *at).out == (
        "delta_lakehouse.clean_orders by order_id: 0 added, 0 removed, 0 changed, 2 same\n"
    )


def test_a_table_shows_some_and_says_that_there_are_more(cli: Cli, changed: tuple[Shop, str, str]) -> None:
    """As many as are asked for; CSV has all."""
    shop, _, moment = changed
    shown = cli("diff", "delta_lakehouse.clean_orders", "--as-of", moment, "--limit", 1, *shop.at).out
    assert ("100" in shown, "103" in shown, "--format csv writes all" in shown) == (True, False, True)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["delta_lakehouse.clean_orders"], "say with what: --as-of TIME"),
        (["delta_lakehouse.nothing", "--as-of", "2025-01-01"], "there is no table `delta_lakehouse.nothing`"),
        (["delta_lakehouse.clean_orders", "--as-of", "then"], "--as-of is `then`, allowed is a time"),
        (["delta_lakehouse.clean_orders", "--as-of", "2025-01-01", "--and", "x"], "--and is `x`, allowed is a time"),
        (["delta_lakehouse.clean_orders", "--as-of", "2001-01-01"], "did not exist at 2001-01-01"),
        (["delta_lakehouse.clean_orders", "--and-lake", "nowhere"], "there is no lake at"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(
    cli: Cli, changed: tuple[Shop, str, str], asked: list[str], said: str
) -> None:
    """And nothing is printed."""
    refused = cli("diff", *asked, *changed[0].at)
    assert (refused.code, refused.out, said in refused.err, Path("nowhere").exists()) == (2, "", True, False)
