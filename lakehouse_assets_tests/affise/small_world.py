"""A world of a few hand-made facts, which answers what the oracle asks of a simulated one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

Thing = SimpleNamespace
ADA = Thing(manager_id="m1", first_name="Ada", last_name="Example")
MEDIA = Thing(affiliate_id=7, login="media", name="Media House", manager_id="m1")
ACME = Thing(advertiser_id="acme", title="Acme", manager_id=None)
QUEST = Thing(offer_id=1, title="Quest", status="active", privacy="public", advertiser_id="acme")


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def changed(thing: Thing, **fields: Any) -> Thing:
    """The same thing with other values."""
    return Thing(**{**vars(thing), **fields})


def visitor(sub5: str = "push", os: str = "iOS", version: str = "14.0") -> Thing:
    """Somebody in Germany."""
    return Thing(country="DE", os=os, os_version=version, subs=("", "", "", "", sub5, "", "", ""))


def click(name: str, created: str, *, is_unique: bool = True, **fields: Any) -> Thing:
    """A click on the quest."""
    plain = {"offer_id": 1, "affiliate_id": 7, "visitor": visitor()}
    return Thing(click_id=name, created_at=at(created), is_unique=is_unique, **{**plain, **fields})


def version(since: str, status: str, revenue: str = "3", payouts: str = "2", currency: str = "USD") -> Thing:
    """What holds of a conversion from an instant on."""
    sums = {"revenue": Decimal(revenue), "payouts": Decimal(payouts), "earnings": Decimal(revenue) - Decimal(payouts)}
    return Thing(at=at(since), status=status, currency=currency, **sums)


@dataclass(frozen=True)
class Converted:
    """A conversion of the quest."""

    conversion_id: str
    versions: tuple[Thing, ...]
    offer_id: int = 1
    affiliate_id: int = 7
    advertiser_id: str = "acme"
    visitor: Thing = field(default_factory=visitor)

    @property
    def created_at(self) -> datetime:
        """The beginning of its first version."""
        return self.versions[0].at  # type: ignore[no-any-return]

    def at(self, instant: datetime) -> Thing:
        """What holds of it at an instant."""
        return [one for one in self.versions if one.at <= instant][-1]


@dataclass
class SmallWorld:
    """Facts, and the dimensions as they are from instants on."""

    facts: list[Thing] = field(default_factory=list)
    converted: list[Converted] = field(default_factory=list)
    things: dict[str, list[tuple[str, list[Thing]]]] = field(default_factory=dict)
    quotes: list[tuple[str, dict[str, Decimal]]] = field(default_factory=lambda: [("2026-01-01", {"USD": Decimal(1)})])

    def _now(self, kind: str, instant: datetime, default: list[Thing]) -> list[Thing]:
        steps = [("2026-01-01", default), *self.things.get(kind, [])]
        return [things for since, things in steps if at(since) <= instant][-1]

    def managers(self, instant: datetime) -> Mapping[str, Thing]:
        """By id."""
        return {one.manager_id: one for one in self._now("managers", instant, [ADA])}

    def affiliates(self, instant: datetime) -> list[Thing]:
        """As they are."""
        return self._now("affiliates", instant, [MEDIA])

    def advertisers(self, instant: datetime) -> list[Thing]:
        """As they are."""
        return self._now("advertisers", instant, [ACME])

    def offers(self, instant: datetime) -> list[Thing]:
        """As they are."""
        return self._now("offers", instant, [QUEST])

    def rates(self, instant: datetime) -> dict[str, Decimal]:
        """As they are."""
        return [rates for since, rates in self.quotes if at(since) <= instant][-1]

    def clicks(self, start: datetime, end: datetime) -> Iterator[Thing]:
        """Those created in between."""
        return (one for one in self.facts if start <= one.created_at < end)

    def conversions(self, start: datetime, end: datetime) -> Iterator[Converted]:
        """Likewise."""
        return (one for one in self.converted if start <= one.created_at < end)
