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

NINE, TWENTY, HALF, TWO = (datetime(2026, 3, 16, *at, tzinfo=UTC) for at in ((8, 0), (12, 20), (12, 30), (13, 0)))
"""Nine o'clock, 13:20, half past one, and two o'clock in Berlin."""
TODAY = datetime(2026, 3, 15, 23, tzinfo=UTC)
"""Midnight in Berlin."""
FACTS = ("clicks", "conversion_status_history", "conversions", "hourly_totals")


@dataclass(frozen=True)
class Day:
    """A day of a lake: it pulls at 13:20 as well, or only at its ticks; what was seen of it, and its reports then."""

    lake: Pulled
    often: dict[datetime, list[dict[str, Any]]]
    seldom: dict[datetime, list[dict[str, Any]]]
    seconds: float
    report: dict[str, Any]
    untouched: bool
    hourly: list[dict[str, Any]]
    told: str


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Nine o'clock, a pull at 13:20 of one of two equal lakes, half past one and two o'clock of both."""
    folder = tmp_path_factory.mktemp("intraday")
    with account(folder, days=14, clicks_per_day=150, conversions_per_day=60) as case:
        lake = Pulled(case, folder / "lake")
        lake.run(NINE)
        shutil.copytree(lake.lake, folder / "other", symlinks=True)
        before = lake.watermark(), lake.rows(REPORT)
        started = time.perf_counter()
        report = lake.run(TWENTY, "--intraday")
        seconds = time.perf_counter() - started
        told = lake.command("runs", report["run_id"]).out
        hourly = lake.rows(
            "SELECT * FROM affise_data_fusion.intraday_performance WHERE hour_start >= TIMESTAMP '2026-03-15 23:00:00'"
        )
        untouched = before == (lake.watermark(), lake.rows(REPORT))
        often, seldom = {}, {}
        for at in (HALF, TWO):
            for reports in (often, seldom):
                lake.run(at)
                reports[at] = lake.rows(REPORT)
                lake.lake.rename(folder / "aside")
                (folder / "other").rename(lake.lake)
                (folder / "aside").rename(folder / "other")
        yield Day(lake, often, seldom, seconds, report, untouched, hourly, told)


@pytest.mark.parametrize("at", [HALF, TWO])
def test_the_next_report_is_as_if_nobody_had_looked(day: Day, at: datetime) -> None:
    """Row by row, names and money included: in the hour that was looked at, which waits, and when it is over."""
    assert day.often[at] == day.seldom[at]
    clicks = sum(row["click_count"] for row in day.often[at] if row["datestamp"] == "2026-03-16")
    over = at.replace(minute=0)
    assert clicks == len(list(day.lake.case.simulator.world.clicks(TODAY, over))) > 0


def test_it_warns_of_nothing(day: Day) -> None:
    """What happened in the running hour is in no total yet, and so is compared with none."""
    assert "Check WARN hourly_totals" not in day.told


def test_it_leaves_the_report_and_the_watermark_alone(day: Day) -> None:
    """Only facts are loaded, and only its own table is built."""
    assert day.untouched
    assert {name for name, counts in day.report["tables"].items() if counts["read"]} <= set(FACTS)
    assert [name for name, counts in day.report["gold"].items() if counts] == ["intraday_performance"]


def test_what_has_happened_until_now_is_there_within_two_minutes(day: Day) -> None:
    """All clicks and conversions of the day up to the moment of the pull, as the account's truth has them."""
    world = day.lake.case.simulator.world
    clicks, conversions = list(world.clicks(TODAY, TWENTY)), list(world.conversions(TODAY, TWENTY))
    states = ("confirmed_conversions", "pending_conversions", "declined_conversions")
    assert sum(row["click_count"] for row in day.hourly) == len(clicks) > 0
    assert sum(row[state] for row in day.hourly for state in states) == len(conversions) > 0
    newest = max(*(one.created_at for one in clicks), *(one.created_at for one in conversions))
    assert TWENTY - newest < timedelta(minutes=15)
    shown = max(datetime.fromisoformat(row["last_event_at"]) for row in day.hourly)
    assert shown.replace(tzinfo=UTC) == newest.replace(microsecond=0)
    assert day.seconds < 120


def test_its_rows_say_that_they_are_provisional(day: Day) -> None:
    """Every one, for whoever reads the table alone."""
    assert {row["is_provisional"] for row in day.hourly} == {True}
