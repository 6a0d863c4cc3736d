"""What a run cost follows from what it used, to the cent that a person works out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.compute.costs import (
    CostLine,
    Usage,
    cost_lines,
    cost_of,
    function_usage,
    glue_usage,
    query_usage,
    spent_on,
)
from lakehouse_assets.compute.usage import add_usage, usage_of
from lakehouse_assets.graph.metadata import spending
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder

HERE = "eu-west-1"


@pytest.mark.parametrize(
    ("usages", "usd"),
    [
        # Three minutes of two DPUs: 0.1 DPU-hours of $0.308.
        ([glue_usage(2, 180, HERE)], 0.0308),
        # Twenty seconds are charged as a minute: 2 / 60 DPU-hours.
        ([glue_usage(2, 20, HERE)], 0.0102667),
        # A terabyte costs five dollars; a query of one byte ten megabytes, which are 5 / 104,857.6 dollars.
        ([query_usage(1 << 40, HERE)], 5.0),
        ([query_usage(1, HERE)], 0.0000476837),
        ([query_usage(0, HERE, is_free=True)], 0.0),
        # A second of 2 GB and one call: 2 x $0.0000166667 + $0.0000002.
        (function_usage(1.0, 2048, HERE), 0.0000335334),
        # A machine of 15 states.
        ([Usage("transitions", 15, 15, HERE)], 0.000375),
    ],
)
def test_list_prices_by_hand(usages: list[Usage], usd: float) -> None:
    """Each unit costs what the price list says."""
    assert cost_of(usages) == pytest.approx(usd, rel=1e-5)


def test_a_table_pays_its_own_queries_and_its_share_of_the_job() -> None:
    """Of a job of $0.0308, a table that took a third of the time pays a third, and what was asked of it alone."""
    job, own, other = glue_usage(2, 180, HERE), query_usage(1 << 40, HERE, "orders"), query_usage(7, HERE, "items")
    found = spent_on([job, own, other], "orders", {"orders": 1.0, "items": 2.0})
    assert found.usd == pytest.approx(0.0308 / 3 + 5)
    assert found.amounts == {"scanned_bytes": 1 << 40, "dpu_seconds": pytest.approx(120)}


def test_tries_of_a_step_add_up(tmp_path: Path) -> None:
    """A step that was tried twice has used both tries; each step, table and check has one line."""
    folder = RunFolder(open_store(str(tmp_path)), "shop", "r1")
    add_usage(folder, "load", [glue_usage(2, 60, HERE)])
    assert len(add_usage(folder, "load", [glue_usage(2, 120, HERE)]).usages) == 2
    add_usage(folder, "check-orders-keys unique", [query_usage(1 << 40, HERE, "orders", "keys_unique")])
    check, load = cost_lines(usage_of(folder))
    assert check == CostLine("check-orders-keys-unique", "scanned_bytes", 1 << 40, 5.0, "orders", "keys_unique")
    assert (load.step, load.unit, load.amount, load.table) == ("load", "dpu_seconds", 360.0, "")
    assert load.usd == pytest.approx(0.0308)


def test_dagster_shows_what_was_metered_and_nothing_else() -> None:
    """A table or a check says its cost and what it used; on this machine nothing is said, rather than zero."""
    assert spending(spent_on([glue_usage(2, 180, HERE)])) == {"cost_usd": 0.0308, "dpu_seconds": 360}
    assert spending(spent_on([])) == {}
