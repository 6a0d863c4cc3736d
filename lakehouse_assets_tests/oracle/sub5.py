"""The right Sub5 report after every tick, from the truth of a simulated tenant and the instants of the pulls alone.

Written from the report's definition in words. What the words leave open is decided here, each in one place:

- A fact counts from the first tick after its UTC hour has closed, also where it was found by its change.
- Clicks are known when a tick's window D-6..D held them less than seven days after they happened.
- A conversion from before the window is known once it changed since the day before the previous tick's UTC day began,
  or a sweep reached its day. It counts in its state at the latest tick; a state that nobody knows is rejected.
- Names, managers, an offer's state and a click's advertiser are those of the last pull before the end of the row's day,
  else those of the first pull. What is gone from a list keeps the last names it had.
- Amounts are rounded to six decimals, half away from zero, one by one: as they come, and once more when converted.
- The rate of a day is the first one pulled on it; a day without one has that of the last day before, else of the next.
  Between two currencies an amount is multiplied by one rate and divided by the other, exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
SIX = Decimal("0.000001")
WINDOW_DAYS, HORIZON, LIFE = 7, timedelta(days=7), timedelta(days=64)
KNOWN_STATUSES = {"confirmed", "pending", "declined", "hold", "not_found"}
KEY = (
    "datestamp", "affiliate_id", "advertiser_id", "offer_id", "country", "sub5", "sub6", "os", "os_version",
)  # fmt: skip
MONEY = (
    "earnings", "payouts", "approved_revenue", "declined_revenue", "approved_earnings", "approved_payouts",
    "pending_revenue",
)  # fmt: skip
COUNTS = (
    "click_count", "host_count", "approved", "conversions_count", "declined_conversions", "pending_conversions",
)  # fmt: skip


@dataclass(frozen=True)
class Tick:
    """One run's pull: its instant, and how many days back it sweeps conversions beyond the window."""

    at: datetime
    sweep_days: int = 0


@dataclass(frozen=True)
class Account:
    """How the report is read.

    `redacted` is what becomes of a sub value that holds personal data; only the pipeline's key knows.
    """

    zone: str = "UTC"
    currency: str = "USD"
    regions: Mapping[str, str] = field(default_factory=dict)
    redacted: Callable[[str], str] = str

    def day_of(self, instant: datetime) -> date:
        """The account's day of an instant."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def begin(self, day: date) -> datetime:
        """The instant at which a day of the account begins."""
        return midnight(day, self.zone)

    def window_begin(self, at: datetime) -> datetime:
        """The instant at which the first of a tick's seven days begins."""
        return self.begin(self.day_of(at) - timedelta(days=WINDOW_DAYS - 1))


