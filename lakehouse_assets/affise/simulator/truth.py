"""Define what is true in a simulated tenant, as plain values without any shape of the HTTP API.

Instants are aware UTC, money is Decimal and exact, text is what was meant: `''` where nothing was. Whoever works out
a right answer reads these; what a client is sent is made of them in `shapes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Manager:
    """A person of the tenant who looks after affiliates or advertisers."""

    manager_id: str
    first_name: str
    last_name: str
    kind: str
    email: str
    skype: str
    api_key: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Affiliate:
    """A partner who sends traffic; `manager_id` is None where nobody looks after it."""

    affiliate_id: int
    login: str
    name: str | None
    status: str
    country: str | None
    manager_id: str | None
    level: int
    email: str
    contact: str
    phone: str
    address: str
    api_key: str
    balances: tuple[tuple[str, Decimal], ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Advertiser:
    """A customer who pays for conversions."""

    advertiser_id: str
    title: str
    country: str | None
    manager_id: str | None
    email: str
    contact: str
    skype: str
    address: str
    hash_password: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Landing:
    """A page that an offer's traffic may be sent to; `kind` is landing or transit."""

    landing_id: int
    title: str
    url: str
    kind: str


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit of an offer; empty goals, affiliates and countries where the type of their choice is `all`."""

    period: str
    kind: str
    value: Decimal
    goal_type: str = "all"
    goals: tuple[tuple[str, str], ...] = ()
    affiliate_type: str = "all"
    affiliates: tuple[int, ...] = ()
    country_type: str = "all"
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What is advertised and what it pays.

    Attributes:
        total: what the advertiser pays for a conversion: an amount, or a percentage of what it reports.
        payout: likewise, what the affiliate gets.
        caps_zone: zone in which caps begin anew; None for the tenant's.
        caps_status: the statuses that count against a cap.
    """

    offer_id: int
    offer_hex: str
    title: str
    kpi: str
    status: str
    privacy: str
    advertiser_id: str
    payment_type: str
    total: Decimal
    payout: Decimal
    currency: str
    countries: tuple[str, ...]
    hold_days: int
    landings: tuple[Landing, ...]
    caps: tuple[Cap, ...]
    caps_zone: str | None
    caps_status: tuple[str, ...]
    hash_password: str
    created_at: datetime
    updated_at: datetime
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever clicked: what a click and its conversions say alike."""

    country: str
    city: str
    os: str
    os_version: str
    device_type: str
    brand: str
    model: str
    browser: str
    browser_version: str
    connection: str
    isp: str
    ip: str
    ua: str
    subs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Click:
    """One click; it has conversions from `converted_at` on, None where it never has."""

    click_id: str
    created_at: datetime
    offer_id: int
    affiliate_id: int
    visitor: Visitor
    is_unique: bool
    conversion_id: str
    converted_at: datetime | None

    def has_converted(self, instant: datetime) -> bool:
        """Say whether it has a conversion at an instant."""
        return self.converted_at is not None and self.converted_at <= instant


@dataclass(frozen=True, slots=True)
class Version:
    """What holds of a conversion from an instant on."""

    at: datetime
    status: str
    revenue: Decimal
    payouts: Decimal
    currency: str
    comment: str = ""
    decline_reason: str = ""

    @property
    def earnings(self) -> Decimal:
        """Return what stays with the tenant."""
        return self.revenue - self.payouts


@dataclass(frozen=True, slots=True)
class Conversion:
    """One conversion with its whole history; `click_id` names no click where that is not known."""

    conversion_id: str
    action_id: str
    click_id: str
    click_time: datetime
    created_at: datetime
    offer_id: int
    affiliate_id: int
    advertiser_id: str
    goal: str
    payment_type: str
    reported: Decimal
    visitor: Visitor
    hold_until: datetime | None
    versions: tuple[Version, ...]

    def at(self, instant: datetime) -> Version:
        """Return what holds of it at an instant, which must not lie before its creation."""
        return next(version for version in reversed(self.versions) if version.at <= instant)
