"""Make the tenant's managers, affiliates, advertisers and offers, and what becomes of them over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from lakehouse_assets.affise.simulator import offers, vocabulary
from lakehouse_assets.affise.simulator.dice import hex_id, key_of, number, tag_of
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.timeline import Change, Timeline
from lakehouse_assets.affise.simulator.truth import Advertiser, Affiliate, Manager, Offer

FIRST_AFFILIATE = 601
BORN = timedelta(days=400)
"""How long before the first traffic the tenant was set up."""
CHANGE_EVERY = timedelta(days=9)
CHANGE_YEARS = 4


@dataclass(frozen=True)
class Dimensions:
    """Everything that facts refer to, through time."""

    managers: Timeline[Manager]
    affiliates: Timeline[Affiliate]
    advertisers: Timeline[Advertiser]
    offers: Timeline[Offer]


def make(spec: SimulatorSpec, cases: frozenset[str]) -> Dimensions:
    """Make the dimensions of a world in which these cases occur."""
    born = datetime.combine(spec.start, time(), UTC) - BORN
    managers = [_manager(spec, n, born) for n in range(spec.managers)]
    affiliates = [_affiliate(spec, cases, n, managers, born) for n in range(spec.affiliates)]
    advertisers = [_advertiser(spec, cases, n, managers, born) for n in range(spec.advertisers)]
    made = offers.make(spec, cases, [one.advertiser_id for one in advertisers], born)
    return Dimensions(
        managers=Timeline({one.manager_id: one for one in managers}),
        affiliates=Timeline({one.affiliate_id: one for one in affiliates}, _moves(spec, affiliates, managers)),
        advertisers=Timeline({one.advertiser_id: one for one in advertisers}, _renamings(spec, advertisers)),
        offers=Timeline({one.offer_id: one for one in made}, offers.changes(spec, cases, made, advertisers)),
    )


def _manager(spec: SimulatorSpec, n: int, born: datetime) -> Manager:
    first = vocabulary.FIRST_NAMES[n % len(vocabulary.FIRST_NAMES)]
    last = vocabulary.LAST_NAMES[n % len(vocabulary.LAST_NAMES)]
    return Manager(
        manager_id=hex_id(int(born.timestamp()) + n, tag_of(spec.seed, "manager"), n),
        first_name=first,
        last_name="" if n % 5 == 4 else last,  # noqa: PLR2004 - one in five has no last name
        kind="affiliate_manager" if n % 2 == 0 else "account_manager",
        email=f"{vocabulary.CANARY}.manager{n}@example.com",
        skype=f"{vocabulary.CANARY}-skype-m{n}",
        api_key=f"{vocabulary.CANARY}-key-m{key_of(spec.seed, f'manager key {n}'):016x}",
        updated_at=born + timedelta(days=n),
    )


def _manager_id(managers: list[Manager], n: int, *, may_lack: bool) -> str | None:
    return None if may_lack and n % 4 == 3 else managers[n % len(managers)].manager_id  # noqa: PLR2004 - one in four


def _affiliate(
    spec: SimulatorSpec, cases: frozenset[str], n: int, managers: list[Manager], born: datetime
) -> Affiliate:
    lacks_login, lacks_name = "login-empty" in cases and n % 3 == 1, "login-empty" in cases and n % 6 == 1
    codes = vocabulary.CURRENCIES if "balance-currencies" in cases else vocabulary.CURRENCIES[:1]
    return Affiliate(
        affiliate_id=FIRST_AFFILIATE + n,
        login="" if lacks_login else f"media-{n}",
        name=None if lacks_name else f"Media House {n}",
        status=("active", "active", "active", "not active", "banned", "on moderation")[n % 6],
        country=vocabulary.COUNTRIES[n % len(vocabulary.COUNTRIES)][0],
        manager_id=_manager_id(managers, n, may_lack="manager-null" in cases),
        level=1 + n % 3,
        email=f"{vocabulary.CANARY}.affiliate{n}@example.com",
        contact=f"{vocabulary.CANARY} contact {n}",
        phone=f"+49 30 23125 {n:03} {vocabulary.CANARY}",
        address=f"{vocabulary.CANARY} street {n}",
        api_key=f"{vocabulary.CANARY}-key-a{key_of(spec.seed, f'affiliate key {n}'):016x}",
        balances=tuple((code, Decimal(number(spec.seed, code, n, 10**6)) / 100) for code in codes[: 1 + n % 3]),
        created_at=born + timedelta(hours=n),
        updated_at=born + timedelta(hours=n),
    )


def _advertiser(
    spec: SimulatorSpec, cases: frozenset[str], n: int, managers: list[Manager], born: datetime
) -> Advertiser:
    created = born + timedelta(minutes=n)
    return Advertiser(
        advertiser_id=hex_id(int(created.timestamp()), tag_of(spec.seed, "advertiser"), n),
        title=f"{vocabulary.COMPANIES[n % len(vocabulary.COMPANIES)]} {n}",
        country=vocabulary.COUNTRIES[n % len(vocabulary.COUNTRIES)][0],
        manager_id=_manager_id(managers, n + 1, may_lack="manager-null" in cases),
        email=f"{vocabulary.CANARY}.advertiser{n}@example.com",
        contact=f"{vocabulary.CANARY} contact v{n}",
        skype=f"{vocabulary.CANARY}-skype-v{n}",
        address=f"{vocabulary.CANARY} road {n}",
        hash_password=f"{vocabulary.CANARY}-hash-v{key_of(spec.seed, f'advertiser hash {n}'):016x}",
        created_at=created,
        updated_at=created,
    )


def _turns(spec: SimulatorSpec, hour: int) -> Iterator[tuple[int, datetime]]:
    """Yield the instants at which something changes by itself, numbered."""
    first = datetime.combine(spec.start, time(hour), UTC)
    for turn in range(1, CHANGE_YEARS * 365 // CHANGE_EVERY.days):
        yield turn, first + turn * CHANGE_EVERY


def _moves(spec: SimulatorSpec, affiliates: list[Affiliate], managers: list[Manager]) -> Iterator[Change]:
    for turn, at in _turns(spec, 13):
        moved = affiliates[turn % len(affiliates)]
        yield Change(at, moved.affiliate_id, {"manager_id": managers[(turn + 2) % len(managers)].manager_id})


def _renamings(spec: SimulatorSpec, advertisers: list[Advertiser]) -> Iterator[Change]:
    for turn, at in _turns(spec, 10):
        named = advertisers[turn % len(advertisers)]
        yield Change(at, named.advertiser_id, {"title": f"{named.title} Group {turn}"})
