"""Put many seconds into a zone at once, and find where its days, hours and months begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from lakehouse_assets.affise.simulator.dice import Ints

QUARTER_S = 900
"""No zone's clocks change within a quarter of an hour."""


def local(seconds: Ints, zone: ZoneInfo) -> Ints:
    """Return seconds as a zone's clocks show them, counted as if they were UTC."""
    quarters, places = np.unique(seconds // QUARTER_S, return_inverse=True)
    offsets = [_offset(int(quarter) * QUARTER_S, zone) for quarter in quarters]
    return seconds + np.array(offsets, np.int64)[places] if len(seconds) else seconds


def _offset(second: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the second at which a day begins in a zone."""
    return int(datetime.combine(day, time(), zone).astimezone(UTC).timestamp())


def begin(period: str, now: datetime, zone: ZoneInfo) -> int:
    """Return the second at which the hour, day or month of an instant began in a zone."""
    there = now.astimezone(zone)
    if period == "hour":
        return int(now.timestamp()) - there.minute * 60 - there.second
    return midnight(there.date() if period == "day" else there.date().replace(day=1), zone)
