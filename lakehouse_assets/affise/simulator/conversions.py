"""Make the conversions of any day from the clicks that lead to them, without the days before.

A conversion is named by the UTC day of its click and its number on it. The clicks that convert are known by arithmetic,
so the conversions that are created on a day are those of the clicks of that day and the eight days before.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from lakehouse_assets.affise.simulator.clicks import DAY_S, Clicks, Rows, Traffic
from lakehouse_assets.affise.simulator.dice import Bools, Ints, below, draws, hex_id, one_in, tag_of
from lakehouse_assets.affise.simulator.lives import Lives, lags, lives
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.truth import Offer

LAG_DAYS = 10
"""No conversion is created more days after its click: the longest lag is eight, and an empty day may come between."""
UNIT = 10**8
"""Money is counted in hundred-millionths, since percentages give eight decimals."""
SECOND_GOAL = 500_000
"""Numbers from here on are the second conversions of their clicks."""
COUNTER_DAYS = 16


@dataclass(frozen=True)
class Seeds:
    """Name conversions, the clicks that they come from, and when they are created."""

    days: Ints
    numbers: Ints
    hours: Ints
    indexes: Ints
    clicked: Ints
    created: Ints

    def __len__(self) -> int:
        return len(self.days)

    def take(self, which: Ints | Bools) -> Seeds:
        """Return some of them, in the order of the positions."""
        return Seeds(*(getattr(self, one.name)[which] for one in fields(self)))

    def clicks(self) -> Rows:
        """Return the clicks that they come from."""
        return Rows(self.hours, self.indexes)

    @property
    def counters(self) -> Ints:
        """Return the last part of their ids, which differs wherever their seconds are the same."""
        return self.numbers * COUNTER_DAYS + self.days % COUNTER_DAYS


def joined(parts: list[Seeds]) -> Seeds:
    """Put several together."""
    if not parts:
        return Seeds(*(np.zeros(0, np.int64) for _ in fields(Seeds)))
    return Seeds(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Seeds)))


@dataclass(frozen=True)
class Money:
    """Amounts of conversions in units of which UNIT are one of the currency; `edited` is the payout after an edit."""

    reported: Ints
    revenue: Ints
    payouts: Ints
    edited: Ints


class Conversions:
    """Draw conversions.

    Args:
        spec: size and seed of the world.
        cases: what occurs in it.
        clicks: what they come from.
        offers: the offers as they began, in order.
    """

    def __init__(self, spec: SimulatorSpec, cases: frozenset[str], clicks: Clicks, offers: list[Offer]) -> None:
        self._spec, self._cases, self._clicks = spec, cases, clicks
        self._tag = tag_of(spec.seed, "conversion")
        self._holds = np.array([offer.hold_days for offer in offers], np.int64)
        self._is_percent = np.array([offer.payment_type == "percent" for offer in offers])
        self._totals = np.array([int(offer.total * UNIT) for offer in offers], np.int64)
        self._payouts = np.array([int(offer.payout * UNIT) for offer in offers], np.int64)
        self.of_clicks = lru_cache(maxsize=32)(self._of_clicks)
        self.created_on = lru_cache(maxsize=80)(self._created_on)
        self.by_click = lru_cache(maxsize=16)(self._by_click)

    def _of_clicks(self, day: int) -> Seeds:
        """Return the conversions that the clicks of a day lead to, in the order of the clicks."""
        count = 0 if self._clicks.is_empty(day) else self._spec.conversions
        numbers = np.arange(count, dtype=np.int64)
        if count:
            step = self._spec.clicks_per_day // count
            offset = below(draws(self._spec.seed, "converts", np.full(count, day), numbers), step)
            chosen = numbers * self._spec.clicks_per_day // count + offset
        else:
            chosen = numbers
        if "several-conversions-per-click" in self._cases:
            again = one_in(6, draws(self._spec.seed, "again", np.full(count, day), numbers))
            numbers, chosen = np.append(numbers, SECOND_GOAL + numbers[again]), np.append(chosen, chosen[again])
        rows, days = self._clicks.of_day(day, chosen), np.full(len(numbers), day, np.int64)
        clicked = self._clicks.seconds(rows) if count else chosen
        created = clicked + lags(self._spec.seed, self._cases, days, numbers)
        if "empty-window" in self._cases:
            empty = np.array([self._clicks.is_empty(int(one)) for one in created // DAY_S], bool)
            created = created + empty * DAY_S
        return Seeds(days, numbers, rows.hours, rows.indexes, clicked, created)

    def _by_click(self, day: int) -> Seeds:
        """Return the conversions that name clicks of a day, in the order of these, the earliest of each first."""
        seeds = self.of_clicks(day)
        seeds = seeds.take(~self.is_orphan(seeds))
        return seeds.take(np.lexsort((seeds.created, seeds.clicks().keys)))

    def _created_on(self, day: int) -> Seeds:
        """Return the conversions that are created on a day, in no order."""
        parts = []
        for click_day in range(day - LAG_DAYS, day + 1):
            seeds = self.of_clicks(click_day)
            parts.append(seeds.take(seeds.created // DAY_S == day))
        return joined(parts)

    def between(self, start: int, end: int) -> Seeds:
        """Return the conversions that are created from one second up to, and without, another."""
        seeds = joined([self.created_on(day) for day in range(start // DAY_S, -(-end // DAY_S))])
        if start % DAY_S == 0 and end % DAY_S == 0:
            return seeds
        return seeds.take((seeds.created >= start) & (seeds.created < end))

    def ids(self, seeds: Seeds) -> list[str]:
        """Return their ids."""
        pairs = zip(seeds.created.tolist(), seeds.counters.tolist(), strict=True)
        return [hex_id(second, self._tag, counter) for second, counter in pairs]

    def named(self, conversion_id: str) -> Seeds | None:
        """Return the conversion of an id, or None."""
        second, counter = int(conversion_id[:8], 16), int(conversion_id[-6:], 16)
        seeds = self.between(second, second + 1)
        found = seeds.take(seeds.counters == counter)
        return found if len(found) and self.ids(found) == [conversion_id] else None

    def traffic(self, seeds: Seeds) -> Traffic:
        """Return what they are filtered and grouped by, which is what their clicks have."""
        return self._clicks.traffic(seeds.clicks())

    def lives(self, seeds: Seeds, traffic: Traffic) -> Lives:
        """Return what becomes of them."""
        holds = self._holds[traffic.offers]
        return lives(self._spec.seed, self._cases, seeds.days, seeds.numbers, seeds.created, holds)

    def money(self, seeds: Seeds, traffic: Traffic, lives: Lives) -> Money:
        """Return what they bring: fixed amounts of the offer, or its percentage of what the advertiser reports."""
        cents = 500 + below(draws(self._spec.seed, "reported", seeds.days, seeds.numbers), 19_500)
        is_percent, totals, payouts = (
            column[traffic.offers] for column in (self._is_percent, self._totals, self._payouts)
        )
        paid = ~lives.is_unpaid
        revenue = np.where(is_percent, cents * totals // 10_000, totals) * paid
        payout = np.where(is_percent, cents * payouts // 10_000, payouts) * paid
        edited = np.where(lives.edited > 0, payout // (UNIT // 1000) * (UNIT // 10_000) * 11, payout)
        return Money(np.where(is_percent, cents * (UNIT // 100), 0), revenue, payout, edited)

    def is_orphan(self, seeds: Seeds) -> Bools:
        """Say of each whether it names a click that is nowhere."""
        if "click-unknown" not in self._cases:
            return np.zeros(len(seeds), bool)
        return one_in(30, draws(self._spec.seed, "orphan", seeds.days, seeds.numbers))

    def repeats_action(self, seeds: Seeds) -> Bools:
        """Say of each whether its advertiser sent an id of its own, which others have too."""
        if "action-id-repeated" not in self._cases:
            return np.zeros(len(seeds), bool)
        return one_in(10, draws(self._spec.seed, "action", seeds.days, seeds.numbers))

    def renames_system(self, seeds: Seeds) -> Bools:
        """Say of each whether it was told another form of its system's version than its click."""
        if "os-forms" not in self._cases:
            return np.zeros(len(seeds), bool)
        return one_in(3, draws(self._spec.seed, "os", seeds.days, seeds.numbers))
