"""What runs and schedules measure raises the alarms of a pipeline, and a tick without a run is told."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse_assets_tests.e2e.production import ENV, Production
from lakehouse_assets_tests.e2e.small import order, wrong_orders


def alarm(production: Production, metric: str) -> Any:
    """An alarm of the shop."""
    name = f"{ENV}-ecommerce-{metric}"
    (found,) = production.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found


def quiet(production: Production, metric: str, **changed: Any) -> Any:
    """An alarm of the shop that rings for nothing yet, with something of it changed."""
    watch, found = production.client("cloudwatch"), alarm(production, metric)
    taken = ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods")
    taken += ("Threshold", "ComparisonOperator", "TreatMissingData", "AlarmActions")
    watch.put_metric_alarm(**{name: found[name] for name in taken} | changed)
    watch.set_alarm_state(AlarmName=found["AlarmName"], StateValue="OK", StateReason="a test begins")
    return found


def rings(production: Production, metric: str) -> bool:
    """Whether an alarm of the shop rings."""
    return bool(alarm(production, metric)["StateValue"] == "ALARM")


@pytest.fixture(autouse=True)
def sleeping(production: Production) -> None:
    """Nothing that lands starts a run here."""
    production.sleeping()


def test_a_failed_run_raises_the_alarm_of_its_pipeline(production: Production) -> None:
    """The metric is put by the run's last step, and the alarm goes to the people who watch, not to those who read."""
    watched = quiet(production, "RunsFailed")
    assert production.run("ecommerce", {"mode": "lode"}).status == "FAILED"
    production.until(lambda: rings(production, "RunsFailed"))
    assert watched["AlarmActions"]
    assert production.outputs["Topic"] not in watched["AlarmActions"]
    production.told()


@pytest.mark.e2e_all
def test_too_many_rejects_of_a_run_that_succeeds_raise_an_alarm(production: Production) -> None:
    """One row of ten is more than five per cent; the run was allowed more."""
    quiet(production, "RejectRatio")
    production.land({"orders/alarm.csv": wrong_orders(80, bad=1, good=9)})
    assert production.run("ecommerce", {"max_reject_ratio": 1}).status == "SUCCEEDED"
    production.until(lambda: rings(production, "RejectRatio"))
    production.told()


@pytest.mark.e2e_all
def test_a_file_that_nobody_takes_raises_an_alarm(production: Production) -> None:
    """The scheduler has the age of what is in landing measured, whether or not anything runs."""
    # No test waits for as long as an alarm allows at least.
    quiet(production, "OldestLandedSeconds", Threshold=0)
    production.land({"orders/left.csv": order(8090)})
    with production.tick_at("ecommerce-landing", 6, 45):
        production.until(lambda: rings(production, "OldestLandedSeconds"))
    production.remove("orders/left.csv")


@pytest.mark.e2e_all
def test_a_tick_without_a_run_is_told_and_raises_an_alarm(production: Production) -> None:
    """The schedule of runs is off, as if somebody had forgotten it; the one that asks 45 minutes later is not."""
    quiet(production, "TicksMissed")
    with production.tick_at("ecommerce_daily-check", 6, 45):
        production.until(lambda: rings(production, "TicksMissed"))
    (message,) = production.told()
    assert message.attributes["kind"] == "tick_missed"
    assert "06:00 UTC of ecommerce_daily" in message.body
