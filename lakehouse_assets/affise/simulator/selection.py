"""Find the clicks and conversions that a request asks for, in the order in which the API lists them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from lakehouse_assets.affise.simulator import vocabulary
from lakehouse_assets.affise.simulator.clicks import DAY_S, Rows, Traffic
from lakehouse_assets.affise.simulator.conversions import Seeds, joined
from lakehouse_assets.affise.simulator.dice import Bools, Ints, draws
from lakehouse_assets.affise.simulator.lives import STATUSES
from lakehouse_assets.affise.simulator.world import World

CLICK_DAYS = 7
"""Clicks older than this are not served."""
LIFE_DAYS = 62
"""No conversion changes by itself later than this."""


@dataclass(frozen=True)
class Wanted:
    """Say which facts are asked for; empty means all.

    Attributes:
        start: first second of their creation; None for any.
        end: the second before which they are created.
        offers: ids.
        affiliates: ids.
        advertisers: ids.
        countries: codes.
        statuses: names.
        updated: seconds from which up to, and without which, they were changed last.
        visible: ids of the affiliates that the key may see; None for all.
    """

    start: int | None
    end: int
    offers: tuple[int, ...] = ()
    affiliates: tuple[int, ...] = ()
    advertisers: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    updated: tuple[int, int] | None = None
    visible: tuple[int, ...] | None = None


def clicks(world: World, wanted: Wanted, now: datetime) -> Rows:
    """Return the clicks, in no order of time."""
    second = int(now.timestamp())
    rows = all_clicks(world, replace(wanted, start=max(wanted.start or 0, second - CLICK_DAYS * DAY_S)), now)
    return rows.take(np.argsort(draws(world.spec.seed, "order of clicks", rows.hours, rows.indexes), kind="stable"))


def all_clicks(world: World, wanted: Wanted, now: datetime) -> Rows:
    """Return the clicks, however old they are, in the order of time."""
    start = wanted.start or 0
    rows = world.click_draws.between(start, max(start, min(wanted.end, int(now.timestamp()))))
    return rows.take(_fits(world, wanted, world.click_draws.traffic(rows), now)) if _is_filtered(wanted) else rows


def conversions(world: World, wanted: Wanted, now: datetime) -> Seeds:
    """Return the conversions, the newest first."""
    second = int(now.timestamp())
    seeds = _candidates(world, wanted, second)
    if _is_filtered(wanted):
        seeds = seeds.take(_fits(world, wanted, world.conversion_draws.traffic(seeds), now))
    if wanted.statuses or wanted.updated:
        states = world.states(seeds, now)
        keep = np.ones(len(seeds), bool)
        if wanted.statuses:
            keep &= np.isin(states.statuses, [STATUSES.index(name) for name in wanted.statuses])
        if wanted.updated:
            keep &= (states.updated >= wanted.updated[0]) & (states.updated < wanted.updated[1])
        seeds = seeds.take(keep)
    return seeds.take(np.lexsort((seeds.counters, -seeds.created)))


def _candidates(world: World, wanted: Wanted, second: int) -> Seeds:
    """Return the conversions that are created in time; without a first day, all those that may have changed."""
    end = min(wanted.end, second)
    if wanted.start is not None:
        return world.conversion_draws.between(wanted.start, max(wanted.start, end))
    start = end // DAY_S * DAY_S - LIFE_DAYS * DAY_S
    old = [found for name in world.edited() if (found := world.conversion_draws.named(name)) is not None]
    return joined([world.conversion_draws.between(start, end), *(one.take(one.created < start) for one in old)])


def _is_filtered(wanted: Wanted) -> bool:
    asked = (wanted.offers, wanted.affiliates, wanted.advertisers, wanted.countries)
    return any(asked) or wanted.visible is not None


def _fits(world: World, wanted: Wanted, traffic: Traffic, now: datetime) -> Bools:
    """Say of each fact whether it is of an offer, affiliate, advertiser and country that are asked for."""
    offers, affiliates = world.click_draws.offer_ids(traffic), world.click_draws.affiliate_ids(traffic)
    keep = np.ones(len(offers), bool)
    if wanted.offers:
        keep &= np.isin(offers, wanted.offers)
    if wanted.affiliates:
        keep &= np.isin(affiliates, wanted.affiliates)
    if wanted.visible is not None:
        keep &= np.isin(affiliates, wanted.visible)
    if wanted.advertisers:
        theirs = [offer.offer_id for offer in world.all_offers(now) if offer.advertiser_id in wanted.advertisers]
        keep &= np.isin(offers, theirs)
    if wanted.countries:
        keep &= np.isin(traffic.countries, _places(wanted.countries))
    return keep


def _places(codes: tuple[str, ...]) -> Ints:
    known = [code for code, _ in vocabulary.COUNTRIES]
    return np.array([known.index(code) for code in codes if code in known], np.int64)
