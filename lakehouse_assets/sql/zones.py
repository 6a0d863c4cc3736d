"""Write time zones as SQL: the offsets of one zone become arrays with an element for each year.

Engines disagree about repeated and skipped local hours, and carry different zone tables. So the rules come from
Python's zoneinfo (package tzdata) and are written into the SQL as values: the same answer by construction.
A repeated local hour takes the earlier offset, a skipped one has no offset (NULL). Before 1970 and after 2099 the
nearest known offset holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql.words import Words

FIRST, LAST = datetime(1970, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - naive UTC, as all moments in this module
STEP = timedelta(days=2)
"""How far apart two moments are whose offsets are compared: no zone has two changes within six days, in any year."""
OF_RUN = "{source_timezone}"
"""Stands for the zone of a statement that is written before its zone is known: a machine's, of all installations."""
TEXT = "%Y-%m-%d %H:%M:%S"
MOMENT = f"TIMESTAMP '{TEXT}'"

Boundary = tuple[datetime, int | None]
"""Holds a moment (inclusive) and the offset in seconds from then on; None where no such local time exists."""


@cache
def transitions(zone: str) -> tuple[int, tuple[tuple[datetime, int, int], ...]]:
    """Return the first offset, then (UTC moment, offset before, offset after) of each change; offsets in seconds.

    Raises:
        BadRequest: there is no such zone, or it is known only while a machine runs.
    """
    if zone == OF_RUN:
        raise BadRequest(
            message="it reads text as times of the source's zone, which is known only while a machine runs"
        )
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadRequest(message=f"`{zone}` is no time zone; use a name such as Europe/Berlin or UTC") from error
    if zone == "UTC":
        return 0, ()
    first, found, moment = _offset(info, FIRST), [], FIRST
    before = first
    while moment < LAST:  # 24,000 steps, so each looks at one moment only
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


def lookup(w: Words, moment: str, first: int | None, boundaries: Sequence[Boundary]) -> str:
    """Return the expression for the offset, seconds, at a moment.

    One array holds the first boundary of each year, one the second, and so on; others hold the offsets before, between
    and behind them. A CASE over all boundaries instead, be it a binary search, makes statements of 70 kB, on each of
    which Spark's parser spends seven seconds.

    Args:
        w: words of the dialect.
        moment: what is looked up, an expression that is repeated, so it should be short.
        first: offset before the first boundary, seconds.
        boundaries: where it changes, in order.

    >>> from lakehouse_assets.sql.words import WORDS
    >>> lookup(WORDS["duckdb"], "t", 3600, [])
    '3600'
    """
    if not boundaries:
        return _sql(first)
    years = _years(first, boundaries)
    place = f"(year({moment}) - {FIRST.year - 1})"
    most = max(len(year.starts) for year in years)
    branches = [
        f"WHEN {moment} < {FIRST:{MOMENT}} THEN {_sql(first)}",
        f"WHEN {moment} >= {LAST:{MOMENT}} THEN {_sql(boundaries[-1][1])}",
    ]
    for i in range(most):
        starts = [f"{(year.starts[i] if i < len(year.starts) else LAST):{TEXT}}" for year in years]
        start = w.element("TIMESTAMP", starts, place)
        branches.append(f"WHEN {moment} < {start} THEN {_offset_in(w, place, years, i)}")
    return f"CASE {' '.join(branches)} ELSE {_offset_in(w, place, years, most)} END"


@dataclass(frozen=True)
class _Year:
    """Hold the moments of one year where the offset changes, and the offsets before, between and behind them."""

    starts: list[datetime]
    offsets: list[int | None]


def _years(first: int | None, boundaries: Sequence[Boundary]) -> list[_Year]:
    years, offset = list[_Year](), first
    for number in range(FIRST.year, LAST.year):
        inside = [(at, after) for at, after in boundaries if at.year == number]
        years.append(_Year([at for at, _ in inside], [offset, *(after for _, after in inside)]))
        offset = years[-1].offsets[-1]
    return years


def _offset_in(w: Words, place: str, years: Sequence[_Year], number: int) -> str:
    """Return the expression for a year's offset behind so many of its boundaries, or behind its last one."""
    offsets = [_sql(year.offsets[min(number, len(year.starts))]) for year in years]
    return offsets[0] if len(set(offsets)) == 1 else w.element("INTEGER", offsets, place)


def _sql(offset: int | None) -> str:
    return "NULL" if offset is None else str(offset)


def _offset(info: ZoneInfo, moment: datetime) -> int:
    offset = moment.replace(tzinfo=UTC).astimezone(info).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _bisect(info: ZoneInfo, low: datetime, high: datetime) -> tuple[datetime, int, int]:
    before, after = _offset(info, low), _offset(info, high)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(info, middle) == before else (low, middle)
    return high, before, after
