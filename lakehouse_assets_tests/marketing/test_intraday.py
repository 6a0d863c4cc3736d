"""Between two ticks the last hours are pulled into provisional rows, and the next report does not know of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lakehouse_assets_tests.marketing.account import REPORT, Pulled, account

NINE, QUARTER, TWO = (datetime(2026, 3, 16, *at, tzinfo=UTC) for at in ((8, 0), (12, 20), (13, 0)))
"""Nine o'clock, 13:20 and two o'clock in Berlin."""
TODAY = datetime(2026, 3, 15, 23, tzinfo=UTC)
"""Midnight in Berlin."""
FACTS = ("clicks", "conversion_status_history", "conversions", "hourly_totals")


@dataclass(frozen=True)
class Day:
    """A day of a lake: it pulls at 13:20 as well, or only at its ticks; and what was seen of it."""

    lake: Pulled
    often: list[dict[str, Any]]
    seldom: list[dict[str, Any]]
    seconds: float
    report: dict[str, Any]
    untouched: bool
    hourly: list[dict[str, Any]]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Nine o'clock, a pull at 13:20, and two o'clock; then two o'clock of the lake as it was before that pull."""
    folder = tmp_path_factory.mktemp("intraday")
    with account(folder, days=14, clicks_per_day=150, conversions_per_day=60) as case:
        lake = Pulled(case, folder / "lake")
        lake.run(NINE)
        shutil.copytree(lake.lake, folder / "nine", symlinks=True)
        before = lake.watermark(), lake.rows(REPORT)
        started = time.perf_counter()
        report = lake.run(QUARTER, "--intraday")
        seconds = time.perf_counter() - started
        hourly = lake.rows(
            "SELECT * FROM affise_data_fusion.intraday_performance WHERE hour_start >= TIMESTAMP '2026-03-15 23:00:00'"
        )
        untouched = before == (lake.watermark(), lake.rows(REPORT))
        lake.run(TWO)
        often = lake.rows(REPORT)
        shutil.rmtree(lake.lake)
        (folder / "nine").rename(lake.lake)
        lake.run(TWO)
        yield Day(lake, often, lake.rows(REPORT), seconds, report, untouched, hourly)


def test_the_next_report_is_as_if_nobody_had_looked(day: Day) -> None:
    """Row by row, names and money included."""
    assert day.often == day.seldom
    assert day.often


def test_it_leaves_the_report_and_the_watermark_alone(day: Day) -> None:
    """Only facts are loaded, and only its own table is built."""
    assert day.untouched
    assert {name for name, counts in day.report["tables"].items() if counts["read"]} <= set(FACTS)
    assert [name for name, counts in day.report["gold"].items() if counts] == ["intraday_performance"]


def test_what_has_happened_until_now_is_there_within_two_minutes(day: Day) -> None:
    """All clicks and conversions of the day up to the moment of the pull, as the account's truth has them."""
    world = day.lake.case.simulator.world
    clicks, conversions = list(world.clicks(TODAY, QUARTER)), list(world.conversions(TODAY, QUARTER))
    states = ("confirmed_conversions", "pending_conversions", "declined_conversions")
    assert sum(row["click_count"] for row in day.hourly) == len(clicks) > 0
    assert sum(row[state] for row in day.hourly for state in states) == len(conversions) > 0
    newest = max(*(one.created_at for one in clicks), *(one.created_at for one in conversions))
    assert QUARTER - newest < timedelta(minutes=15)
    shown = max(datetime.fromisoformat(row["last_event_at"]) for row in day.hourly)
    assert shown.replace(tzinfo=UTC) == newest.replace(microsecond=0)
    assert day.seconds < 120


def test_its_rows_say_that_they_are_provisional(day: Day) -> None:
    """Every one, for whoever reads the table alone."""
    assert {row["is_provisional"] for row in day.hourly} == {True}
