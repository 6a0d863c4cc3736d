"""What a machine records of a run that failed raises the alarm of its pipeline."""

from __future__ import annotations

from typing import Any

from lakehouse_assets_tests.e2e.production import ENV, Production


def alarm(production: Production, metric: str) -> Any:
    """An alarm of the shop."""
    name = f"{ENV}-ecommerce-{metric}"
    (found,) = production.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found


def test_a_failed_run_raises_the_alarm_of_its_pipeline(production: Production) -> None:
    """The metric is put by the run's last step, and the alarm goes to the people who watch, not to those who read."""
    production.sleeping()
    watched = alarm(production, "RunsFailed")
    production.client("cloudwatch").set_alarm_state(
        AlarmName=watched["AlarmName"], StateValue="OK", StateReason="a test begins"
    )
    assert production.run("ecommerce", {"mode": "lode"}).status == "FAILED"
    production.until(lambda: alarm(production, "RunsFailed")["StateValue"] == "ALARM")
    assert watched["AlarmActions"]
    assert production.outputs["Topic"] not in watched["AlarmActions"]
    production.told()
