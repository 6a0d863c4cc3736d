"""Make rows of conversions, and of the states that they had."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from lakehouse_assets.affise.records import values
from lakehouse_assets.affise.records.clicks import SUBS
from lakehouse_assets.affise.records.values import Record

STATUSES = {"1": "confirmed", "2": "pending", "3": "declined", "4": "not_found", "5": "hold"}
"""Names the states by the numbers that some answers have instead."""
CODES = {name: number for number, name in STATUSES.items()}
CUSTOM = tuple(f"custom_field_{number}" for number in range(1, 8))


def conversion(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield the row of one conversion as it is now; one of the hour that is not over yet waits for the next run."""
    created_at, ahead = _created(record)
    status = status_of(record)
    if is_of_running_hour(created_at, page):
        return
    system, version = values.split_version(record.get("os"))
    browser, _ = values.split_version(record.get("browser"))
    offer = record.get("offer")
    yield {
        "conversion_id": values.text(record.get("id") or record.get("conversion_id")),
        "conversion_date": values.local_date(created_at, page.get("zone")),
        "action_id": values.text(record.get("action_id")),
        "click_id": values.text(record.get("clickid") or record.get("click_id")),
        "click_time": values.moment(record.get("click_time"), ahead),
        "created_at": created_at,
        "updated_at": values.moment(record.get("updated_at") or record.get("updatedAt"), ahead),
        "utc_offset_minutes": values.minutes(ahead),
        "offer_id": values.text(record.get("offer_id") or values.inner(record, "offer", "id")),
        "offer_hex": values.text(values.inner(record, "offer", "offer_id") if offer else None),
        "affiliate_id": values.text(record.get("partner_id") or values.inner(record, "partner", "id")),
        "advertiser_id": values.text(record.get("supplier_id") or values.inner(record, "advertiser", "id")),
        "goal_value": values.text(record.get("goal_value")),
        "goal_title": values.text(record.get("goal")),
        "status": status,
        "status_code": CODES.get(status or ""),
        "payment_status": values.text(record.get("payment_status")),
        "is_paid": values.text(record.get("is_paid")),
        "payment_type": values.text(record.get("payment_type")),
        "currency": values.code(record.get("currency")),
        **money_of(record, status),
        "sum_amount": values.amount(record.get("sum")),
        "decline_reason": values.text(record.get("decline_reason")),
        "comment": values.free_text(record.get("comment")),
        "hold_until": values.moment(record.get("hold_date_expire"), ahead),
        "country": values.code(record.get("country")),
        "city_id": values.text(record.get("city_id")),
        "os": system,
        "os_version": version,
        "device_type": values.text(record.get("device_type") or record.get("device")),
        "browser": browser,
        **{name: values.free_text(record.get(name)) for name in (*SUBS, *CUSTOM)},
        "landing_id": values.text(record.get("landing_id")),
        "ip_hash": values.text(record.get("ip")),
        "user_agent": values.free_text(record.get("ua")),
        "hour_is_open": values.hour_is_open(created_at, page),
    }


def conversion_state(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield what may be decided late of one conversion, with the moment of the run that saw it."""
    created_at, _ = _created(record)
    status = status_of(record)
    if is_of_running_hour(created_at, page):
        return
    yield {
        "conversion_id": values.text(record.get("id") or record.get("conversion_id")),
        "seen_at": page.get("as_of"),
        "conversion_date": values.local_date(created_at, page.get("zone")),
        "status": status,
        **money_of(record, status),
        "currency": values.code(record.get("currency")),
    }


def _created(record: Record) -> tuple[str | None, timedelta]:
    """Return when a conversion was made, UTC, and by how much its times are ahead of that."""
    told = record.get("created_at") or record.get("createdAt")
    ahead = values.offset_of(told, record.get("id"))
    return values.moment(told, ahead), ahead


def is_of_running_hour(created_at: str | None, page: Record) -> bool:
    """Say whether a conversion was found by its change, while its own hour is not over and so not pulled yet."""
    return page.get("endpoint") == "changes" and values.hour_is_open(created_at, page) is not None


def status_of(record: Record) -> str | None:
    """Return a conversion's state by name; what has none is returned as it is, for a rule to see."""
    told = values.text(record.get("status"))
    return STATUSES.get(told, told.lower()) if told else None


def money_of(record: Record, status: str | None) -> dict[str, str | None]:
    """Return a conversion's amounts; those that a declined one lacks are nothing, of others a rule sees that."""
    missing = "0.000000" if status == "declined" else None
    return {name: values.amount(record.get(name)) or missing for name in ("revenue", "payouts", "earnings")}


conversion.known = conversion_state.known = frozenset(  # type: ignore[attr-defined] # goes with the normaliser
    [
        "id", "conversion_id", "action_id", "cbid", "clickid", "click_id", "click_time", "created_at", "createdAt",
        "updated_at", "updatedAt", "offer_id", "offer", "partner_id", "partner", "supplier_id", "advertiser", "goal",
        "goal_value", "status", "comment", "payment_status", "is_paid", "payment_type", "currency", "currency_id",
        "revenue", "payouts", "earnings", "sum", "price", "charge", "earning", "decline_reason", "fraud_risk_level",
        "fraud_type", "hold_date_expire", "ip", "ua", "country", "country_name", "district", "city", "city_id",
        "isp_code", "browser", "os", "device", "device_type", "referrer", *SUBS, *CUSTOM, "landing_id",
        "prelanding_id", "ref_id",
    ]
)  # fmt: skip
