"""How runs ended is told once, by sensors that read Dagster's history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest

from lakehouse_assets.ecommerce.pipeline import PIPELINE
from lakehouse_assets.graph.alerts import Watch, concerns
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets_tests.graph.conftest import IMPLICIT, Shop
from lakehouse_assets_tests.graph.test_job import double_an_order

SALES_CHECK = dg.AssetCheckKey(dg.AssetKey(["gold", "daily_sales"]), "freshness")


def messages(shop: Shop) -> dict[str, dict[str, Any]]:
    """All messages by kind, when there is one of each kind at most."""
    files = sorted((Path(shop.settings.lake_root) / "notifications" / "ecommerce").glob("*.json"))
    told = [json.loads(file.read_text("utf-8")) for file in files]
    assert len({message["kind"] for message in told}) == len(told)
    return {message["kind"]: message for message in told}


def told_by(shop: Shop, sensor: str, result: dg.ExecuteInProcessResult) -> None:
    """Evaluate an alert sensor for this run, as the daemon does."""
    ended = {"ecommerce_failed_runs": "PIPELINE_FAILURE", "ecommerce_failed_checks": "PIPELINE_SUCCESS"}[sensor]
    (event,) = [event for event in result.all_events if event.event_type_value == ended]
    context: Any = dg.build_run_status_sensor_context(
        sensor_name=sensor, dagster_event=event, dagster_instance=shop.instance, dagster_run=result.dagster_run
    )
    definition: Any = shop.definitions.resolve_sensor_def(sensor)
    definition(context.for_run_failure() if "runs" in sensor else context)


@pytest.fixture
def failed(shop: Shop) -> dg.ExecuteInProcessResult:
    """A run that a duplicate key in silver stopped."""
    shop.drop_all()
    shop.run()
    double_an_order(shop)
    shop.drop("products.csv")
    return shop.run()


def test_both_sensors_are_on(shop: Shop) -> None:
    """Alerts come without being switched on."""
    sensors = [shop.definitions.resolve_sensor_def(f"ecommerce_failed_{what}") for what in ("runs", "checks")]
    assert {sensor.default_status for sensor in sensors} == {dg.DefaultSensorStatus.RUNNING}


def test_a_failed_run_is_told_with_its_check(shop: Shop, failed: dg.ExecuteInProcessResult) -> None:
    """The step and the check that stopped the run, and the check by itself."""
    told_by(shop, "ecommerce_failed_runs", failed)
    told = messages(shop)
    assert set(told) == {"run_failed"}
    assert told["run_failed"]["subject"] == "ecommerce: run failed in ecommerce_silver_assertions"
    assert "check `clean_orders.keys_unique` failed: 1 row" in told["run_failed"]["body"]
    assert "- ERROR clean_orders.keys_unique: broken by 1 row: no key" in told["run_failed"]["body"]


def test_a_good_run_tells_warnings_and_refused_files(shop: Shop) -> None:
    """A run that went well tells old data as a failed check, and the file that it put into quarantine."""
    shop.drop_all()
    shop.drop("orders/broken.csv", [("no", "header")])
    told_by(shop, "ecommerce_failed_checks", shop.run())
    told = messages(shop)
    assert set(told) == {"run_warned"}
    assert "WARN daily_sales.freshness" in told["run_warned"]["body"]
    assert "`orders/broken.csv` is refused" in told["run_warned"]["body"]


def test_an_outcome_is_told_once(shop: Shop, failed: dg.ExecuteInProcessResult) -> None:
    """Who asks again, the command line or a sensor that was reset, tells nothing."""
    watch = Watch("ecommerce", lake_of(shop.settings))
    run = shop.instance.get_run_by_id(failed.run_id)
    assert run
    assert watch.tell(shop.instance, run) == "run_failed"
    assert watch.tell(shop.instance, run) is None


def test_the_report_of_a_run_is_kept(shop: Shop, failed: dg.ExecuteInProcessResult) -> None:
    """A run that Dagster started leaves a report too: failed, with its cause and the counts of what was read."""
    told_by(shop, "ecommerce_failed_runs", failed)
    file = Path(shop.settings.lake_root) / "runs" / "ecommerce" / failed.run_id / "report.json"
    report = json.loads(file.read_text("utf-8"))
    assert (report["status"], report["failure"]["error"]) == ("failed", "AssertionFailed")
    assert report["tables"]["clean_products"]["read"] == 1
    assert report["tables"]["clean_orders"]["read"] == 0


def test_nothing_to_do_is_not_told(shop: Shop) -> None:
    """A daily run that finds nothing is a success without a message."""
    told_by(shop, "ecommerce_failed_checks", shop.run())
    assert messages(shop) == {}


def test_a_selection_that_failed_is_told_once(shop: Shop) -> None:
    """What was started by hand in the UI runs under Dagster's own job and is told like every run."""
    shop.drop_all()
    shop.run()
    double_an_order(shop)
    twice = dg.AssetCheckKey(dg.AssetKey(["silver", "clean_orders"]), "keys_unique")
    failed = shop.materialize("gold/daily_sales", checks={twice})
    for _ in range(2):
        told_by(shop, "ecommerce_failed_runs", failed)
    assert set(messages(shop)) == {"run_failed"}


@pytest.mark.parametrize(
    ("run", "ours"),
    [
        ({"job_name": "ecommerce"}, True),
        ({"job_name": "marketing"}, False),
        ({"job_name": IMPLICIT}, True),
        ({"job_name": IMPLICIT, "asset_selection": {dg.AssetKey(["gold", "daily_sales"])}}, True),
        ({"job_name": IMPLICIT, "asset_selection": {dg.AssetKey(["gold", "campaigns"])}}, False),
        ({"job_name": IMPLICIT, "asset_selection": set(), "asset_check_selection": {SALES_CHECK}}, True),
    ],
)
def test_only_runs_that_touch_the_pipeline_are_its_runs(run: dict[str, Any], *, ours: bool) -> None:
    """Its own job, and a selection with one of its assets or checks."""
    assert concerns(PIPELINE, dg.DagsterRun(run_id=str(uuid4()), **run)) is ours
