"""What a run pulls depends on what it is asked: its days, all that may still change, or the last hours only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise import watermark
from lakehouse_assets.affise.endpoints import CLICKS, CONVERSIONS, CUSTOM_TOTALS, Endpoint
from lakehouse_assets.affise.watermark import Watermark
from lakehouse_assets.core.request import Window
from lakehouse_assets.storage.opening import open_store
from lambdas.commitaffisewatermark.handler import handler as commit
from lambdas.planaffisepull.logic import Plan, Planned

ZONE = "Europe/Berlin"
NOW = datetime(2026, 3, 16, 12, 20, tzinfo=UTC)
WEEK = Window(start=date(2026, 3, 10), end=date(2026, 3, 16))
TWO_DAYS = Window(start=date(2026, 3, 15), end=date(2026, 3, 16))
FACTS = (CONVERSIONS, CLICKS, CUSTOM_TOTALS)


def at(day: int, hour: int) -> datetime:
    """A moment of March, UTC."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def first_day(plan: Plan, endpoint: Endpoint) -> date:
    """The first UTC day of an endpoint that a plan pulls."""
    return min(one.day for one in plan.slices if one.endpoint is endpoint)


@pytest.mark.parametrize(
    ("mark", "since", "days"),
    [
        (Watermark(at(16, 8)), at(16, 8), (16,)),
        # At least three hours: 12:20 less three is in the hour of nine.
        (Watermark(at(16, 11)), at(16, 9), (16,)),
        (None, at(16, 9), (16,)),
        (Watermark(at(15, 13)), at(15, 13), (15, 16)),
        # Never before the run's days, whose first begins at 23:00 UTC of the day before.
        (Watermark(at(1, 8)), at(14, 23), (14, 15, 16)),
    ],
)
def test_the_last_hours_are_those_since_the_last_whole_pull(
    mark: Watermark | None, since: datetime, days: tuple[int, ...]
) -> None:
    """Facts and totals, the running hour too; no changes of older ones."""
    plan = Plan.of(TWO_DAYS, NOW, ZONE, mark, CLICKS, pull="intraday")
    wanted = (Planned(one, date(2026, 3, day), since, is_intraday=True) for one in FACTS for day in days)
    assert plan.slices == tuple(wanted)


@pytest.mark.parametrize("mark", [None, Watermark(at(16, 8), sweep=at(16, 8))])
def test_a_sweep_that_is_asked_for_pulls_62_days_of_conversions(mark: Watermark | None) -> None:
    """From 2026-01-14 on, whenever the last one was; of clicks only the days of the run."""
    plan = Plan.of(WEEK, NOW, ZONE, mark, CLICKS, pull="sweep")
    first = {endpoint: first_day(plan, endpoint) for endpoint in FACTS}
    assert first == {CONVERSIONS: date(2026, 1, 13), CLICKS: date(2026, 3, 9), CUSTOM_TOTALS: date(2026, 3, 9)}
    assert not any(one.is_intraday for one in plan.slices)


def test_a_usual_run_sweeps_once_a_week() -> None:
    """Seven days after the last sweep; what was not asked is what is usual."""
    days = {}
    for swept in (at(9, 12), at(9, 13)):
        plan = Plan.of(WEEK, NOW, ZONE, Watermark(at(16, 8), sweep=swept), CLICKS)
        days[swept.hour] = first_day(plan, CONVERSIONS)
    assert days == {12: date(2026, 1, 13), 13: date(2026, 3, 9)}


@pytest.mark.parametrize(
    ("asked", "moved"),
    [
        ({}, Watermark(NOW, sweep=at(15, 8))),
        ({"pull": None, "mode": "load"}, Watermark(NOW, sweep=at(15, 8))),
        ({"pull": "sweep"}, Watermark(NOW, sweep=NOW)),
        ({"pull": "intraday"}, Watermark(at(16, 8), sweep=at(15, 8))),
        ({"mode": "replay"}, Watermark(at(16, 8), sweep=at(15, 8))),
    ],
)
def test_the_watermark_moves_with_what_was_pulled(tmp_path: Path, asked: dict[str, Any], moved: Watermark) -> None:
    """Not with the last hours, which hold no changes of older facts, nor with a replay."""
    store = open_store(str(tmp_path))
    watermark.advance(store, at(15, 8), is_sweep=True)
    watermark.advance(store, at(16, 8))
    plan = Plan.of(WEEK, NOW, ZONE, watermark.read(store), CLICKS, pull=asked.get("pull"))
    event = {"lake": str(tmp_path), "run_id": "run-1", "as_of": NOW.isoformat(), "open_runs": []}
    commit({**event, "is_sweep": plan.is_sweep, **asked}, None)
    assert watermark.read(store) == moved
