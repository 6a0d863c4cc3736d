"""Work out how far the caps of offers are used at an instant.

A cap counts within its period in its own zone. `exact` counts what is named, together; `each` counts every goal,
affiliate or country by itself, so such a cap has one usage for each that has had anything; `all` counts everything.
Conversions and budget count those whose status now is among the cap's statuses; budget is what affiliates get.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from lakehouse_assets.affise.simulator import vocabulary
from lakehouse_assets.affise.simulator.conversions import SECOND_GOAL, UNIT
from lakehouse_assets.affise.simulator.dice import Bools, Ints
from lakehouse_assets.affise.simulator.lives import STATUSES
from lakehouse_assets.affise.simulator.truth import Cap, Offer
from lakehouse_assets.affise.simulator.world import World
from lakehouse_assets.affise.simulator.zones import begin

COUNTRY_CODES = tuple(code for code, _ in vocabulary.COUNTRIES)


@dataclass(frozen=True)
class Usage:
    """Say how much of a cap is used, by the goals, affiliates and countries that are counted together.

    Empty goals, affiliates and countries mean all.
    """

    cap: Cap
    goals: tuple[str, ...]
    affiliates: tuple[int, ...]
    countries: tuple[str, ...]
    used: Decimal


@dataclass(frozen=True)
class _Counted:
    """Facts of one offer within a period, and what each adds to the cap."""

    goals: Ints
    affiliates: Ints
    countries: Ints
    amounts: Ints
    unit: int

    def take(self, which: Bools) -> _Counted:
        return _Counted(
            self.goals[which], self.affiliates[which], self.countries[which], self.amounts[which], self.unit
        )


def usages(world: World, offer: Offer, now: datetime) -> list[Usage]:
    """Return the usages of all caps of an offer at an instant, in the order of its caps."""
    return [usage for cap in offer.caps for usage in _of(world, offer, cap, now)]


def _of(world: World, offer: Offer, cap: Cap, now: datetime) -> list[Usage]:
    counted = _clicks(world, offer, cap, now) if cap.kind == "clicks" else _conversions(world, offer, cap, now)
    goals = [int(key) for key, _ in cap.goals]
    countries = [COUNTRY_CODES.index(code) for code in cap.countries]
    named = ((cap.goal_type, goals, counted.goals), (cap.affiliate_type, list(cap.affiliates), counted.affiliates))
    keep = np.ones(len(counted.amounts), bool)
    for kind, wanted, column in (*named, (cap.country_type, countries, counted.countries)):
        if kind == "exact":
            keep &= np.isin(column, wanted)
    counted = counted.take(keep)
    columns = (counted.goals, counted.affiliates, counted.countries)
    kinds = (cap.goal_type, cap.affiliate_type, cap.country_type)
    apart = [column if kind == "each" else np.zeros_like(column) for kind, column in zip(kinds, columns, strict=True)]
    groups, places = np.unique(np.stack(apart), axis=1, return_inverse=True)
    if not groups.size:
        return [_usage(cap, None, Decimal(0))]
    sums = np.zeros(groups.shape[1], np.int64)
    np.add.at(sums, places.reshape(-1), counted.amounts)
    rows = zip(groups.T.tolist(), sums.tolist(), strict=True)
    return [_usage(cap, group, Decimal(used) / counted.unit) for group, used in rows]


def _usage(cap: Cap, group: list[int] | None, used: Decimal) -> Usage:
    """Return a usage of what counts together; None where a cap that counts each has had nothing at all."""
    goals, affiliates, countries = tuple(key for key, _ in cap.goals), cap.affiliates, cap.countries
    if group is not None:
        goals = (str(group[0]),) if cap.goal_type == "each" else goals
        affiliates = (group[1],) if cap.affiliate_type == "each" else affiliates
        countries = (COUNTRY_CODES[group[2]],) if cap.country_type == "each" else countries
    return Usage(cap, goals, affiliates, countries, used)


def _start(world: World, offer: Offer, cap: Cap, now: datetime) -> int:
    if cap.period == "all":
        return int(datetime.combine(world.spec.start, time(), UTC).timestamp())
    return begin(cap.period, now, ZoneInfo(offer.caps_zone or world.zone))


def _clicks(world: World, offer: Offer, cap: Cap, now: datetime) -> _Counted:
    draw = world.click_draws
    traffic = draw.traffic(draw.between(_start(world, offer, cap, now), int(now.timestamp())))
    keep = draw.offer_ids(traffic) == offer.offer_id
    ones = np.ones(int(keep.sum()), np.int64)
    return _Counted(ones, draw.affiliate_ids(traffic)[keep], traffic.countries[keep], ones, 1)


def _conversions(world: World, offer: Offer, cap: Cap, now: datetime) -> _Counted:
    draw = world.conversion_draws
    seeds = draw.between(_start(world, offer, cap, now), int(now.timestamp()))
    keep = world.click_draws.offer_ids(draw.traffic(seeds)) == offer.offer_id
    seeds = seeds.take(keep)
    states, traffic = world.states(seeds, now), draw.traffic(seeds)
    counts = np.isin(states.statuses, [STATUSES.index(name) for name in offer.caps_status])
    unit = UNIT if cap.kind == "budget" else 1
    amounts = states.payouts if cap.kind == "budget" else np.full(len(seeds), cap.kind == "conversions", np.int64)
    goals = np.where(seeds.numbers >= SECOND_GOAL, 2, 1)
    affiliates = world.click_draws.affiliate_ids(traffic)
    return _Counted(goals, affiliates, traffic.countries, amounts, unit).take(counts)
