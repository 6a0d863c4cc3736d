"""Make the clicks of any hour, or any of them, without those before.

A click is named by its UTC hour (counted from 1970) and its index within the hour. Everything about it is drawn from
these two numbers, as arrays for many clicks at once; `Click` values are made only of the few that are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

import numpy as np

from lakehouse_assets.affise.simulator import vocabulary
from lakehouse_assets.affise.simulator.dice import Bools, Ints, Words, below, draws, hex_id, one_in, tag_of, weighted
from lakehouse_assets.affise.simulator.dimensions import FIRST_AFFILIATE
from lakehouse_assets.affise.simulator.offers import DELETE_DAYS, DELETED, FIRST_OFFER, IDLE
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.truth import Visitor

HOUR_S, DAY_S, DAY_HOURS = 3600, 86400, 24
NOON_HOURS = 12
ABSENT_AFFILIATE = 990_001
"""An affiliate who is in no list."""
EMPTY_EVERY, EMPTY_DAY = 10, 3
"""Of so many days, this one is empty in a world with empty windows."""
UNIQUE_PERCENT = 88
_SHARES = tuple(accumulate(vocabulary.HOUR_WEIGHTS, initial=0))


@dataclass(frozen=True)
class Rows:
    """Name clicks by their hours and their indexes within them."""

    hours: Ints
    indexes: Ints

    def __len__(self) -> int:
        return len(self.hours)

    @property
    def keys(self) -> Ints:
        """Return one number for each, in the order of hours and indexes."""
        return self.hours << 24 | self.indexes

    def take(self, which: Ints | Bools) -> Rows:
        """Return some of them, in the order of the positions."""
        return Rows(self.hours[which], self.indexes[which])


@dataclass(frozen=True)
class Traffic:
    """What clicks can be filtered and grouped by, as positions in the world's lists."""

    offers: Ints
    affiliates: Ints
    countries: Ints
    systems: Ints
    sources: Ints
    placements: Ints


