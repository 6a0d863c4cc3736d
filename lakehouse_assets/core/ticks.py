"""Name the ticks of schedules, and the runs that they start: two starters of one tick find the same names."""

from __future__ import annotations

import re
from datetime import UTC, datetime

SPELLED = re.compile(r"[0-9][0-9TZ:.+-]{9,39}")
"""Matches what may be a moment, and becomes part of a run id."""


def tick_name(tick: datetime) -> str:
    """Return a tick's moment as a part of keys and run ids: ISO-8601 in UTC, to the second, with - for :.

    >>> tick_name(datetime(2026, 11, 26, 9, tzinfo=UTC))
    '2026-11-26T09-00-00Z'
    """
    return f"{tick.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}"


def tick_key(job: str, tick: datetime) -> str:
    """Return the key in the lake under which a run says that it has taken a tick.

    >>> tick_key("weather", datetime(2026, 11, 26, 9, tzinfo=UTC))
    'ticks/weather/2026-11-26T09-00-00Z.json'
    """
    return f"ticks/{job}/{tick_name(tick)}.json"


def run_id_of(job: str, execution: str, tick: object) -> str:
    """Return the id of a run that a state machine makes: job and tick, or else the name of its execution.

    The machine makes it of its input before anybody has read that, so the tick is text as it was given.

    >>> run_id_of("weather", "9f0c", "2026-11-26T09:00:00Z"), run_id_of("weather", "9f0c", None)
    ('weather-2026-11-26T09-00-00Z', '9f0c')
    """
    is_tick = isinstance(tick, str) and SPELLED.fullmatch(tick) is not None
    return f"{job}-{str(tick).replace(':', '-')}" if is_tick else execution
