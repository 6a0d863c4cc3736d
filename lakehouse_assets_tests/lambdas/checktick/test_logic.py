"""Whether the run of a tick has come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lakehouse_assets.compute.missed_ticks import Asked, message
from lakehouse_assets.errors import BadRequest
from lambdas.checktick.logic import asked, missed

EVENT = {
    "pipeline": "weather",
    "job": "weather",
    "schedule": "weather_daily",
    "asked_at": "2026-11-26T09:45:00Z",
    "minutes": 45,
}
OF = Asked("weather", "weather", "weather_daily", datetime(2026, 11, 26, 9, tzinfo=UTC), 45)
CLAIM = {"run_id": "weather-2026-11-26T09-00-00Z"}


def test_the_tick_is_that_many_minutes_before() -> None:
    """A schedule that asks knows its own moment only."""
    assert asked(EVENT) == OF


def test_a_run_that_has_ended_is_enough() -> None:
    """However it ended, people were told then."""
    assert missed(OF, CLAIM, [{"run_id": CLAIM["run_id"], "status": "failed"}]) is None


def test_nobody_came() -> None:
    """Without a claim no run has begun, and the sentence says where to look."""
    sentence = missed(OF, None, [])
    assert sentence == (
        "No run has begun for the tick 2026-11-26 09:00 UTC of weather_daily, 45 minutes later. "
        "Look whether its schedule is enabled."
    )
    assert message(OF, sentence).subject == "weather: no run for the tick of 09:00 UTC"


def test_a_run_that_goes_on_is_told() -> None:
    """A run that has taken the tick and is not in the history is late; other runs do not count."""
    sentence = missed(OF, CLAIM, [{"run_id": "other", "status": "succeeded"}])
    assert sentence is not None
    assert "has not ended after 45 minutes" in sentence


@pytest.mark.parametrize("change", [{"asked_at": "soon"}, {"minutes": None}, {"job": ...}])
def test_a_strange_event_is_refused(change: dict[str, object]) -> None:
    """An event that names no tick is told."""
    event = {name: value for name, value in (EVENT | change).items() if value is not ...}
    with pytest.raises(BadRequest, match="names no tick"):
        asked(event)
