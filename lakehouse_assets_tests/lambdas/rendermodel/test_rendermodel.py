"""RenderModel writes one MERGE for what a gold table has not caught up with."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts import contract
from lakehouse_assets.contracts.layers import model_sql
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.load.ledger import Backlog
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lambdas.acknowledgemodel.handler import handler as acknowledge
from lambdas.rendermodel.handler import handler
from lambdas.rendermodel.logic import STATEMENT_BYTES, statement

EVENT = json.loads((Path(__file__).parents[2] / "events/rendermodel.json").read_text("utf-8"))
ORDERS = (
    "order_id,order_num,user_id,order_timestamp,total_amount,date\n"
    "o1,1,u1,2025-04-01T09:00:00,10.00,2025-04-01\n"
    "o2,2,u2,2025-04-03T09:00:00,10.00,2025-04-03\n"
)
USERS = contract("ecommerce", "gold.user_orders")


def render(lake: LakeDriver, model: str = "gold.daily_sales") -> dict[str, Any]:
    """The function's answer for a lake."""
    return handler(EVENT | {"lake": str(lake.root), "model": model}, None)


def test_what_was_touched_is_in_the_statement(tmp_path: Path) -> None:
    """The dates of new orders bound the MERGE, and their run is named for the acknowledgement."""
    lake = LakeDriver(tmp_path)
    lake.load(csv_file("orders", "orders/1.csv", ORDERS))
    answer = render(lake)
    assert "BETWEEN CAST('2025-04-01' AS DATE) AND CAST('2025-04-03' AS DATE)" in answer["statement"]
    assert answer["runs"] == ["run-1"]
    assert json.loads(json.dumps(answer)) == answer


def test_local_days_are_those_of_the_sources_zone() -> None:
    """The statement knows when days begin there, which another zone's statement does not."""
    gold = contract("marketing", "gold.daily_affiliate_performance")
    model, due = model_sql("marketing", gold.name), Backlog(("run-1",), (date(2026, 3, 12),))
    there, here = (statement(gold, model, due, zone) or "" for zone in ("Europe/Berlin", "UTC"))
    assert ("2026-03-29 01:00:00" in there, "2026-03-29 01:00:00" in here) == (True, False)


def test_a_table_that_is_up_to_date_has_no_statement(tmp_path: Path) -> None:
    """After the acknowledgement there is nothing to run and nothing to tell."""
    lake = LakeDriver(tmp_path)
    lake.load(csv_file("orders", "orders/1.csv", ORDERS))
    lake.gold("daily_sales")
    answer = render(lake)
    assert (answer["statement"], answer["runs"]) == (None, [])


def test_runs_that_touched_nothing_of_a_table_are_only_told(tmp_path: Path) -> None:
    """New products alone change no date: no MERGE, but the run is caught up with."""
    lake = LakeDriver(tmp_path)
    products = "product_id,department_id,department,product_name\np1,d1,Food,Tea\n"
    lake.load(csv_file("products", "products.csv", products))
    answer = render(lake)
    assert (answer["statement"], answer["runs"]) == (None, ["run-1"])


def test_a_model_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """The sentence names the models there are."""
    with pytest.raises(ContractInvalid, match=r"gold\.weather.*gold\.daily_sales"):
        render(LakeDriver(tmp_path), "gold.weather")


@pytest.mark.parametrize(
    "users", [None, tuple(f"u{i}" for i in range(1_001)), tuple("u" * 900 + str(i) for i in range(200))]
)
def test_too_much_to_name_builds_the_whole_table(users: tuple[str, ...] | None) -> None:
    """Many values, listed or not, or long ones would not fit into a query or a state; the whole table always does."""
    text = statement(USERS, model_sql("ecommerce", "user_orders"), Backlog(("r1",), users))
    assert text is not None
    assert "BETWEEN" not in text
    assert len(text) < 5_000


def test_the_longest_statement_fits_into_a_state() -> None:
    """A thousand dates, the most that is named, travel as JSON below the limit."""
    days = tuple(date.fromordinal(date(2020, 1, 1).toordinal() + i) for i in range(1_000))
    sales = contract("ecommerce", "gold.daily_sales")
    text = statement(sales, model_sql("ecommerce", "daily_sales"), Backlog(("r1",), days))
    assert text is not None
    assert "BETWEEN" in text
    assert len(json.dumps(text)) <= STATEMENT_BYTES


def note_another_version(lake: LakeDriver) -> None:
    """Let daily_sales say that it was built with another SELECT than its model has."""
    version = json.loads(render(lake)["version"])
    version["parts"]["select"] = "another"
    said = {"run_id": "before", "runs": [], "as_of": "2025-04-02T09:00:00+00:00", "version": json.dumps(version)}
    acknowledge(EVENT | said | {"lake": str(lake.root)}, None)


def test_a_model_that_changed_is_rebuilt_whole_until_its_version_is_acknowledged(tmp_path: Path) -> None:
    """Though no run touched anything; a crash between the MERGE and the acknowledgement means one more rebuild."""
    lake = LakeDriver(tmp_path)
    lake.load(csv_file("orders", "orders/1.csv", ORDERS))
    lake.gold("daily_sales")
    note_another_version(lake)
    whole = statement(lake.known["gold.daily_sales"], lake.model("daily_sales"), Backlog((), None))
    first = render(lake)
    assert (first["statement"], first["runs"]) == (whole, [])
    assert render(lake) == first
    said = {"run_id": "r", "runs": [], "as_of": "2025-04-03T09:00:00+00:00", "version": first["version"]}
    acknowledge(EVENT | said | {"lake": str(lake.root)}, None)
    assert render(lake) == {
        "statement": None,
        "has_statement": False,
        "runs": [],
        "version": first["version"],
        "why": "",
    }
