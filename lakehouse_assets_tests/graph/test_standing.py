"""A run with nothing to do leaves what is known of the tables as it was, whoever started it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.graph.check_history import FOUND_IN, SINCE
from lakehouse_assets_tests.graph.conftest import ROWS, Shop
from lakehouse_assets_tests.graph.test_alerts import messages, told_by
from lakehouse_assets_tests.graph.test_job import checks, double_an_order

Run = dg.ExecuteInProcessResult
FRESHNESS = "gold/daily_sales:freshness"
REJECTS = "silver/clean_orders:rejects"
UNIQUE = "silver/clean_orders:keys_unique"
THEN = {"as_of": "2025-04-02T06:00:00+00:00"}
"""A clock at which orders of the day before are fresh; today they are not."""

LOOKED_AT = {f"landing/{name}:left_files" for name in ("orders", "order_items", "products")}
"""The checks that a plan answers, whatever else a run does."""


def everything(shop: Shop) -> Run:
    """All assets with all checks, as `Materialize all` starts them."""
    graph = shop.definitions.resolve_asset_graph()
    assets = [key.to_user_string() for key in graph.executable_asset_keys]
    return shop.materialize(*assets, checks=set(graph.asset_check_keys))


STARTED: dict[str, Callable[[Shop], Run]] = {
    "the job": lambda shop: shop.run(),
    "the sensor": lambda shop: shop.run_with({"files": []}),
    "everything by hand": everything,
}


def shown(shop: Shop) -> dict[str, str]:
    """What Dagster shows of every check: the status of its latest record, or that it never ran."""
    keys = sorted(shop.definitions.resolve_asset_graph().asset_check_keys, key=str)
    latest = shop.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return {key.to_user_string(): latest[key].status.value if key in latest else "never run" for key in keys}


@dataclass(frozen=True)
class Mixed:
    """A shop after a run of which a row was rejected, so that checks passed and failed, and that run."""

    shop: Shop
    run: Run


@pytest.fixture
def mixed(shop: Shop) -> Mixed:
    """Loaded at a time when its data was fresh."""
    shop.drop_all()
    bad = ("", "3", "9", "2025-04-01T10:00:00", "1", "2025-04-01")
    shop.drop("orders/2025-04-01.csv", [*ROWS["orders/2025-04-01.csv"], bad])
    return Mixed(shop, shop.run_with({**THEN, "max_reject_ratio": 1.0}))


@pytest.mark.parametrize("started", STARTED.values(), ids=STARTED.keys())
def test_every_check_stands_as_it_was(mixed: Mixed, started: Callable[[Shop], Run]) -> None:
    """Passed stays passed and failed failed, but for ages, which are asked anew and are not what they were."""
    before, answers = shown(mixed.shop), checks(mixed.run)
    quiet = started(mixed.shop)
    assert quiet.success
    aged = {name for name in before if name.endswith(":freshness")}
    assert {name for name, status in before.items() if status == "FAILED"} == {REJECTS}
    assert shown(mixed.shop) == before | dict.fromkeys(aged, "FAILED")
    # What stays in landing is looked at again, and what came is found by runs in which something came.
    again = {name for name in before if name in aged or name.startswith("landing/")}
    stood = {name: found for name, found in checks(quiet).items() if name not in again}
    assert {name: (e.passed, e.severity, e.blocking) for name, e in stood.items()} == {
        name: (e.passed, e.severity, e.blocking) for name, e in answers.items() if name not in again
    }


def test_a_standing_result_says_what_was_found_and_when(mixed: Mixed) -> None:
    """Description, rows and SQL are those of the run that found them, and so are moment and materialization."""
    found = checks(mixed.run)[REJECTS]
    first, again = (checks(mixed.shop.run())[REJECTS] for _ in range(2))
    assert (again.description, again.target_materialization_data) == (
        found.description,
        found.target_materialization_data,
    )
    (event,) = [e for e in mixed.shop.instance.all_logs(mixed.run.run_id) if _is_of(e, REJECTS)]
    since = datetime.fromtimestamp(event.timestamp, UTC).isoformat(" ", "microseconds")
    marks = {SINCE: dg.MetadataValue.text(since), FOUND_IN: dg.MetadataValue.dagster_run(mixed.run.run_id)}
    assert dict(again.metadata) == dict(first.metadata) == {**found.metadata, **marks}


def _is_of(entry: dg.EventLogEntry, check: str) -> bool:
    event = entry.dagster_event
    if event is None or event.event_type_value != "ASSET_CHECK_EVALUATION":
        return False
    return event.asset_check_evaluation_data.asset_check_key.to_user_string() == check


def test_ages_are_asked_by_the_clock_of_the_quiet_run(mixed: Mixed) -> None:
    """Fresh when it was loaded, and old today: newest date and clock are those of now."""
    assert checks(mixed.run)[FRESHNESS].passed
    found = checks(mixed.shop.run())[FRESHNESS]
    (row,) = found.metadata["sample"].value.records
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (row.data["newest"], row.data["as_of"]) == ("2025-04-01", f"{datetime.now(UTC):%Y-%m-%d}")
    assert checks(mixed.shop.run_with(THEN))[FRESHNESS].passed


def test_nothing_that_stood_is_told_again(mixed: Mixed) -> None:
    """Rejects were told by the run that rejected; a quiet run tells of data that has become old, once."""
    told_by(mixed.shop, "ecommerce_failed_checks", mixed.run)
    assert "clean_orders.rejects" in messages(mixed.shop)["run_warned"]["body"]
    told = [_told(mixed.shop, mixed.shop.run()) for _ in range(2)]
    assert len(told[0]) == 1
    assert "freshness" in told[0][0]["body"]
    assert "rejects" not in told[0][0]["body"]
    assert told[1] == []


def _told(shop: Shop, run: Run) -> list[dict[str, Any]]:
    """The messages about one run."""
    for file in (Path(shop.settings.lake_root) / "notifications" / "ecommerce").glob("*.json"):
        file.unlink()
    told_by(shop, "ecommerce_failed_checks", run)
    return list(messages(shop).values())


def test_a_check_that_never_ran_is_still_one_that_never_ran(shop: Shop) -> None:
    """A quiet run of a new lake says nothing of tables that are not there; it has looked at landing, which is empty."""
    said = checks(shop.run())
    assert (said.keys(), {one.passed for one in said.values()}) == (LOOKED_AT, {True})
    states = shown(shop)
    assert {state for key, state in states.items() if not key.startswith("landing/")} == {"PLANNED"}
    assert {key for key, state in states.items() if state == "SUCCEEDED"} == LOOKED_AT


def test_a_failure_that_stopped_a_run_stands_until_it_is_mended(mixed: Mixed) -> None:
    """A blocking check that failed is not made good by a run that has nothing to do, and stops nothing there."""
    double_an_order(mixed.shop)
    mixed.shop.drop("products.csv")
    assert not mixed.shop.run().success
    (mixed.shop.landing / "products.csv").unlink()
    assert mixed.shop.materialize("gold/daily_sales", "gold/product_daily", "gold/user_orders").success
    quiet = mixed.shop.run()
    assert quiet.success
    assert not checks(quiet)[UNIQUE].passed
    assert shown(mixed.shop)[UNIQUE] == "FAILED"


def test_a_selection_without_checks_answers_none(mixed: Mixed) -> None:
    """What a run did not plan is none of its business; checks on landing are of no job, and their plan has looked."""
    said = checks(mixed.shop.materialize("bronze/ecommerce_manifest"))
    assert (said.keys(), {one.passed for one in said.values()}) == (LOOKED_AT, {True})
