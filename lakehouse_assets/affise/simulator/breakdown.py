"""Count clicks and conversions by what a report asks for, as `stats/custom` does.

It counts by itself, from the drawn columns: an answer that a client can hold its own sums against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from lakehouse_assets.affise.simulator import selection, vocabulary
from lakehouse_assets.affise.simulator.clicks import Traffic, source_text
from lakehouse_assets.affise.simulator.conversions import SECOND_GOAL
from lakehouse_assets.affise.simulator.dice import Ints
from lakehouse_assets.affise.simulator.lives import STATUSES
from lakehouse_assets.affise.simulator.refusals import Refused
from lakehouse_assets.affise.simulator.selection import Wanted
from lakehouse_assets.affise.simulator.world import World
from lakehouse_assets.affise.simulator.zones import local

DAY_S, HOUR_S, OS_VERSION = 86400, 3600, 1


@dataclass(frozen=True)
class Facts:
    """Facts of one kind as columns."""

    seconds: Ints
    traffic: Traffic
    goals: Ints
    renamed: Ints


@dataclass
class Sums:
    """What one group counts: clicks, unique ones, and by status: how many, revenue, payouts, those without money."""

    clicks: int = 0
    unique: int = 0
    actions: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)


Group = tuple[Any, ...]
Coded = tuple[Ints, Callable[[int], Any]]
"""A column of numbers, and what each number stands for."""
Column = Callable[[World, Facts, ZoneInfo], Coded]


def breakdown(world: World, slices: Sequence[str], wanted: Wanted, zone: ZoneInfo, now: datetime) -> dict[Group, Sums]:
    """Return the sums of every group that has anything, in the order of the groups.

    Raises:
        Refused: a slice is not known.
    """
    unknown = [name for name in slices if name not in COLUMNS]
    if unknown or not slices:
        raise Refused(400, f"slice is required, and one of {', '.join(COLUMNS)}")
    groups: dict[Group, Sums] = {}
    _add_clicks(world, slices, wanted, zone, now, groups)
    _add_conversions(world, slices, wanted, zone, now, groups)
    return dict(sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))))


def _grouped(columns: Sequence[Coded], count: int) -> tuple[list[Group], Ints]:
    """Return the groups that occur, and for each fact the position of its own."""
    places, names = np.zeros(count, np.int64), [()] if count else list[Group]()
    for codes, text_of in columns:
        values, of_value = np.unique(codes, return_inverse=True)
        pairs, places = np.unique(places * max(1, len(values)) + of_value, return_inverse=True)
        texts = [text_of(value) for value in values.tolist()]
        names = [(*names[pair // len(values)], texts[pair % len(values)]) for pair in pairs.tolist()]
    return names, places


def _add_clicks(
    world: World, slices: Sequence[str], wanted: Wanted, zone: ZoneInfo, now: datetime, groups: dict[Group, Sums]
) -> None:
    draw = world.click_draws
    rows = selection.all_clicks(world, wanted, now)
    none = np.zeros(len(rows), np.int64)
    facts = Facts(draw.seconds(rows) if len(rows) else none, draw.traffic(rows), none, none)
    names, codes = _grouped([COLUMNS[name](world, facts, zone) for name in slices], len(rows))
    clicks = np.bincount(codes, minlength=len(names))
    unique = np.bincount(codes, weights=draw.unique(rows), minlength=len(names))
    for name, every, first in zip(names, clicks.tolist(), unique.tolist(), strict=True):
        sums = groups.setdefault(name, Sums())
        sums.clicks, sums.unique = sums.clicks + every, sums.unique + int(first)


def _add_conversions(
    world: World, slices: Sequence[str], wanted: Wanted, zone: ZoneInfo, now: datetime, groups: dict[Group, Sums]
) -> None:
    draw = world.conversion_draws
    seeds = selection.conversions(world, wanted, now)
    states = world.states(seeds, now)
    goals = np.where(seeds.numbers >= SECOND_GOAL, 2, 1)
    renamed = draw.renames_system(seeds).astype(np.int64)
    facts = Facts(seeds.created, draw.traffic(seeds), goals, renamed)
    names, codes = _grouped([COLUMNS[name](world, facts, zone) for name in slices], len(seeds))
    for status, word in enumerate(STATUSES):
        is_it = states.statuses == status
        theirs, without = codes[is_it], (states.revenue[is_it] == 0) & (states.payouts[is_it] == 0)
        sums = np.zeros((4, len(names)), np.int64)
        for row, amounts in enumerate((np.ones(len(theirs), np.int64), states.revenue[is_it], states.payouts[is_it])):
            np.add.at(sums[row], theirs, amounts)
        np.add.at(sums[3], theirs, without)
        for name, (count, revenue, payouts, free) in zip(names, sums.T.tolist(), strict=True):
            actions = groups.setdefault(name, Sums()).actions
            before = actions.get(word, (0, 0, 0, 0))
            actions[word] = (before[0] + count, before[1] + revenue, before[2] + payouts, before[3] + free)


def _times(form: str, unit: int) -> Column:
    def column(world: World, facts: Facts, zone: ZoneInfo) -> Coded:
        del world
        return local(facts.seconds, zone) // unit, lambda one: datetime.fromtimestamp(one * unit, UTC).strftime(form)

    return column


def _system(place: int) -> Column:
    """Return the column of a part of the visitor's system; conversions may call its version by another name."""

    def column(world: World, facts: Facts, zone: ZoneInfo) -> Coded:
        del world, zone
        return facts.traffic.systems * 2 + facts.renamed, text_of

    def text_of(code: int) -> str:
        text = vocabulary.SYSTEMS[code // 2][place]
        return text.removesuffix(".0") if code % 2 and place == OS_VERSION else text

    return column


def _advertisers(world: World, facts: Facts, zone: ZoneInfo) -> Coded:
    """Return the advertisers that the offers had at the facts' time."""
    del zone
    codes, ids = world.advertisers_of(world.click_draws.offer_ids(facts.traffic), facts.seconds)
    return codes, ids.__getitem__


COLUMNS: dict[str, Column] = {
    "hour": _times("%H", HOUR_S),
    "day": _times("%Y-%m-%d", DAY_S),
    "month": _times("%Y-%m", DAY_S),
    "year": _times("%Y", DAY_S),
    "offer": lambda world, facts, _: (world.click_draws.offer_ids(facts.traffic), int),
    "affiliate": lambda world, facts, _: (world.click_draws.affiliate_ids(facts.traffic), int),
    "advertiser": _advertisers,
    "country": lambda _, facts, __: (facts.traffic.countries, lambda place: vocabulary.COUNTRIES[place][0]),
    "os": _system(0),
    "os_version": _system(OS_VERSION),
    "device": _system(2),
    "goal": lambda _, facts, __: (facts.goals, lambda goal: str(goal) if goal else ""),
    "sub5": lambda _, facts, __: (facts.traffic.sources, source_text),
    "sub6": lambda _, facts, __: (facts.traffic.placements, vocabulary.PLACEMENTS.__getitem__),
}
"""What can be sliced by, each with what gives every fact its value."""
