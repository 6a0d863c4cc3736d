"""`lakehouse rebuild silver` knows what people did between loads: closed rejects, restored tables, other clocks."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import ORDERS, SECOND, Cli, Result, Shop, put
from lakehouse_assets_tests.operations.test_rebuild import lose, rows

BAD = {"orders/bad.csv": ORDERS + "6,106,7,never,2,2025-04-02\n7,107,7,2025-04-02T10:00:00,two,2025-04-02\n"}


def rebuilt(cli: Cli, shop: Shop, *more: str) -> Result:
    """What a rebuild says."""
    return cli("rebuild", "silver", *more, *shop.at)


@pytest.fixture
def closed(cli: Cli, shop: Shop) -> Shop:
    """A lake in which one reject was closed before a replay of all of them, and one after it."""
    put(shop.landing, BAD)
    assert cli(*shop.run).code == 0
    for code, reason in (("amount_invalid", "the till's test"), ("timestamp_invalid", "nobody's")):
        assert cli("rejects", "close", "--code", code, "--reason", reason, *shop.at).out.startswith("Closed ")
        assert cli("rejects", "replay", *shop.at).code in {0, 1}
        put(shop.landing, {f"orders/{code}.csv": ORDERS + "8,108,7,2025-04-03T10:00:00,nine,2025-04-03\n"})
        assert cli(*shop.run).code == 0
    return shop


LOST = {
    "a table beside": ("clean_orders",),
    "the rejects themselves": ("ecommerce_rejects",),
    "with the ledger": ("clean_orders", "ecommerce_rejects", "ecommerce_run_ledger"),
}
CASES = [
    pytest.param(
        tables, id=name, marks=[] if name == "with the ledger" else [pytest.mark.nightly]
    )  # it is the quick form
    for name, tables in LOST.items()
]


@pytest.mark.parametrize("lost", CASES)
def test_closed_rejects_stay_closed_with_their_reason(closed: Shop, cli: Cli, lost: tuple[str, ...]) -> None:
    """Each is closed in its place between the loads, so that a replay after it counts what it counted."""
    before = rows(cli, closed)
    reasons = {row["reason"] for row in json.loads(before["ecommerce_rejects"]) if row["status"] == "closed"}
    assert reasons == {"the till's test", "nobody's"}
    lose(closed, *lost)
    done = rebuilt(cli, closed)
    assert (done.code, done.err) == (0, "")
    assert rows(cli, closed) == before


def test_closings_that_nobody_can_know_are_told(closed: Shop, cli: Cli) -> None:
    """The ledger says how many rejects a command closed; what it was asked is lost with the table of rejects."""
    (first, _) = sorted(closed.lake.glob("runs/ecommerce/close-*"), key=lambda path: path.stat().st_mtime)
    shutil.rmtree(first)
    lose(closed, "ecommerce_rejects")
    refused = rebuilt(cli, closed)
    told = f"`{first.name}` closed 2 rejects, and which they were is not known any more"
    assert (refused.code, told in refused.err) == (1, True), refused.err
    assert rebuilt(cli, closed, "--accept-differences").code == 0
    shown = json.loads(rows(cli, closed)["ecommerce_rejects"])
    assert [row["reason"] for row in shown if row["status"] == "closed"] == ["nobody's"]


def test_closings_are_read_from_the_rejects_where_these_can_be_read(closed: Shop, cli: Cli) -> None:
    """Also closings whose notes are gone, as in a lake of before there were notes."""
    before = rows(cli, closed)
    for folder in closed.lake.glob("runs/ecommerce/close-*"):
        shutil.rmtree(folder)
    lose(closed, "clean_orders")
    assert rebuilt(cli, closed).code == 0
    assert rows(cli, closed) == before


@pytest.fixture
def restored(cli: Cli, shop: Shop) -> Shop:
    """A lake whose orders were restored to the first day after a second one."""
    moment = datetime.now(UTC).isoformat()
    time.sleep(0.01)
    put(shop.landing, SECOND)
    assert cli(*shop.run).code == 0
    assert cli("restore", "clean_orders", "--as-of", moment, *shop.at).code == 0
    return shop


def test_a_restored_table_does_not_stop_the_rebuild_of_another(restored: Shop, cli: Cli) -> None:
    """It is left as it was restored, and said so; the lost one comes back whole."""
    before = rows(cli, restored)
    lose(restored, "clean_products")
    done = rebuilt(cli, restored)
    assert (done.code, done.err) == (0, "")
    assert "`clean_orders` holds 0 rows that the archive does not give, and lacks 1 that it gives" in done.out
    assert "it was restored to what it held at " in done.out
    assert rows(cli, restored) == before


@pytest.mark.parametrize("how", [("--accept-differences",), ("--table", "clean_orders")], ids=["accepted", "named"])
def test_only_a_named_table_is_written_over(restored: Shop, cli: Cli, how: tuple[str, ...]) -> None:
    """Accepting differences writes what is lost and nothing else; a name is what a readable table needs."""
    before = rows(cli, restored)
    lose(restored, "clean_products")
    assert rebuilt(cli, restored, *how).code == 0
    after = rows(cli, restored)
    assert after["clean_products"] == before["clean_products"]
    given = [row["order_id"] for row in json.loads(after["clean_orders"])]
    assert sorted(given) == (["100", "101", "103"] if "--table" in how else ["100", "101"])


def test_a_restored_table_that_is_lost_is_no_silent_rebuild(restored: Shop, cli: Cli) -> None:
    """The archive gives rows that the table did not hold any more."""
    lose(restored, "clean_orders")
    refused = rebuilt(cli, restored)
    told = "`clean_orders` was restored to what it held at "
    assert (refused.code, told in refused.err) == (1, True), refused.err
    assert rebuilt(cli, restored, "--accept-differences").code == 0
    assert json.loads(rows(cli, restored)["clean_orders"])[-1]["order_id"] == "103"


def test_a_table_that_is_not_there_cannot_be_named(restored: Shop, cli: Cli) -> None:
    """The sentence names those there are."""
    refused = rebuilt(cli, restored, "--table", "orders")
    assert (refused.code, "there is no table `orders` to make anew; there are: clean_" in refused.err) == (2, True)


@pytest.mark.parametrize("clocks", [("", "2024-01-01"), ("2030-01-01", "")], ids=["an older one", "a later one"])
def test_loads_are_done_again_in_the_order_of_their_commits(cli: Cli, tmp_path: Path, clocks: tuple[str, ...]) -> None:
    """Whatever clocks they were asked to have: a run whose clock is before the first one came after it all the same."""
    shop = Shop(tmp_path / "lake", tmp_path / "landing")
    for files, clock in zip((BAD | SECOND, BAD), clocks, strict=True):
        put(shop.landing, files)
        assert cli(*shop.run, *(("--as-of", clock) if clock else ())).code == 0
    before = rows(cli, shop)
    lose(shop, "clean_orders")
    done = rebuilt(cli, shop)
    assert (done.code, done.err) == (0, "")
    assert rows(cli, shop) == before