@cache
def midnight(day: date, zone: str) -> datetime:
    """The instant at which a day of a zone begins."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


class UnknownCurrencyError(Exception):
    """Some amount is in a currency for which no rate was ever pulled."""


def ticks(first: date, days: int, zone: str, hours: Iterable[int] = (9, 14)) -> list[Tick]:
    """The ticks of so many days at these hours of a zone."""
    there = ZoneInfo(zone)
    moments = (datetime.combine(first + timedelta(days=n), time(hour), there) for n in range(days) for hour in hours)
    return [Tick(moment.astimezone(UTC)) for moment in moments]


def tables(world: Any, pulls: Sequence[Tick], account: Account) -> Iterator[list[Row]]:
    """The whole table after each pull, sorted by its key."""
    known = Known(world, account)
    for pull in pulls:
        known.pull(pull)
        yield known.table()


class Known:
    """What was ever pulled."""

    def __init__(self, world: Any, account: Account) -> None:
        self.world, self.account = world, account
        self.clicks: dict[str, Any] = {}
        self.conversions: dict[str, tuple[Any, Any]] = {}
        self.history: dict[tuple[str, Any], list[tuple[datetime, Any]]] = defaultdict(list)
        self.rates: dict[date, Mapping[str, Decimal]] = {}
        self.last: datetime | None = None
        self.found: dict[tuple[str, Any, date], Any] = {}

    def pull(self, pull: Tick) -> None:
        """Learn what a tick can see."""
        self.found = {}
        self._learn_names(pull.at)
        self.rates.setdefault(self.account.day_of(pull.at), self.world.rates(pull.at))
        begin, closed = self.account.window_begin(pull.at), pull.at.replace(minute=0, second=0, microsecond=0)
        # Clicks never change: those of earlier pulls need not be looked at again.
        earlier = begin if self.last is None else self.last.replace(minute=0, second=0, microsecond=0)
        for click in self.world.clicks(max(begin, earlier, pull.at - HORIZON), closed):
            self.clicks[click.click_id] = click
        swept = min(begin, self.account.begin(self.account.day_of(pull.at) - timedelta(days=pull.sweep_days)))
        for conversion in self.world.conversions(min(swept, pull.at - LIFE), closed):
            if conversion.created_at >= swept or self._was_changed(conversion, pull.at):
                self._learn_conversion(conversion, pull.at)
        self.last = pull.at

    def _was_changed(self, conversion: Any, at: datetime) -> bool:
        """Whether its last change lies on the previous tick's UTC day, on the day before, or later."""
        if self.last is None:
            return False
        since = datetime.combine(self.last.date() - timedelta(days=1), time(), UTC)
        return bool(conversion.at(at).at >= since)

    def _learn_conversion(self, conversion: Any, at: datetime) -> None:
        version = conversion.at(at)
        if version.status in KNOWN_STATUSES:
            self.conversions[conversion.conversion_id] = (conversion, version)

    def _learn_names(self, at: datetime) -> None:
        found = [("manager", one.manager_id, one) for one in self.world.managers(at).values()]
        found += [("affiliate", one.affiliate_id, one) for one in self.world.affiliates(at)]
        found += [("advertiser", one.advertiser_id, one) for one in self.world.advertisers(at)]
        found += [("offer", one.offer_id, one) for one in self.world.offers(at)]
        for kind, key, one in found:
            versions = self.history[kind, key]
            if not versions or versions[-1][1] != one:
                versions.append((at, one))

    def named(self, kind: str, key: Any, day: date) -> Any:
        """The thing as it was last pulled before the end of a day, else as it was first pulled; None if never."""
        if (kind, key, day) not in self.found:
            versions = self.history.get((kind, key), [])
            end = self.account.begin(day + timedelta(days=1))
            place = bisect_left(versions, end, key=lambda version: version[0])
            self.found[kind, key, day] = versions[max(0, place - 1)][1] if versions else None
        return self.found[kind, key, day]

    def rate(self, day: date) -> Mapping[str, Decimal]:
        """The rates of a day."""
        before = [one for one in self.rates if one <= day]
        return self.rates[max(before) if before else min(self.rates)]

    def table(self) -> list[Row]:
        """Every row there is now."""
        groups: dict[tuple[Any, ...], Row] = {}
        for click in self.clicks.values():
            row = self._row(groups, click, self._advertiser_of(click))
            row["click_count"] += 1
            row["host_count"] += click.is_unique
        for conversion, version in self.conversions.values():
            self._count(self._row(groups, conversion, conversion.advertiser_id), version)
        found = [self._with_names(row) for row in groups.values()]
        return sorted(found, key=lambda row: [str(row[name]) for name in KEY])

    def _advertiser_of(self, click: Any) -> str | None:
        offer = self.named("offer", click.offer_id, self.account.day_of(click.created_at))
        return None if offer is None else offer.advertiser_id

    def _row(self, groups: dict[tuple[Any, ...], Row], fact: Any, advertiser_id: str | None) -> Row:
        """The row that a fact belongs to."""
        visitor, day = fact.visitor, self.account.day_of(fact.created_at)
        sub5, sub6 = (self.account.redacted(visitor.subs[place]) for place in (4, 5))
        key = (
            day, fact.affiliate_id, advertiser_id, fact.offer_id, visitor.country, sub5, sub6, visitor.os,
            visitor.os_version,
        )  # fmt: skip
        if key not in groups:
            blank = {**dict.fromkeys(COUNTS, 0), **dict.fromkeys(MONEY, Decimal(0))}
            groups[key] = {**dict(zip(KEY, key, strict=True)), **blank}
        return groups[key]

    def _count(self, row: Row, version: Any) -> None:
        """Add one conversion to its row."""
        revenue, payouts, earnings = (
            self.exchanged(rounded(amount), version.currency, row["datestamp"])
            for amount in (version.revenue, version.payouts, version.earnings)
        )
        row["earnings"] += earnings
        row["payouts"] += payouts
        if version.status == "confirmed":
            row["approved"] += 1
            row["conversions_count"] += 1
            row["approved_revenue"] += revenue
            row["approved_earnings"] += earnings
            row["approved_payouts"] += payouts
        elif version.status == "declined":
            row["declined_conversions"] += 1
            row["declined_revenue"] += revenue
        elif version.status in {"pending", "hold"}:
            row["pending_conversions"] += 1
            row["pending_revenue"] += revenue

    def exchanged(self, amount: Decimal, currency: str, day: date) -> Decimal:
        """An amount of a day in the reporting currency."""
        if currency == self.account.currency:
            return amount
        rates = self.rate(day)
        if currency not in rates or self.account.currency not in rates:
            raise UnknownCurrencyError(currency)
        with localcontext(prec=60):
            return rounded(amount * rates[self.account.currency] / rates[currency])

    def _with_names(self, row: Row) -> Row:
        day = row["datestamp"]
        affiliate = self.named("affiliate", row["affiliate_id"], day)
        advertiser = self.named("advertiser", row["advertiser_id"], day)
        offer = self.named("offer", row["offer_id"], day)
        return row | {
            "affiliate_name": None if affiliate is None else affiliate_name(affiliate),
            "affiliate_manager": self.manager(affiliate, day),
            "advertiser_name": None if advertiser is None else advertiser.title,
            "account_manager": self.manager(advertiser, day),
            "offer_title": None if offer is None else offer.title,
            "offer_status": None if offer is None else offer.status,
            "offer_privacy": None if offer is None else offer.privacy,
            "region": self.account.regions.get(row["country"]),
            "currency": self.account.currency,
        }

    def manager(self, one: Any, day: date) -> str | None:
        """Who looked after an affiliate or advertiser at the end of a day."""
        manager = None if one is None else self.named("manager", one.manager_id, day)
        return None if manager is None else manager_name(manager.first_name, manager.last_name)


def affiliate_name(affiliate: Any) -> str:
    """The login; when blank the name; when blank too, the id in words."""
    given = (text for text in (affiliate.login, affiliate.name) if text and text.strip())
    return next(given, f"affiliate {affiliate.affiliate_id}")


def manager_name(first: str, last: str) -> str | None:
    """First and last name, of which either may be missing."""
    return " ".join(part for part in (first, last) if part) or None


def rounded(amount: Decimal) -> Decimal:
    """Six decimals, half away from zero."""
    return amount.quantize(SIX, ROUND_HALF_UP)
