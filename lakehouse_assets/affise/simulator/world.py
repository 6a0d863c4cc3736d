"""Put the simulated tenant together: the truth at any instant, as plain values, without a server.

A world is a function of its spec, and of the edits that tests make while the clock moves. It knows the future too; who
asks says which instant counts. Everything a client is ever sent is made of what stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from lakehouse_assets.affise.simulator import dimensions, histories, rates, vocabulary
from lakehouse_assets.affise.simulator.clicks import DAY_S, HOUR_S, Clicks, Rows, Traffic
from lakehouse_assets.affise.simulator.conversions import Conversions, Seeds
from lakehouse_assets.affise.simulator.dice import Ints, hex_id, tag_of
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.states import States, states
from lakehouse_assets.affise.simulator.timeline import Change, Timeline
from lakehouse_assets.affise.simulator.truth import (
    Advertiser,
    Affiliate,
    Click,
    Conversion,
    Manager,
    Offer,
    Visitor,
)

SHARED_ACTIONS = 40


class World:
    """Hold a simulated tenant.

    Args:
        spec: seed and size.
        cases: what occurs in it; the names of switches of the kind `world`.
    """

    def __init__(self, spec: SimulatorSpec, cases: frozenset[str] = frozenset()) -> None:
        self.spec, self.cases = spec, cases
        self.zone = "Europe/Berlin" if "daylight-saving" in cases else spec.zone
        self._dimensions = dimensions.make(spec, cases)
        self._first_offers = list(self._dimensions.offers.at(datetime.min.replace(tzinfo=UTC)).values())
        self.click_draws = Clicks(spec, cases)
        self.conversion_draws = Conversions(spec, cases, self.click_draws, self._first_offers)
        self._edits: dict[str, list[tuple[datetime, Mapping[str, Any]]]] = {}
        self.revision = 0

    # What there is.

    def managers(self, at: datetime) -> Mapping[str, Manager]:
        """Return the managers at an instant by id."""
        return self._dimensions.managers.at(at)  # type: ignore[return-value] # ids of managers are text

    def affiliates(self, at: datetime) -> list[Affiliate]:
        """Return the affiliates at an instant."""
        return list(self._dimensions.affiliates.at(at).values())

    def advertisers(self, at: datetime) -> list[Advertiser]:
        """Return the advertisers at an instant."""
        return list(self._dimensions.advertisers.at(at).values())

    def offers(self, at: datetime) -> list[Offer]:
        """Return the offers at an instant, without those that were deleted by then."""
        return [offer for offer in self.all_offers(at) if not offer.is_deleted]

    def all_offers(self, at: datetime) -> list[Offer]:
        """Return the offers at an instant, with those that were deleted by then."""
        return list(self._dimensions.offers.at(at).values())

    def rates(self, at: datetime) -> dict[str, Decimal]:
        """Return how much of each currency one US dollar buys at an instant."""
        return rates.rates(self.spec.seed, at)

    def clicks(self, start: datetime, end: datetime) -> Iterator[Click]:
        """Yield the clicks from one instant up to, and without, another, in the order of time."""
        for second in range(int(start.timestamp()), int(end.timestamp()), HOUR_S):
            until = min(second + HOUR_S, int(end.timestamp()))
            yield from self.clicks_of(self.click_draws.between(second, until))

    def conversions(self, start: datetime, end: datetime) -> Iterator[Conversion]:
        """Yield the conversions that are created from one instant up to, and without, another, in no order."""
        for second in range(int(start.timestamp()), int(end.timestamp()), DAY_S):
            until = min(second + DAY_S, int(end.timestamp()))
            yield from self.conversions_of(self.conversion_draws.between(second, until))

    def conversion(self, conversion_id: str) -> Conversion | None:
        """Return one conversion, or None where there is none of this id."""
        found = self.conversion_draws.named(conversion_id)
        return None if found is None else self.conversions_of(found)[0]

    def advertisers_of(self, offers: Ints, seconds: Ints) -> tuple[Ints, list[str]]:
        """Return which advertisers offers had at given seconds, as positions in a list of ids."""
        known = [one.advertiser_id for one in self.advertisers(datetime.max.replace(tzinfo=UTC))]
        first = np.array([known.index(offer.advertiser_id) for offer in self._first_offers], np.int64)
        codes = first[offers - self._first_offers[0].offer_id]
        for change in self._dimensions.offers.changes():
            if "advertiser_id" in change.fields:
                since = (offers == change.key) & (seconds >= int(change.at.timestamp()))
                codes = np.where(since, known.index(change.fields["advertiser_id"]), codes)
        return codes, known

    # What tests do to it.

    def change(self, kind: str, key: int | str, at: datetime, **fields: Any) -> None:  # noqa: ANN401 - of any field
        """Let fields of a dimension have other values from an instant on.

        Args:
            kind: managers, affiliates, advertisers or offers.
            key: id of what changes.
            at: since when.
            **fields: names and values, as in `truth`.

        Raises:
            KeyError: there is no such kind or thing.
            TypeError: it has no such field.
        """
        timelines: dict[str, Timeline[Any]] = vars(self._dimensions)
        timelines[kind].add(Change(at, key, fields))
        self.revision += 1

    def edit(self, conversion_id: str, at: datetime, **fields: Any) -> None:  # noqa: ANN401 - of any field
        """Let a conversion have another status, revenue, payouts, currency or comment from an instant on."""
        self._edits.setdefault(conversion_id, []).append((at, fields))
        self.revision += 1

    def edited(self) -> Iterable[str]:
        """Return the ids of conversions that were edited."""
        return tuple(self._edits)

    def canaries(self) -> tuple[str, ...]:
        """Return what must never be found outside the tenant: parts of every secret and of all personal data."""
        return (vocabulary.CANARY, *vocabulary.IPV4_PREFIXES, vocabulary.IPV6_PREFIX)

    def states(self, seeds: Seeds, now: datetime) -> States:
        """Return what holds of conversions at an instant, as arrays."""
        edited = [found for name in self._edits if (found := self.conversion(name)) is not None]
        return states(self.conversion_draws, seeds, edited, now)

    # Rows as values.

    def clicks_of(self, rows: Rows) -> list[Click]:
        """Return clicks as values, in the order of the rows."""
        draw = self.click_draws
        traffic, seconds = draw.traffic(rows), draw.seconds(rows)
        found, created = self._conversions_of_clicks(rows)
        parts = zip(
            draw.ids(rows, seconds), seconds.tolist(), draw.offer_ids(traffic).tolist(),
            draw.affiliate_ids(traffic).tolist(), draw.visitors(rows, traffic), draw.unique(rows).tolist(),
            found, created.tolist(), strict=True,
        )  # fmt: skip
        return [
            Click(
                click_id=click_id,
                created_at=histories.instant(second),
                offer_id=offer,
                affiliate_id=affiliate,
                visitor=visitor,
                is_unique=unique,
                conversion_id=conversion_id,
                converted_at=histories.instant(converted) if converted else None,
            )
            for click_id, second, offer, affiliate, visitor, unique, conversion_id, converted in parts
        ]

    def _conversions_of_clicks(self, rows: Rows) -> tuple[list[str], Ints]:
        """Return the first conversion of each click, by id and second; an empty id and 0 where it has none."""
        ids, created = np.full(len(rows), "", dtype="<U24"), np.zeros(len(rows), np.int64)
        for day in np.unique(rows.hours // 24):
            seeds = self.conversion_draws.by_click(int(day))
            if not len(seeds):
                continue
            keys, wanted = seeds.clicks().keys, rows.keys
            places = np.searchsorted(keys, wanted)
            hit = (places < len(keys)) & (keys[np.minimum(places, len(keys) - 1)] == wanted)
            converting = seeds.take(places[hit])
            ids[hit], created[hit] = self.conversion_draws.ids(converting), converting.created
        return ids.tolist(), created

    def conversions_of(self, seeds: Seeds) -> list[Conversion]:
        """Return conversions as values with their whole history, in the order of the rows."""
        draw = self.conversion_draws
        traffic = draw.traffic(seeds)
        lives = draw.lives(seeds, traffic)
        past = histories.histories(seeds, lives, draw.money(seeds, traffic, lives))
        advertisers, names = self.advertisers_of(self.click_draws.offer_ids(traffic), seeds.created)
        parts = zip(
            draw.ids(seeds), seeds.created.tolist(), seeds.clicked.tolist(), self._click_ids(seeds),
            self._action_ids(seeds), self._visitors(seeds, traffic), traffic.offers.tolist(),
            self.click_draws.affiliate_ids(traffic).tolist(), [names[place] for place in advertisers.tolist()], past,
            strict=True,
        )  # fmt: skip
        return [self._conversion(*part) for part in parts]

    def _click_ids(self, seeds: Seeds) -> list[str]:
        ids = self.click_draws.ids(seeds.clicks(), seeds.clicked)
        nowhere = tag_of(self.spec.seed, "nowhere")
        orphans = np.flatnonzero(self.conversion_draws.is_orphan(seeds)).tolist()
        for place in orphans:
            ids[place] = hex_id(int(seeds.clicked[place]), nowhere, int(seeds.numbers[place]))
        return ids

    def _action_ids(self, seeds: Seeds) -> list[str]:
        repeated = self.conversion_draws.repeats_action(seeds).tolist()
        return [
            f"order-{n % SHARED_ACTIONS}" if again else ""
            for n, again in zip(seeds.numbers.tolist(), repeated, strict=True)
        ]

    def _visitors(self, seeds: Seeds, traffic: Traffic) -> list[Visitor]:
        visitors = self.click_draws.visitors(seeds.clicks(), traffic)
        for place in np.flatnonzero(self.conversion_draws.renames_system(seeds)).tolist():
            version = visitors[place].os_version.removesuffix(".0")
            visitors[place] = replace(visitors[place], os_version=version)
        return visitors

    def _conversion(  # noqa: PLR0913, PLR0917 - a row of columns
        self, conversion_id: str, created: int, clicked: int, click_id: str, action_id: str, visitor: Visitor,
        offer: int, affiliate: int, advertiser: str, history: histories.History,
    ) -> Conversion:  # fmt: skip
        first = self._first_offers[offer]
        versions = history.versions(first.currency)
        for at, fields in self._edits.get(conversion_id, ()):
            versions = histories.edited(versions, at, fields)
        return Conversion(
            conversion_id=conversion_id,
            action_id=action_id or click_id,
            click_id=click_id,
            click_time=histories.instant(clicked),
            created_at=histories.instant(created),
            offer_id=first.offer_id,
            affiliate_id=affiliate,
            advertiser_id=advertiser,
            goal=history.goal,
            payment_type=first.payment_type,
            reported=histories.money(history.reported),
            visitor=visitor,
            hold_until=histories.instant(history.hold_until) if history.hold_until else None,
            versions=versions,
        )
