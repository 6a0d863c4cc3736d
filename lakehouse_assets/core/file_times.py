"""Decide what the time of a landed file is worth: another machine may have set it, and its clock is not believed.

A file's time decides which of two versions is newer where rows do not say it themselves. One in the future would win
over every later file until it has come, so it counts as now; the store's own clock is the one that is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lakehouse_assets.core.manifest import FileEntry

FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Bound the moments that a file's time is shown as; a day is left for any zone on either side."""
SKEW = timedelta(minutes=1)
"""Clocks that agree as well as this are not worth a word."""
LISTED = 10
"""Limits the files that a report names; the rest is counted."""


def moment_of(seconds: float) -> datetime:
    """Return a file's time, given in seconds since 1970, as a moment in UTC; one beyond all dates is the nearest.

    >>> moment_of(0).isoformat(), moment_of(1e15).isoformat(), moment_of(-1e15).isoformat()
    ('1970-01-01T00:00:00+00:00', '9999-12-30T00:00:00+00:00', '0001-01-02T00:00:00+00:00')
    """
    try:
        return min(max(datetime.fromtimestamp(seconds, UTC), FIRST), LAST)
    except (ValueError, OverflowError, OSError):
        return FIRST if seconds < 0 else LAST


def believed(entries: Iterable[FileEntry], now: datetime) -> tuple[FileEntry, ...]:
    """Return the files as they count: with their own times, and now where those are in the future."""
    return tuple(entry if entry.modified <= now else replace(entry, modified=now) for entry in entries)


def doubts(entries: Sequence[FileEntry], now: datetime) -> list[str]:
    """Return a sentence for each file whose time is not believed, the first `LISTED` of them, and a count of the rest.

    Args:
        entries: as they were listed.
        now: moment of the listing, UTC.
    """
    found = [(entry, doubt) for entry in entries for doubt in [_doubt(entry, now)] if doubt]
    told = [f"{entry.key} {doubt}" for entry, doubt in found[:LISTED]]
    return [*told, f"and {len(found) - LISTED} files more"] if len(found) > LISTED else told


def _doubt(entry: FileEntry, now: datetime) -> str | None:
    if entry.modified == FIRST:
        return "has a time that is no date; it counts as older than all others"
    if entry.modified == LAST:
        return "has a time that is no date; it counts as changed now"
    if entry.modified > now + SKEW:
        return f"has the time {entry.modified:%Y-%m-%d %H:%M} UTC, which is to come; it counts as changed now"
    return None