class Clicks:
    """Draw clicks.

    Args:
        spec: size and seed of the world.
        cases: what occurs in it.
    """

    def __init__(self, spec: SimulatorSpec, cases: frozenset[str]) -> None:
        self._spec, self._cases = spec, cases
        self._first_day = (
            int(datetime(spec.start.year, spec.start.month, spec.start.day, tzinfo=UTC).timestamp()) // DAY_S
        )
        self._tag = tag_of(spec.seed, "click")
        self._deleted_from = (self._first_day + DELETE_DAYS) * DAY_HOURS + NOON_HOURS

    def is_empty(self, day: int) -> bool:
        """Say whether nothing happens on a day, counted from 1970."""
        since = day - self._first_day
        return since < 0 or ("empty-window" in self._cases and since % EMPTY_EVERY == EMPTY_DAY)

    def before(self, day: int, hour: int) -> int:
        """Return how many clicks of a day come before one of its hours; before hour 24 come all of them."""
        return 0 if self.is_empty(day) else self._spec.clicks_per_day * _SHARES[hour] // _SHARES[-1]

    def _hour_rows(self, hour: int) -> Rows:
        day, of_day = divmod(hour, DAY_HOURS)
        count = self.before(day, of_day + 1) - self.before(day, of_day)
        return Rows(np.full(count, hour, np.int64), np.arange(count, dtype=np.int64))

    def of_day(self, day: int, numbers: Ints) -> Rows:
        """Return the clicks of a day by their numbers within it."""
        starts = np.array([self.before(day, hour) for hour in range(DAY_HOURS)], np.int64)
        hours = np.searchsorted(starts, numbers, side="right") - 1
        return Rows(day * DAY_HOURS + hours, numbers - starts[hours])

    def between(self, start: int, end: int) -> Rows:
        """Return the clicks from one second up to, and without, another, in the order of time."""
        parts = [self._hour_rows(hour) for hour in range(start // HOUR_S, -(-end // HOUR_S))]
        if not parts:
            return Rows(np.zeros(0, np.int64), np.zeros(0, np.int64))
        rows = Rows(np.concatenate([one.hours for one in parts]), np.concatenate([one.indexes for one in parts]))
        if start % HOUR_S == 0 and end % HOUR_S == 0:
            return rows
        seconds = self.seconds(rows)
        return rows.take((seconds >= start) & (seconds < end))

    def seconds(self, rows: Rows) -> Ints:
        """Return when they happened; an hour's first click is on its first second, its last one on its last."""
        counts = self._counts(rows.hours)
        step = np.maximum(HOUR_S // counts, 1)
        seconds = rows.indexes * HOUR_S // counts + below(self._words("second", rows), 2**31) % step
        seconds = np.where(rows.indexes == 0, 0, np.where(rows.indexes == counts - 1, HOUR_S - 1, seconds))
        return rows.hours * HOUR_S + seconds

    def _counts(self, hours: Ints) -> Ints:
        """Return how many clicks each hour has; these are hours with clicks."""
        shares = np.array(_SHARES, np.int64) * self._spec.clicks_per_day // _SHARES[-1]
        of_day = hours % DAY_HOURS
        return shares[of_day + 1] - shares[of_day]

    def _words(self, purpose: str, rows: Rows) -> Words:
        return draws(self._spec.seed, f"click {purpose}", rows.hours, rows.indexes)

    def ids(self, rows: Rows, seconds: Ints) -> list[str]:
        """Return their ids; the counter in an id is the index within the hour."""
        return [
            hex_id(second, self._tag, index)
            for second, index in zip(seconds.tolist(), rows.indexes.tolist(), strict=True)
        ]

    def traffic(self, rows: Rows) -> Traffic:
        """Return what they are filtered and grouped by."""
        live = self._spec.offers - IDLE
        offers = below(self._words("offer", rows), live)
        if "offer-deleted" in self._cases:
            offers = np.where((offers == DELETED) & (rows.hours >= self._deleted_from), 0, offers)
        affiliates = below(self._words("affiliate", rows), self._spec.affiliates)
        if "affiliate-absent" in self._cases:
            affiliates = np.where(one_in(40, self._words("absent", rows)), self._spec.affiliates, affiliates)
        sources = below(self._words("source", rows), len(vocabulary.SOURCES))
        if "awkward-subs" in self._cases:
            words = self._words("awkward", rows)
            awkward = len(vocabulary.SOURCES) + below(words >> np.uint64(8), len(vocabulary.AWKWARD_SUBS))
            sources = np.where(one_in(12, words), awkward, sources)
        return Traffic(
            offers=offers,
            affiliates=affiliates,
            countries=weighted(self._words("country", rows), vocabulary.COUNTRY_WEIGHTS),
            systems=weighted(self._words("system", rows), vocabulary.SYSTEM_WEIGHTS),
            sources=sources,
            placements=below(self._words("placement", rows), len(vocabulary.PLACEMENTS)),
        )

    def unique(self, rows: Rows) -> Bools:
        """Say of each whether it is the visitor's first of the day."""
        return below(self._words("unique", rows), 100) < UNIQUE_PERCENT

    def visitors(self, rows: Rows, traffic: Traffic) -> list[Visitor]:
        """Return who clicked."""
        hosts = self._words("host", rows).tolist()
        six = (one_in(9, self._words("ipv6", rows)) if "ipv6" in self._cases else np.zeros(len(rows), bool)).tolist()
        places = zip(
            traffic.countries.tolist(), traffic.systems.tolist(), traffic.sources.tolist(),
            traffic.placements.tolist(), strict=True,
        )  # fmt: skip
        return [
            _visitor(vocabulary.COUNTRIES[country][0], system, _subs(host, source, placement), host, is_six=is_six)
            for host, is_six, (country, system, source, placement) in zip(hosts, six, places, strict=True)
        ]

    def affiliate_ids(self, traffic: Traffic) -> Ints:
        """Return the ids of their affiliates."""
        absent = traffic.affiliates == self._spec.affiliates
        return np.where(absent, ABSENT_AFFILIATE, FIRST_AFFILIATE + traffic.affiliates)

    def offer_ids(self, traffic: Traffic) -> Ints:
        """Return the ids of their offers."""
        return FIRST_OFFER + traffic.offers


_USER_AGENTS = tuple(
    vocabulary.USER_AGENT.format(os=os, version=version, browser=browser, browser_version=browser_version)
    for os, version, *_, browser, browser_version in vocabulary.SYSTEMS
)


def source_text(source: int) -> str:
    """Return what `sub5` is for a position in the list of sources."""
    plain = len(vocabulary.SOURCES)
    return vocabulary.SOURCES[source] if source < plain else vocabulary.AWKWARD_SUBS[source - plain]


def _subs(host: int, source: int, placement: int) -> tuple[str, ...]:
    return ("", f"c{host % 9}", f"{host:016x}", "", source_text(source), vocabulary.PLACEMENTS[placement], "", "")


def _visitor(country: str, system: int, subs: tuple[str, ...], host: int, *, is_six: bool) -> Visitor:
    os, version, device, brand, model, browser, browser_version = vocabulary.SYSTEMS[system]
    if is_six:
        ip = f"{vocabulary.IPV6_PREFIX}:{host & 0xFFFF:x}:{host >> 48:x}"
    else:
        ip = f"{vocabulary.IPV4_PREFIXES[host % 3]}{host // 3 % 254 + 1}"
    return Visitor(
        country=country,
        city=f"Town {host % 5}" if host % 6 else "",
        os=os,
        os_version=version,
        device_type=device,
        brand=brand,
        model=model,
        browser=browser,
        browser_version=browser_version,
        connection="cellular" if host % 3 == 0 else "wi-fi",
        isp=f"isp-{host % 4}" if host % 5 > 1 else "",
        ip=ip,
        ua=_USER_AGENTS[system],
        subs=subs,
    )
