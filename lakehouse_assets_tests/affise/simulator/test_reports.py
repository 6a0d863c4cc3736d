"""What the tenant counts by itself equals what its facts add up to, one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lakehouse_assets.affise.simulator.faults import Kind, named
from lakehouse_assets.affise.simulator.truth import Cap, Offer
from lakehouse_assets_tests.affise.simulator.api import Api, Row, serving

CUSTOM, CAPS = "/3.0/stats/custom", "/3.0/stats/caps"
FROM, TO = "2026-03-11", "2026-03-13"
BEGIN, END = datetime(2026, 3, 10, 21, tzinfo=UTC), datetime(2026, 3, 13, 21, tzinfo=UTC)
"""The same three days, which begin at 21:00 UTC in a zone three hours ahead."""


@pytest.fixture(scope="module")
def dirty() -> Iterator[Api]:
    """A tenant in which every case occurs, three hours ahead of UTC."""
    names = [name for name in named(Kind.WORLD) if name != "daylight-saving"]
    with serving(*names, conversions_per_day=300) as api:
        yield api


def custom(api: Api, *slices: str) -> list[Row]:
    """The rows of a breakdown of the three days, in the tenant's zone."""
    return api.rows(CUSTOM, slice=list(slices), **{"filter[date_from]": FROM, "filter[date_to]": TO})


SLICES: dict[str, Callable[[Any], Any]] = {
    "day": lambda fact: f"{(fact.created_at + timedelta(hours=3)).date()}",
    "hour": lambda fact: f"{(fact.created_at + timedelta(hours=3)).hour:02}",
    "country": lambda fact: fact.visitor.country,
    "os": lambda fact: fact.visitor.os,
    "os_version": lambda fact: fact.visitor.os_version,
    "device": lambda fact: fact.visitor.device_type,
    "sub5": lambda fact: fact.visitor.subs[4],
    "sub6": lambda fact: fact.visitor.subs[5],
    "offer": lambda fact: fact.offer_id,
    "affiliate": lambda fact: fact.affiliate_id,
    "goal": lambda fact: getattr(fact, "goal", ""),
}


@pytest.mark.parametrize("name", SLICES)
def test_clicks_and_hosts_add_up_by_every_slice(dirty: Api, name: str) -> None:
    """`raw` counts clicks and `uniq` the unique ones; both are texts."""
    clicks, hosts = Counter[Any](), Counter[Any]()
    for click in dirty.world.clicks(BEGIN, END):
        clicks[SLICES[name](click)] += 1
        hosts[SLICES[name](click)] += click.is_unique
    rows = {_key(row["slice"][name]): row["traffic"] for row in custom(dirty, name)}
    found = {key: (int(traffic["raw"]), int(traffic["uniq"])) for key, traffic in rows.items() if traffic["raw"] != "0"}
    assert found == {key: (clicks[key], hosts[key]) for key in clicks}


def _key(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) else value


@pytest.mark.parametrize("name", SLICES)
def test_money_adds_up_by_every_slice_and_status(dirty: Api, name: str) -> None:
    """`charge` is what advertisers pay, `revenue` what affiliates get, `earning` the rest."""
    sums: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for one in dirty.world.conversions(BEGIN, END):
        now = one.at(dirty.clock.now)
        amounts = (Decimal(1), now.revenue, now.payouts)
        key = (SLICES[name](one), now.status)
        sums[key] = [before + amount for before, amount in zip(sums[key], amounts, strict=True)]
    found = {}
    for row in custom(dirty, name):
        for status, action in dict(row["actions"]).items():
            if status != "total":
                assert action["earning"] == pytest.approx(action["charge"] - action["revenue"])
                found[_key(row["slice"][name]), status] = [action[part] for part in ("count", "charge", "revenue")]
    assert found == {key: [pytest.approx(float(amount)) for amount in amounts] for key, amounts in sums.items()}


def test_slices_together_are_each_others_parts(dirty: Api) -> None:
    """By day and affiliate, the days add up to what the days are alone."""
    days = Counter[str]()
    for row in custom(dirty, "day", "affiliate"):
        days[row["slice"]["day"]] += int(row["traffic"]["raw"])
    assert days == {row["slice"]["day"]: int(row["traffic"]["raw"]) for row in custom(dirty, "day")}
    assert set(days) == {"2026-03-11", "2026-03-12", "2026-03-13"}


