"""Make rows of clicks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakehouse_assets.affise.records.values import (
    Record,
    code,
    flag,
    free_text,
    hour_is_open,
    inner,
    local_date,
    minutes,
    moment,
    offset_of,
    text,
)

SUBS = tuple(f"sub{number}" for number in range(1, 9))
EXTS = ("ext1", "ext2", "ext3")


def click(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield the row of one click; its advertiser is no part of it, and is looked up where it is reported."""
    get = record.get
    ahead = offset_of(get("created_at"), get("id"))
    created_at = moment(get("created_at"), ahead)
    offer, landing = get("offer"), inner(record, "landing", "id")
    yield {
        "click_id": text(get("id") or get("click_id")),
        "click_date": local_date(created_at, page.get("zone")),
        "created_at": created_at,
        "utc_offset_minutes": minutes(ahead),
        "offer_id": text(inner(record, "offer", "id") if offer else get("offer_id")),
        "offer_hex": text(inner(record, "offer", "offer_id")),
        "affiliate_id": text(get("partner_id")),
        "country": code(get("country")),
        "region_id": text(get("region_id")),
        "city_id": text(get("city_id")),
        "os": text(get("os")),
        "os_version": text(get("os_version")),
        "device_type": text(get("device_type")),
        "device_brand": text(get("device")),
        "device_model": text(get("device_model")),
        "browser": text(get("browser")),
        "browser_version": text(get("browser_version")),
        "connection_type": text(get("connection_type")),
        "isp_code": text(get("isp_code")),
        **{name: free_text(get(name)) for name in (*SUBS, *EXTS)},
        "ref_id": text(get("ref_id")),
        "is_unique": flag(get("uniq")),
        "has_conversions": flag(get("has_conversions")),
        "conversion_id": text(get("conversion_id")),
        "landing_id": text(landing),
        "ip_hash": text(get("ip")),
        "user_agent": free_text(get("ua")),
        "referrer": free_text(get("referrer")),
        "hour_is_open": hour_is_open(created_at, page),
    }


click.known = frozenset(  # type: ignore[attr-defined] # what a normaliser expects goes with it
    [
        "id", "click_id", "ip", "ua", "country", "country_name", "region_id", "region_name", "city", "city_id",
        "device", "device_type", "device_model", "device_fullname", "os", "os_version", "os_fullname", "os_id",
        "browser", "browser_version", "browser_fullname", "connection_type", "offer", "offer_id", "partner",
        "partner_id", "supplier_manager_id", *SUBS, *EXTS, "landing", "prelanding", "conversion_id", "has_conversions",
        "cbid", "idfa", "ios_idfa", "android_id", "user_id", "unid", "ref_id", "smart_id", "isp", "isp_code", "uniq",
        "created_at", "referrer",
    ]
)  # fmt: skip
