"""Work out the period in which a cap counts at a moment: it begins anew with the hour, day or month of its own zone.

A zone differs from offer to offer, so this is done on the record, where a zone's clocks are known, and not in SQL.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def bounds(period: str | None, moment: str | None, zone: str | None) -> tuple[str | None, str | None]:
    """Return when the period of a moment began and when it ends, UTC; nothing for one that never begins anew.

    Args:
        period: hour, day, month, or all.
        moment: ISO-8601, UTC.
        zone: the cap's own.

    >>> bounds("day", "2026-03-29T07:00:00Z", "Europe/Berlin")
    ('2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z')
    >>> bounds("hour", "2026-03-12T06:00:00Z", "Asia/Kolkata")
    ('2026-03-12T05:30:00Z', '2026-03-12T06:30:00Z')
    >>> bounds("month", "2026-12-31T23:30:00Z", "UTC"), bounds("all", "2026-03-12T06:00:00Z", "UTC")
    (('2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'), (None, None))
    """
    try:
        there = ZoneInfo(zone or "UTC")
        now = datetime.fromisoformat(moment or "").astimezone(there)
    except (ValueError, ZoneInfoNotFoundError):
        return None, None
    if period == "hour":
        start = now.astimezone(UTC) - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)
        return _text(start), _text(start + timedelta(hours=1))
    day, month = now.date(), now.date().replace(day=1)
    spans = {"day": (day, day + timedelta(days=1)), "month": (month, (month + timedelta(days=31)).replace(day=1))}
    first, after = spans.get(period or "", (None, None))
    return _midnight(first, there), _midnight(after, there)


def _midnight(day: date | None, zone: ZoneInfo) -> str | None:
    return None if day is None else _text(datetime.combine(day, time(), zone))


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
