"""Make the offers of a tenant, their caps and landings, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from lakehouse_assets.affise.simulator import vocabulary
from lakehouse_assets.affise.simulator.dice import hex_id, key_of, tag_of
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.timeline import Change
from lakehouse_assets.affise.simulator.truth import Advertiser, Cap, Landing, Offer

FIRST_OFFER = 934
IDLE = 3
"""The last offers have no traffic: they are stopped or suspended from the start."""
PRIVACY = ("public", "public", "protected", "private")
GOALS = (("1", "Install"), ("2", "Purchase"))
STOP_DAYS, DELETE_DAYS, REASSIGN_DAYS = 4, 5, 6
STOPPED, DELETED, REASSIGNED = 1, 2, 3
"""Which offers the cases about stopping, deleting and reassigning happen to."""


def make(spec: SimulatorSpec, cases: frozenset[str], advertisers: Sequence[str], born: datetime) -> list[Offer]:
    """Make the offers; the last ones are idle."""
    return [
        _offer(spec, cases, n, advertisers[n % len(advertisers)], born + timedelta(hours=n)) for n in range(spec.offers)
    ]


def _offer(spec: SimulatorSpec, cases: frozenset[str], n: int, advertiser_id: str, created: datetime) -> Offer:
    title = f"{vocabulary.APPS[n % len(vocabulary.APPS)]} {n}"
    words = vocabulary.AWKWARD_TITLES[n % len(vocabulary.AWKWARD_TITLES)] if "awkward-text" in cases else ""
    codes = vocabulary.CURRENCIES if "mixed-currencies" in cases else vocabulary.CURRENCIES[:1]
    kind, total, payout = _pay(n, loses="negative-earnings" in cases)
    return Offer(
        offer_id=FIRST_OFFER + n,
        offer_hex=hex_id(int(created.timestamp()), tag_of(spec.seed, "offer"), n),
        title=f"{words} {n}" if words else title,
        kpi=f"<p>{words or 'No bots'}</p>",
        status="active" if n < spec.offers - IDLE else ("stopped", "suspended", "stopped")[n % 3],
        privacy=PRIVACY[n % len(PRIVACY)],
        advertiser_id=advertiser_id,
        payment_type=kind,
        total=total,
        payout=payout,
        currency=codes[n % len(codes)],
        countries=tuple(code for code, _ in vocabulary.COUNTRIES[n % 5 : n % 5 + 3]),
        hold_days=(7, 0, 14, 30)[n % 4],
        landings=_landings(n, several="several-landings" in cases),
        caps=_caps(n, doubled="identical-caps" in cases),
        caps_zone=(None, "Europe/Berlin", "America/New_York", "Asia/Kolkata")[n % 4],
        caps_status=(("confirmed",), ("confirmed", "pending"), ("confirmed", "pending", "hold"))[n % 3],
        hash_password=f"{vocabulary.CANARY}-hash-o{key_of(spec.seed, f'offer hash {n}'):016x}",
        created_at=created,
        updated_at=created,
    )


def _pay(n: int, *, loses: bool) -> tuple[str, Decimal, Decimal]:
    """Return how an offer pays, what the advertiser pays and what the affiliate gets."""
    if n % 3 == 0:
        if loses and n % 2 == 0:
            return "percent", Decimal(20), Decimal(60)
        return "percent", Decimal(100), Decimal("33.3333") if n % 4 == 1 else Decimal("12.5")
    total = Decimal(("1.5", "3.0015", "12")[n % 3]) + n % 4
    return "fixed", total, total * 2 if loses and n % 5 == 1 else total - Decimal("0.0285") * (1 + n % 7)


def _landings(n: int, *, several: bool) -> tuple[Landing, ...]:
    first = Landing(1, "Main", f"https://landing.example.com/{n}", "landing")
    if not several:
        return (first,)
    late = Landing(1_767_225_600_000 + n, "Spring", f"https://landing.example.com/{n}/spring", "landing")
    return (first, late, Landing(1_767_225_600 + n, "Between", f"https://landing.example.com/{n}/between", "transit"))


def _caps(n: int, *, doubled: bool) -> tuple[Cap, ...]:
    country, other = vocabulary.COUNTRIES[n % 5][0], vocabulary.COUNTRIES[n % 5 + 1][0]
    affiliates = (601 + n % 8, 602 + n % 8)
    sets: tuple[tuple[Cap, ...], ...] = (
        (),
        (Cap("day", "conversions", Decimal(50)), Cap("month", "budget", Decimal("1500.5"))),
        (
            Cap("day", "clicks", Decimal(400), country_type="exact", countries=(country,)),
            Cap("month", "conversions", Decimal(900), country_type="exact", countries=(country, other)),
        ),
        (Cap("all", "conversions", Decimal(9000), "exact", GOALS[:1], "exact", affiliates),),
        (
            Cap("hour", "conversions", Decimal(5), "each", (), "each", (), "each"),
            Cap("month", "clicks", Decimal(10**5)),
        ),
        (Cap("day", "budget", Decimal(100), affiliate_type="each"), Cap("day", "impressions", Decimal(1000))),
        (Cap("all", "budget", Decimal(10**5), goal_type="each"),),
    )
    caps = sets[n % len(sets)]
    return (*caps, *caps[:1]) if doubled and n % 2 == 0 else caps


def changes(
    spec: SimulatorSpec, cases: frozenset[str], offers: Sequence[Offer], advertisers: Sequence[Advertiser]
) -> Iterator[Change]:
    """Yield what becomes of the offers: one is paused for a while, and what the cases say."""
    first = datetime.combine(spec.start, time(12), UTC)
    yield Change(first + timedelta(days=3), offers[0].offer_id, {"status": "suspended"})
    yield Change(first + timedelta(days=8), offers[0].offer_id, {"status": "active", "title": f"{offers[0].title} II"})
    if "offer-stopped-converting" in cases:
        yield Change(first + timedelta(days=STOP_DAYS), offers[STOPPED].offer_id, {"status": "stopped"})
    if "offer-deleted" in cases:
        yield Change(first + timedelta(days=DELETE_DAYS), offers[DELETED].offer_id, {"is_deleted": True})
    if "advertiser-reassigned" in cases:
        other = advertisers[(REASSIGNED + 1) % len(advertisers)].advertiser_id
        yield Change(first + timedelta(days=REASSIGN_DAYS), offers[REASSIGNED].offer_id, {"advertiser_id": other})
