"""Make rows of clicks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakehouse_assets.affise.records import values
from lakehouse_assets.affise.records.values import Record

SUBS = tuple(f"sub{number}" for number in range(1, 9))
EXTS = ("ext1", "ext2", "ext3")


def click(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield the row of one click; its advertiser is no part of it, and is looked up where it is reported."""
    ahead = values.offset_of(record.get("created_at"), record.get("id"))
    created_at = values.moment(record.get("created_at"), ahead)
    offer, landing = record.get("offer"), values.inner(record, "landing", "id")
    yield {
        "click_id": values.text(record.get("id") or record.get("click_id")),
        "click_date": values.local_date(created_at, page.get("zone")),
        "created_at": created_at,
        "utc_offset_minutes": values.minutes(ahead),
        "offer_id": values.text(values.inner(record, "offer", "id") if offer else record.get("offer_id")),
        "offer_hex": values.text(values.inner(record, "offer", "offer_id")),
        "affiliate_id": values.text(record.get("partner_id")),
        "country": values.code(record.get("country")),
        "region_id": values.text(record.get("region_id")),
        "city_id": values.text(record.get("city_id")),
        "os": values.text(record.get("os")),
        "os_version": values.text(record.get("os_version")),
        "device_type": values.text(record.get("device_type")),
        "device_brand": values.text(record.get("device")),
        "device_model": values.text(record.get("device_model")),
        "browser": values.text(record.get("browser")),
        "browser_version": values.text(record.get("browser_version")),
        "connection_type": values.text(record.get("connection_type")),
        "isp_code": values.text(record.get("isp_code")),
        **{name: values.free_text(record.get(name)) for name in (*SUBS, *EXTS)},
        "ref_id": values.text(record.get("ref_id")),
        "is_unique": values.flag(record.get("uniq")),
        "has_conversions": values.flag(record.get("has_conversions")),
        "conversion_id": values.text(record.get("conversion_id")),
        "landing_id": values.text(landing),
        "ip_hash": values.text(record.get("ip")),
        "user_agent": values.free_text(record.get("ua")),
        "referrer": values.free_text(record.get("referrer")),
        "hour_is_open": values.hour_is_open(created_at, page),
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
