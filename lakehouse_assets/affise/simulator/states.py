"""Work out what holds of many conversions at one instant, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from lakehouse_assets.affise.simulator.conversions import UNIT, Conversions, Seeds
from lakehouse_assets.affise.simulator.dice import Ints
from lakehouse_assets.affise.simulator.lives import STATUSES
from lakehouse_assets.affise.simulator.truth import Conversion


@dataclass(frozen=True)
class States:
    """Hold statuses by position in STATUSES, when they were changed last, and money in units of `UNIT` to one."""

    statuses: Ints
    updated: Ints
    revenue: Ints
    payouts: Ints


def states(draw: Conversions, seeds: Seeds, edited: Iterable[Conversion], now: datetime) -> States:
    """Return what holds of conversions at an instant; those that were edited are looked at one by one."""
    second = int(now.timestamp())
    traffic = draw.traffic(seeds)
    lives = draw.lives(seeds, traffic)
    money = draw.money(seeds, traffic, lives)
    is_edited = (lives.edited > 0) & (lives.edited <= second)
    found = States(
        statuses=np.array(lives.statuses_at(second)),
        updated=np.array(lives.updated_at(second, seeds.created)),
        revenue=money.revenue,
        payouts=np.where(is_edited, money.edited, money.payouts),
    )
    for one in edited:
        created, counter = int(one.conversion_id[:8], 16), int(one.conversion_id[-6:], 16)
        place = (seeds.created == created) & (seeds.counters == counter)
        if created <= second and place.any():
            state = one.at(now)
            found.statuses[place] = STATUSES.index(state.status)
            found.updated[place] = int(state.at.timestamp())
            found.revenue[place] = int(state.revenue * UNIT)
            found.payouts[place] = int(state.payouts * UNIT)
    return found
