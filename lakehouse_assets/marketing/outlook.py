"""Say what a run over days of the account would pull, and which clicks the API has forgotten; nobody is asked.

The decision is that of the client (`affise.pull`). What only answers tell, such as that a day is pulled by hour because
it is large, is not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from lakehouse_assets.affise import watermark
from lakehouse_assets.affise.account import Account
from lakehouse_assets.affise.bronze import settled
from lakehouse_assets.affise.endpoints import CHANGES, CLICKS, CONVERSIONS, CUSTOM_TOTALS, Endpoint, click_source
from lakehouse_assets.affise.slices import (
    DAY,
    LATEST_CHANGE_DAYS,
    Slice,
    account_hours,
    change_slices,
    midnight,
    slices,
    still_known,
    utc_days,
)
from lakehouse_assets.core.outlook import Outlook
from lakehouse_assets.core.request import Window
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.objects import ObjectStore

LOST = "forgotten:"
"""Begins the words for hours of clicks that nobody can pull any more."""
SWEPT = f"Conversions of {LATEST_CHANGE_DAYS} days are pulled besides: the weekly sweep is due."


def outlook(
    settings: Settings, store: ObjectStore, zone: str, window: Window, as_of: datetime, *, again: bool = False
) -> Outlook:
    """Return what a run over these days of the account would pull.

    Args:
        settings: of the client.
        store: the lake's.
        zone: the account's.
        window: its days.
        as_of: the clock of the run, with a zone.
        again: whether clicks that are there for good are pulled too.
    """
    clicks, account = click_source(settings.affise.clicks), Account(zone, click_days=settings.affise.click_days)
    pulled: Counter[str] = Counter()
    hours: set[datetime] = set()
    asked: set[datetime] = set()
    for day in _days(store, account, window, as_of, clicks, again=again):
        pulled += Counter({name: len(found) for name, found in day.wanted.items()})
        hours |= {hour.start for hour in _hours(day.known)}
        asked |= {hour.start for hour in _hours(day.wanted[clicks.name])}
    mark = watermark.read(store)
    changed = () if mark is None else change_slices(watermark.changes_since(mark, as_of), as_of)
    found = {name: pulled[name] for name in sorted(pulled)} | {CHANGES.name: len(changed)}
    swept = (SWEPT,) if mark is not None and watermark.is_sweep_due(mark, as_of) else ()
    if clicks is not CLICKS:
        return Outlook(found, notes=swept)
    seen = _Clicks(hours, asked, as_of)
    words = {day: seen.words(day, zone) for day in window.days}
    return Outlook(found, words, (*_notes(words, account.click_days), *swept))


@dataclass(frozen=True)
class _Day:
    """Hold what would be pulled of a UTC day, by endpoint, and the slices of clicks that are there for good."""

    wanted: dict[str, tuple[Slice, ...]]
    known: tuple[Slice, ...]


def _days(
    store: ObjectStore, account: Account, window: Window, tick: datetime, clicks: Endpoint, *, again: bool
) -> Iterator[_Day]:
    since = midnight(window.start, account.zone)
    for day in utc_days(window.start, window.end, account.zone):
        names = settled(store, clicks.name, day) if clicks is CLICKS else frozenset[str]()
        names = still_known(day, names, account.oldest_click(tick)) if again else names
        oldest = max(since, account.oldest_click(tick)) if clicks is CLICKS else since
        whole = (Slice(day),) if Slice(day).start <= tick else ()
        yield _Day(
            {
                CONVERSIONS.name: slices(day, tick, oldest=since),
                clicks.name: slices(day, tick, known=names, oldest=oldest) if clicks is CLICKS else whole,
                CUSTOM_TOTALS.name: whole,
            },
            tuple(one for one in (Slice(day), *Slice(day).hours()) if one.name in names),
        )


@dataclass(frozen=True)
class _Clicks:
    """Hold the hours of clicks that are there, those that would be pulled, and the clock of the run."""

    there: set[datetime]
    asked: set[datetime]
    tick: datetime

    def words(self, day: date, zone: str) -> str:
        """Say what becomes of the clicks of one day of the account."""
        hours = [hour for hour in account_hours(day, zone) if hour < self.tick]
        lost = [hour for hour in hours if hour not in self.there and hour not in self.asked and self._is_over(hour)]
        pulled = [hour for hour in hours if hour in self.asked]
        if not hours:
            return "has not begun"
        said = ["pulled"] if pulled and len(pulled) == len(hours) else [f"{len(pulled)} h pulled"] if pulled else []
        said += [f"{LOST} {len(lost)} h"] if lost else []
        return ", ".join(said) or "there already"

    def _is_over(self, hour: datetime) -> bool:
        """Say whether an hour had ended by the clock of the run: the running one is pulled by a later run."""
        return hour < self.tick.replace(minute=0, second=0, microsecond=0)


def _hours(found: tuple[Slice, ...]) -> Iterator[Slice]:
    for one in found:
        yield from one.hours() if one.hour is None else (one,)


def _notes(words: dict[date, str], click_days: int) -> tuple[str, ...]:
    lost = [day for day, said in words.items() if LOST in said]
    if not lost:
        return ()
    gone = f"Clicks of {', '.join(_spans(lost))} cannot all be pulled"
    return (f"{gone}: the API forgets them after {click_days} days; those that are in silver stay.",)


def _spans(days: list[date]) -> Iterator[str]:
    """Yield days that follow each other as one span.

    >>> list(_spans([date(2026, 3, 8), date(2026, 3, 9), date(2026, 3, 12)]))
    ['2026-03-08 to 2026-03-09', '2026-03-12']
    """
    first = 0
    for place, day in enumerate(days, 1):
        if place == len(days) or days[place] != day + DAY:
            yield f"{day}" if place == first + 1 else f"{days[first]} to {day}"
            first = place