def test_an_advertiser_has_what_came_while_the_offer_was_its_own(dirty: Api) -> None:
    """The clicks of a reassigned offer are divided at the instant of the reassignment."""
    found = {row["slice"]["advertiser"]["id"]: int(row["traffic"]["raw"]) for row in custom(dirty, "advertiser")}
    owners = Counter[str]()
    for click in dirty.world.clicks(BEGIN, END):
        offers = dirty.world.all_offers(click.created_at)
        owners[next(offer.advertiser_id for offer in offers if offer.offer_id == click.offer_id)] += 1
    assert found == owners


def test_old_clicks_are_counted_though_they_are_not_served() -> None:
    """The count of a day does not end with the seven days."""
    with serving(days=30) as api:
        rows = api.rows(CUSTOM, slice=["day"], timezone="UTC", **{"filter[date_from]": FROM, "filter[date_to]": FROM})
    assert [row["traffic"]["raw"] for row in rows] == ["1000"]


def begin_of(period: str, api: Api, offer: Offer) -> datetime:
    """Since when a cap counts."""
    if period == "all":
        return datetime(2026, 3, 2, tzinfo=UTC)
    there = api.clock.now.astimezone(ZoneInfo(offer.caps_zone or "Europe/Moscow"))
    blank = {"month": {"day": 1, "hour": 0}, "day": {"hour": 0}, "hour": {}}[period]
    return there.replace(minute=0, second=0, **blank)


def used(api: Api, offer: Offer, cap: Cap) -> dict[tuple[Any, ...], Decimal]:
    """How far a cap is used, worked out from the facts one by one, by what counts by itself."""
    world, begin, now = api.world, begin_of(cap.period, api, offer).astimezone(UTC), api.clock.now
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for fact in world.clicks(begin, now) if cap.kind == "clicks" else world.conversions(begin, now):
        parts = (
            (cap.goal_type, getattr(fact, "goal", "1"), dict(cap.goals)),
            (cap.affiliate_type, fact.affiliate_id, cap.affiliates),
            (cap.country_type, fact.visitor.country, cap.countries),
        )
        version = None if cap.kind == "clicks" else fact.at(now)
        counts = fact.offer_id == offer.offer_id and (version is None or version.status in offer.caps_status)
        if counts and all(kind != "exact" or one in some for kind, one, some in parts):
            amount = {"clicks": 1, "conversions": 1, "impressions": 0, "budget": version.payouts if version else 0}
            sums[tuple(one if kind == "each" else None for kind, one, _ in parts)] += amount[cap.kind]
    return dict(sums)


def test_caps_are_used_as_far_as_the_facts_say(dirty: Api) -> None:
    """Every kind of cap: each period in its zone, each type, `all`, `each` and `exact`."""
    rows = {row["id"]: row["stats"] for row in dirty.rows(CAPS)}
    kinds = set()
    for offer in dirty.world.offers(dirty.clock.now):
        expected = [used(dirty, offer, cap) or {(): Decimal(0)} for cap in offer.caps]
        stats = rows.get(offer.offer_id, [])
        assert sorted(stat["current_value"] for stat in stats) == pytest.approx(
            sorted(float(amount) for sums in expected for amount in sums.values())
        )
        kinds |= {(cap.period, cap.kind) for cap in offer.caps}
    assert {"hour", "day", "month", "all"} == {period for period, _ in kinds}
    assert {"budget", "conversions", "clicks", "impressions"} == {kind for _, kind in kinds}


def test_a_usage_names_what_it_counts(dirty: Api) -> None:
    """A cap for each affiliate has a usage per affiliate; one for certain ones has a single usage that names them."""
    stats = [stat for row in dirty.rows(CAPS) for stat in row["stats"]]
    each = [stat for stat in stats if stat["affiliate_type"] == "each" and stat["timeframe"] == "day"]
    exact = [stat for stat in stats if stat["affiliate_type"] == "exact"]
    assert {len(stat["affiliates"]) for stat in each if stat["current_value"]} == {1}
    assert all(len(stat["affiliates"]) == 2 and stat["goals"] == ["1"] for stat in exact)
