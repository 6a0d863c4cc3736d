"""The report's schedule in production. The account's clock goes on, so other tests of the report come before."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from lakehouse_assets.affise.simulator.running import Simulator
from lakehouse_assets_tests.e2e.production import Production

pytestmark = pytest.mark.e2e_all


@pytest.mark.parametrize("hour", [9, 14])
def test_the_scheduler_starts_a_run_at_nine_and_at_two_of_the_accounts_day(
    production: Production, account: Simulator, hour: int
) -> None:
    """The tick is the hour in Berlin, said in UTC; the run is named after it."""
    at = datetime.combine(production.morning(), time(hour), ZoneInfo("Europe/Berlin")).astimezone(UTC)
    account.clock.set(at)
    before = set(production.executions("marketing"))
    with production.tick_at("marketing_twice_daily", at.hour):
        production.until(lambda: set(production.executions("marketing")) - before)
    (arn,) = set(production.executions("marketing")) - before
    done = production.wait(arn)
    assert (done.status, done.cause) == ("SUCCEEDED", "")
    assert str(done.output["run_id"]).endswith(f"T{at.hour:02}-00-00Z")
    production.told()
