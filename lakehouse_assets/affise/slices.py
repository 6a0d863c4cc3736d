"""Decide which slices of time are pulled: UTC days and hours that cover an account's days up to a tick. Pure.

A closed day is one slice, the day of the tick its closed hours: the running hour waits for the next tick. Slices are
UTC whatever the zone of the account is, because an hour of UTC is never there twice or not at all; an account's day
of 23 or 25 hours is 23 or 25 of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from lakehouse_assets.affise.endpoints import Endpoint, Params

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HOURS = range(24)
LATEST_CHANGE_DAYS = 62
"""How old a conversion may be that still changes: 60 days on hold, the longest there is, and a day at either end."""

DateTo = Literal["inclusive", "exclusive"]
"""Says whether the day `date_to` belongs to what is answered; the API's documents do not."""


@dataclass(frozen=True, order=True)
class Slice:
    """Name one slice of an endpoint: a UTC day, or one hour of it.

    Attributes:
        day: UTC.
        hour: from 0 to 23; None for the whole day.
        is_open: whether records may still come or go, as in an hour that has not ended.
    """

    day: date
    hour: int | None = None
    is_open: bool = False

    @property
    def name(self) -> str:
        """Return what it is called in keys.

        >>> Slice(date(2026, 11, 26)).name, Slice(date(2026, 11, 26), 7).name
        ('day', 'h07')
        """
        return "day" if self.hour is None else f"h{self.hour:02d}"

    @property
    def start(self) -> datetime:
        """Return when it starts, UTC."""
        return datetime.combine(self.day, time(self.hour or 0), UTC)

    @property
    def end(self) -> datetime:
        """Return when it has ended, UTC."""
        return self.start + (DAY if self.hour is None else HOUR)

    def __str__(self) -> str:
        """Say it to people.

        >>> str(Slice(date(2026, 11, 26), 7))
        '2026-11-26 07:00 UTC'
        """
        return f"{self.day}" if self.hour is None else f"{self.day} {self.hour:02d}:00 UTC"

    def hours(self) -> tuple[Slice, ...]:
        """Return the hours of a day."""
        return tuple(Slice(self.day, hour, self.is_open) for hour in HOURS)


def as_of(tick: datetime) -> datetime:
    """Return up to when facts are pulled by a tick: the end of the last hour that has ended, UTC."""
    return tick.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def utc_days(first: date, last: date, zone: str) -> tuple[date, ...]:
    """Return the UTC days that cover an account's days from `first` to `last`, both included."""
    start, end = midnight(first, zone), midnight(last + DAY, zone) - timedelta(microseconds=1)
    count = (end.date() - start.date()).days + 1
    return tuple(start.date() + DAY * number for number in range(count))


def account_hours(day: date, zone: str) -> Iterator[datetime]:
    """Yield the starts, UTC, of the hours that cover one day of an account: 23 to 25, or one more in an odd zone."""
    at, end = as_of(midnight(day, zone)), midnight(day + DAY, zone)
    while at < end:
        yield at
        at += HOUR


def midnight(day: date, zone: str) -> datetime:
    """Return when a day begins in a zone, UTC; where midnight is left out, when the clock goes on."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def slices(
    day: date,
    tick: datetime,
    *,
    known: Collection[str] = (),
    oldest: datetime | None = None,
    is_large: bool = False,
    intraday: bool = False,
) -> tuple[Slice, ...]:
    """Return the slices of one UTC day that are to be pulled, in the order of time.

    Args:
        day: UTC.
        tick: the moment as of which is pulled.
        known: names of slices that are complete and stay so: they are not pulled again, and a day of which hours are
            known is pulled by its other hours.
        oldest: from when on facts are wanted and the API remembers, UTC; hours that begin before are not asked.
        is_large: the day has more records than one slice should have, so it is pulled by hour.
        intraday: the hour that the tick is in is pulled too, as an open slice.
    """
    whole, end = Slice(day), as_of(tick)
    if whole.name in known or whole.start > tick:
        return ()
    is_closed, is_cut = whole.end <= end, bool(known) or _is_forgotten(whole, oldest)
    if is_closed and not (is_large or is_cut):
        return (whole,)
    due = [hour for hour in whole.hours() if hour.end <= end and hour.name not in known]
    running = [Slice(day, end.hour, is_open=True)] if intraday and not is_closed else []
    return tuple(hour for hour in (*due, *running) if not _is_forgotten(hour, oldest))


def forgotten(
    day: date, *, known: Collection[str], since: datetime | None = None, oldest: datetime | None
) -> tuple[Slice, ...]:
    """Return the hours of a day that are not known and that the API has forgotten, so that nobody will know them.

    Hours before `since` are not missed.
    """
    missing = () if "day" in known else Slice(day).hours()
    wanted = (hour for hour in missing if since is None or hour.start >= since)
    return tuple(hour for hour in wanted if hour.name not in known and _is_forgotten(hour, oldest))


def still_known(day: date, known: Collection[str], oldest: datetime) -> frozenset[str]:
    """Return the names of known slices of a day that the API has forgotten; the others can be pulled again."""
    slices_of_day = (Slice(day), *Slice(day).hours())
    return frozenset(one.name for one in slices_of_day if one.name in known and _is_forgotten(one, oldest))


def _is_forgotten(wanted: Slice, oldest: datetime | None) -> bool:
    return oldest is not None and wanted.start < oldest


def change_slices(since: datetime, tick: datetime) -> tuple[Slice, ...]:
    """Return the slices of what changed since a moment: its UTC days, up to that of the tick.

    All are open: a conversion that changes again leaves the day of its former change, so days of changes never settle.
    """
    first, last = since.astimezone(UTC).date(), tick.astimezone(UTC).date()
    return tuple(Slice(first + DAY * number, is_open=True) for number in range((last - first).days + 1))


def params(endpoint: Endpoint, wanted: Slice, date_to: DateTo) -> Params:
    """Return the parameters that ask for a slice; every request asks for UTC."""
    if endpoint.kind == "list":
        return ()
    until = wanted.day if date_to == "inclusive" else wanted.day + DAY
    zone = ("timezone", "UTC")
    if endpoint.kind == "totals":
        return (("filter[date_from]", str(wanted.day)), ("filter[date_to]", str(until)), zone)
    if endpoint.kind == "changes":
        # By default only conversions of the last week are answered, however late they changed.
        oldest = wanted.day - DAY * LATEST_CHANGE_DAYS
        made = (("date_from", str(oldest)), ("date_to", str(until)))
        return (*made, ("update_from_date", str(wanted.day)), ("update_to_date", str(until)), zone)
    hour = () if wanted.hour is None else (("hour", str(wanted.hour)),)
    return (("date_from", str(wanted.day)), ("date_to", str(until)), *hour, zone)
