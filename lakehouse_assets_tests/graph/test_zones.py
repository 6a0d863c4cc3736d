"""The zone that the settings name for a pipeline decides when its days begin and when its schedules tick."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from lakehouse_assets.core.request import Window
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import Shop

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def settings_in(zone: str) -> Settings:
    """Settings that name a zone for `returns`, which names New York itself."""
    return Settings(lake=Path("/lake"), zones={"returns": zone})


def ticks(schedule: dg.ScheduleDefinition, day: date) -> list[datetime]:
    """When a schedule ticks on one day of its zone, UTC."""
    zone = ZoneInfo(str(schedule.execution_timezone))
    start, end = (datetime.combine(day + timedelta(days=n), datetime.min.time(), zone).timestamp() for n in (0, 1))
    found: list[datetime] = []
    for tick in schedule_execution_time_iterator(start, str(schedule.cron_schedule), str(zone)):
        if tick.timestamp() >= end:
            return found
        found.append(tick.astimezone(UTC))
    return found


@pytest.mark.parametrize(
    ("zone", "day", "hours", "expected"),
    [
        # Berlin is an hour before UTC in winter and two in summer; it changes at 01:00 UTC.
        ("Europe/Berlin", "2026-03-28", 24, ("08:00", "13:00")),
        ("Europe/Berlin", "2026-03-29", 23, ("07:00", "12:00")),
        ("Europe/Berlin", "2026-10-25", 25, ("08:00", "13:00")),
        # New York is five hours after UTC in winter and four in summer.
        ("America/New_York", "2026-03-08", 23, ("13:00", "18:00")),
        ("America/New_York", "2026-11-01", 25, ("14:00", "19:00")),
        ("Europe/Moscow", "2026-03-29", 24, ("06:00", "11:00")),
    ],
)
def test_nine_and_two_come_once_on_every_day(
    returns: Pipeline, zone: str, day: str, hours: int, expected: tuple[str, str]
) -> None:
    """Also on days of 23 and 25 hours, at the right moments."""
    schedule = build_definitions(settings_in(zone), [returns]).resolve_schedule_def("returns_twice_daily")
    today = date.fromisoformat(day)
    midnights = [datetime.combine(today + timedelta(days=n), datetime.min.time(), ZoneInfo(zone)) for n in (0, 1)]
    assert (midnights[1].astimezone(UTC) - midnights[0].astimezone(UTC)) == timedelta(hours=hours)
    assert [f"{tick:%H:%M}" for tick in ticks(schedule, today)] == list(expected)


@pytest.mark.parametrize(("zone", "today"), [("Asia/Tokyo", "2025-04-03"), ("America/New_York", "2025-04-02")])
def test_a_tick_works_on_the_days_of_that_zone(returns: Pipeline, kept: Shop, zone: str, today: str) -> None:
    """At 20:00 UTC it is tomorrow in Tokyo already, and not yet in New York."""
    settings = Settings(lake=kept.settings.lake, zones={"returns": zone})
    schedule = build_definitions(settings, [returns]).resolve_schedule_def("returns_twice_daily")
    evening = datetime(2025, 4, 2, 20, tzinfo=UTC)
    context = dg.build_schedule_context(instance=kept.instance, scheduled_execution_time=evening)
    (request,) = schedule.evaluate_tick(context).run_requests or ()
    last = date.fromisoformat(today)
    assert (request.tags[START], request.tags[END]) == (str(last - timedelta(days=6)), today)


def test_partitions_begin_at_midnight_of_that_zone(returns: Pipeline) -> None:
    """All assets that have partitions have the same ones; the others have none."""
    graph = build_definitions(settings_in("Asia/Tokyo"), [SHOP, returns]).resolve_asset_graph()
    made = [node for key in returns.keys if (node := graph.get(key)).is_executable]
    partitions = {node.partitions_def for node in made}
    assert {one.timezone for one in partitions if isinstance(one, dg.DailyPartitionsDefinition)} == {"Asia/Tokyo"}
    assert (len(partitions), {node.backfill_policy for node in made}) == (1, {dg.BackfillPolicy.single_run()})
    assert all(graph.get(key).partitions_def is None for key in SHOP.keys)


def test_a_pipeline_stays_as_it_is_where_the_settings_say_nothing_else(returns: Pipeline) -> None:
    """Also one without days, whatever the settings say."""
    assert returns.here(Settings(lake=Path("/lake"))).partitions == returns.partitions
    assert SHOP.here(Settings(lake=Path("/lake"), zones={"ecommerce": "Asia/Tokyo"})).partitions is None
    moved = returns.here(settings_in("Asia/Tokyo"))
    assert moved.usual_window(datetime(2025, 4, 2, 20, tzinfo=UTC)) == Window(
        start=date(2025, 3, 28), end=date(2025, 4, 3)
    )
