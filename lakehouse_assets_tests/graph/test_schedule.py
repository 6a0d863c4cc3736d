"""The daily safety net."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import Shop


def schedule_in(zone: str) -> dg.ScheduleDefinition:
    """The schedule of a shop in this zone."""
    settings = Settings(lake=Path("/lake"), source_timezone=zone)
    return build_definitions(settings).resolve_schedule_def("ecommerce_daily")


def test_it_is_on() -> None:
    """It runs without being switched on."""
    assert schedule_in("UTC").default_status == dg.DefaultScheduleStatus.RUNNING


@pytest.mark.parametrize("day", ["2025-03-29", "2025-03-30", "2025-10-26"])
def test_it_ticks_at_six_where_the_shop_is(day: str) -> None:
    """Six o'clock local time, on the days the clocks change too."""
    schedule = schedule_in("Europe/Berlin")
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    cron, zone = str(schedule.cron_schedule), schedule.execution_timezone
    first = next(schedule_execution_time_iterator(midnight, cron, zone))
    assert first.astimezone(ZoneInfo("Europe/Berlin")).isoformat()[:16] == f"{day}T06:00"


def test_a_tick_asks_for_the_whole_job(kept: Shop) -> None:
    """One run, of everything that is there: the plan step gets no list, and the moment that it is for."""
    schedule = kept.definitions.resolve_schedule_def("ecommerce_daily")
    now = datetime(2025, 4, 2, 6, tzinfo=UTC)
    context = dg.build_schedule_context(instance=kept.instance, scheduled_execution_time=now)
    (request,) = schedule.evaluate_tick(context).run_requests
    tick = {"bronze__ecommerce_manifest": {"config": {"tick": "2025-04-02T06:00:00+00:00"}}}
    assert (schedule.job_name, request.run_config) == ("ecommerce", {"ops": tick})


def test_it_takes_what_the_sensor_gave_up(shop: Shop) -> None:
    """A run without a list takes an empty file too, which the sensor never offers: it is refused and moved away."""
    shop.drop_all()
    shop.landing.joinpath("orders", "empty.csv").touch()
    assert shop.run().success
    assert shop.landed() == []
