"""Write time zones as SQL: the offsets of one zone become a binary search over literal moments.

Engines disagree about repeated and skipped local hours, and carry different zone tables. So the rules come from
Python's zoneinfo (package tzdata) and are written into the SQL as CASE expressions: the same answer by construction.
A repeated local hour takes the earlier offset, a skipped one has no offset (NULL). Before 1970 and after 2099 the
nearest known offset holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lakehouse_assets.errors import BadRequest

FIRST, LAST = datetime(1970, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - naive UTC, as all moments in this module
STEP = timedelta(hours=12)
MOMENT, MINUTE = "TIMESTAMP '%Y-%m-%d %H:%M:%S'", "'%Y-%m-%d %H:%M'"
"""Write a boundary by strftime: as a moment, and as text to the minute (zones change at whole minutes since 1970)."""

Boundary = tuple[datetime, int | None]
"""Holds a moment (inclusive) and the offset in seconds from then on; None where no such local time exists."""


@cache
def transitions(zone: str) -> tuple[int, tuple[tuple[datetime, int, int], ...]]:
    """Return the first offset, then (UTC moment, offset before, offset after) of each change; offsets in seconds.

    Raises:
        BadRequest: there is no such zone.
    """
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadRequest(message=f"`{zone}` is no time zone; use a name such as Europe/Berlin or UTC") from error
    if zone == "UTC":
        return 0, ()
    first, found, moment = _offset(info, FIRST), [], FIRST
    before = first
    while moment < LAST:  # 95,000 steps, so each looks at one moment only
        later = moment + STEP
        after = _offset(info, later)
        if after != before:
            found.append(_bisect(info, moment, later))
        moment, before = later, after
    return first, tuple(found)


def utc_boundaries(zone: str) -> tuple[int, list[Boundary]]:
    """Return the offsets by UTC moment: the first one, and the boundaries where it changes."""
    first, changes = transitions(zone)
    return first, [(moment, after) for moment, _, after in changes]


def local_boundaries(zone: str) -> tuple[int, list[Boundary]]:
    """Return the offsets by local moment: the first one, and the boundaries; a skipped stretch has none."""
    first, changes = transitions(zone)
    found: list[Boundary] = []
    for moment, before, after in changes:
        skipped_from, skipped_to = moment + timedelta(seconds=before), moment + timedelta(seconds=after)
        if after > before:
            found.append((skipped_from, None))
        found.append((max(skipped_from, skipped_to), after))
    return first, found


def search(moment: str, first: int | None, boundaries: Sequence[Boundary], form: str = MOMENT) -> str:
    """Return a nested CASE that finds the offset of `moment` (an SQL expression) in about log2(n) comparisons.

    Args:
        moment: what is compared; it is repeated in every comparison, so it should be short.
        first: offset before the first boundary, seconds.
        boundaries: where it changes.
        form: strftime form of a boundary as a literal of the type of `moment`.

    >>> from datetime import datetime
    >>> search("t", 0, [(datetime(2025, 1, 1), 3600)])
    "CASE WHEN t < TIMESTAMP '2025-01-01 00:00:00' THEN 0 ELSE 3600 END"
    """
    if not boundaries:
        return "NULL" if first is None else str(first)
    middle = len(boundaries) // 2
    at, offset = boundaries[middle]
    below = search(moment, first, boundaries[:middle], form)
    above = search(moment, offset, boundaries[middle + 1 :], form)
    return f"CASE WHEN {moment} < {at:{form}} THEN {below} ELSE {above} END"


def _offset(info: ZoneInfo, moment: datetime) -> int:
    offset = moment.replace(tzinfo=UTC).astimezone(info).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _bisect(info: ZoneInfo, low: datetime, high: datetime) -> tuple[datetime, int, int]:
    before, after = _offset(info, low), _offset(info, high)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(info, middle) == before else (low, middle)
    return high, before, after
