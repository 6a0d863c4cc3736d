"""Pull a simulated tenant's API the simplest way there is, and add its records up into a Sub5 report.

It shares nothing with the product nor with the oracle: it reads JSON records and undoes the forms that they may have.
It trusts pages, so it is for tenants whose pages do not drift, and it knows no currency but one.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from lakehouse_assets_tests.affise.simulator.api import ADVERTISERS, CLICKS, CONVERSIONS, PARTNERS, Api, Row

STATUSES = {1: "confirmed", 2: "pending", 3: "declined", 4: "not_found", 5: "hold"}
NO_VALUES = {None, "", "Undefined", "Unknown", "-"}
Sums = dict[str, Any]


class PlainClient:
    """Pulls at ticks, keeps what it saw, and adds it up."""

    def __init__(self, api: Api, zone: str) -> None:
        self.api, self.zone = api, ZoneInfo(zone)
        self.clicks: dict[str, Row] = {}
        self.conversions: dict[str, Row] = {}
        self.offers: dict[int, Row] = {}
        self.names: dict[str, dict[Any, str]] = defaultdict(dict)
        self.last: datetime | None = None

    def pull(self) -> None:
        """Pull what a tick pulls, at the tenant's present."""
        now, api = self.api.clock.now, self.api
        closed = now.replace(minute=0, second=0)
        first = datetime.combine(now.astimezone(self.zone).date() - timedelta(days=6), datetime.min.time(), self.zone)
        days = {"date_from": first.astimezone(UTC).date(), "date_to": now.date(), "timezone": "UTC"}
        self.offers.update({row["id"]: row for row in api.offers()})
        self.names["affiliate"].update({row["id"]: _called(row) for row in api.rows(PARTNERS)})
        self.names["advertiser"].update({row["id"]: row["title"] for row in api.rows(ADVERTISERS)})
        self._keep(self.clicks, api.rows(CLICKS, **days), first, closed)
        self._keep(self.conversions, api.rows(CONVERSIONS, **days), first, closed)
        if self.last is not None:
            since = self.last.date() - timedelta(days=1)
            changed = api.rows(CONVERSIONS, update_from_date=since, timezone="UTC")
            self._keep(self.conversions, changed, datetime.min.replace(tzinfo=UTC), closed)
        self.last = now

    def _keep(self, kept: dict[str, Row], rows: list[Row], first: datetime, closed: datetime) -> None:
        for row in rows:
            is_known = "uniq" in row or STATUSES.get(row["status"], row["status"]) in STATUSES.values()
            if first <= _created(row) < closed and is_known:
                kept[row["id"]] = row

    def report(self) -> dict[tuple[Any, ...], Sums]:
        """Counts and sums by day, affiliate, advertiser, offer, country, sub5, sub6, os and its version."""
        groups: dict[tuple[Any, ...], Sums] = defaultdict(lambda: defaultdict(Decimal))
        for row in self.clicks.values():
            offer = row["offer"]["id"]
            advertiser = self.offers[offer]["advertiser"] if offer in self.offers else None
            group = groups[self._key(row, offer, advertiser, _text(row["os"]), _text(row["os_version"]))]
            group["click_count"] += 1
            group["host_count"] += row["uniq"] in {True, "1", "true"}
        for row in self.conversions.values():
            os, _, version = row["os"].rpartition(" ")
            if not version[:1].isdigit() and version != "Unknown":
                os, version = row["os"], ""
            key = self._key(row, int(row["offer_id"]), row["supplier_id"], _text(os), _text(version))
            status = STATUSES.get(row["status"], row["status"])
            groups[key]["earnings"] += _money(row["earnings"])
            groups[key]["payouts"] += _money(row["payouts"])
            groups[key][f"{status}"] += 1
            groups[key][f"{status} revenue"] += _money(row["revenue"])
        return {key: dict(sums) for key, sums in groups.items()}

    def _key(self, row: Row, offer: int, advertiser: str | None, os: str, version: str) -> tuple[Any, ...]:
        day, affiliate = _created(row).astimezone(self.zone).date(), int(row["partner_id"])
        return (day, affiliate, advertiser, offer, row["country"], row["sub5"] or "", row["sub6"] or "", os, version)


def _called(row: Row) -> str:
    return row["login"] or row["name"] or f"affiliate {row['id']}"


def _created(row: Row) -> datetime:
    return datetime.fromtimestamp(int(row["id"][:8], 16), UTC)


def _text(value: str | None) -> str:
    return "" if value is None or value in NO_VALUES else value


def _money(value: Any) -> Decimal:
    exact = Decimal(0) if value is None else Decimal(str(value))
    return exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)
