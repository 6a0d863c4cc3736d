"""Check times against ids: the first eight hexadecimal digits of an id are the UTC second at which it was made. Pure.

Times in answers have no offset. They follow the `timezone` that was asked, or the account's own; which one is not
documented, and an account may change. So every record is compared, and what is neither is not used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from lakehouse_assets.affise.errors import ZoneOffset

Clock = Literal["utc", "account", "both"]
"""Says whose clock times show; both where nobody can tell, as with an account in UTC, or in winter in London."""

PREFERENCE: tuple[Clock, ...] = ("utc", "account", "both")
"""Ranks clocks: one that tells comes before one that does not."""
TOLERANCE = timedelta(seconds=5)
"""How far a time may be from that of its id: the id is made a moment before or after the record is stamped."""
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as times in records
HEX_ID = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)


def id_time(value: object) -> datetime | None:
    """Return the UTC time in an id, or None for an id of another shape.

    >>> id_time("5f5b1e8a0000000000000000")
    datetime.datetime(2020, 9, 11, 6, 51, 54, tzinfo=datetime.timezone.utc)
    """
    made = naive_id_time(value)
    return None if made is None else made.replace(tzinfo=UTC)


def naive_id_time(value: object) -> datetime | None:
    """Return the UTC time in an id without its zone, as times in records are written; see `id_time`."""
    if not isinstance(value, str) or HEX_ID.fullmatch(value) is None:
        return None
    return EPOCH + timedelta(seconds=int(value[:8], 16))


@dataclass
class Clocks:
    """Compare times with those in ids, record by record.

    Attributes:
        zone: the account's.
        start, end: between which records should have been made; None where that is not what was asked for.
        outside: how many were not.
        utc: how many times are those of UTC.
        account: how many are those of the account's zone.
        both: how many are both.
        neither: how many are neither, by their offset in minutes.
        unknown: how many have no time, or an id without one.
    """

    zone: str
    start: datetime | None = None
    end: datetime | None = None
    outside: int = 0
    utc: int = 0
    account: int = 0
    both: int = 0
    unknown: int = 0
    neither: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._zone = ZoneInfo(self.zone)

    def add(self, records: Iterable[Any]) -> None:
        """Compare these records too."""
        for record in records:
            made = id_time(record.get("id")) if isinstance(record, Mapping) else None
            if made is not None and self.start is not None and self.end is not None:
                self.outside += not self.start <= made < self.end
            told = _naive(record.get("created_at")) if made is not None else None
            if made is None or told is None:
                self.unknown += 1
            else:
                self._add(made, told - made.replace(tzinfo=None))

    def verdict(self, endpoint: str, wanted: str) -> Clock | None:
        """Return whose clock the times show; None where no record has a time and an id that tells.

        Args:
            endpoint: its name, for the error.
            wanted: the slice, for the error.

        Raises:
            ZoneOffset: some show another one, or one half shows UTC and the other half the account's.
        """
        if self.neither:
            minutes, count = self.neither.most_common(1)[0]
            problem = f"{self.neither.total():,} times are off, {count:,} of them by {minutes:+d} minutes from UTC"
            raise ZoneOffset(endpoint=endpoint, slice=wanted, zone=self.zone, problem=problem)
        if self.utc and self.account:
            problem = f"{self.utc:,} times are UTC, and {self.account:,} are not"
            raise ZoneOffset(endpoint=endpoint, slice=wanted, zone=self.zone, problem=problem)
        if self.utc or self.account:
            return "utc" if self.utc else "account"
        return "both" if self.both else None

    def _add(self, made: datetime, offset: timedelta) -> None:
        # The offset is asked at the id's own moment, so the hour that a clock shows twice is no matter.
        is_utc = abs(offset) <= TOLERANCE
        is_account = abs(offset - (made.astimezone(self._zone).utcoffset() or timedelta())) <= TOLERANCE
        if is_utc and is_account:
            self.both += 1
        elif is_utc:
            self.utc += 1
        elif is_account:
            self.account += 1
        else:
            self.neither[round(offset / timedelta(minutes=1))] += 1


def agreed(endpoint: str, zone: str, clocks: Iterable[Clock | None]) -> Clock | None:
    """Return whose clock all slices show; None where none tells.

    Args:
        endpoint: its name, for the error.
        zone: the account's.
        clocks: of slices, see `Clocks.verdict`.

    Raises:
        ZoneOffset: some show UTC and others the account's.
    """
    told = {clock for clock in clocks if clock is not None}
    if {"utc", "account"} <= told:
        raise ZoneOffset(
            endpoint=endpoint, slice="of this run", zone=zone, problem="some slices are UTC, others are not"
        )
    return min(told, key=PREFERENCE.index, default=None)


def _naive(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return in_utc(datetime.fromisoformat(value))
    except ValueError:
        return None


def in_utc(told: datetime) -> datetime:
    """Return a time without its zone, in UTC where it says its offset, and as it is where it says none.

    >>> in_utc(datetime.fromisoformat("2026-03-10T02:00:38+03:00")), in_utc(datetime(2026, 3, 10))
    (datetime.datetime(2026, 3, 9, 23, 0, 38), datetime.datetime(2026, 3, 10, 0, 0))
    """
    return told if told.tzinfo is None else told.astimezone(UTC).replace(tzinfo=None)
