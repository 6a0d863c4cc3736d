"""Write clicks as `stats/clicks` does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lakehouse_assets.affise.simulator import vocabulary
from lakehouse_assets.affise.simulator.shapes.names import Names, affiliate_id, subs
from lakehouse_assets.affise.simulator.shapes.writing import Record, Style, variant_of
from lakehouse_assets.affise.simulator.truth import Click

UNIQUE_FORMS: tuple[Any, ...] = (True, 1, "1", "true")
NOT_UNIQUE_FORMS: tuple[Any, ...] = (False, 0, "0", "false")
_BLANK = {
    "region_name": "",
    "device_fullname": "",
    "landing": {"id": 0, "url": "undefined", "title": ""},
    "prelanding": {"id": 0, "url": "undefined", "title": ""},
    **dict.fromkeys(("idfa", "os_id", "user_id", "ext1", "ext2", "ext3", "unid", "ref_id", "smart_id"), ""),
    "isp": 0,
}
"""What every click says alike."""
_REFERRER = f"https://ref.example.com/?{vocabulary.CANARY}.ref@example.com"


def click(style: Style, one: Click, names: Names, *, now: datetime, is_bare: bool) -> Record:
    """Write a click; there is no advertiser in it, and no id of the offer but in the nested object."""
    visitor, variant, has_converted = one.visitor, variant_of(one.click_id), one.has_converted(now)
    style = style.of(variant)
    shown: Record = {
        **_BLANK,
        "id": one.click_id,
        "click_id": one.click_id,
        "ip": visitor.ip,
        "ua": visitor.ua,
        "country": visitor.country,
        "country_name": vocabulary.COUNTRY_NAMES[visitor.country],
        "region_id": variant % 90,
        "city": style.missing(visitor.city, variant),
        "city_id": variant % 900,
        "device": visitor.brand,
        "device_type": visitor.device_type,
        "device_model": visitor.model,
        "os": style.missing(visitor.os, variant),
        "os_version": style.missing(visitor.os_version, variant // 3),
        "os_fullname": f"{visitor.os} {visitor.os_version}".strip(),
        "browser": visitor.browser,
        "browser_version": style.missing(visitor.browser_version, variant),
        "browser_fullname": f"{visitor.browser} {visitor.browser_version}".strip(),
        "connection_type": visitor.connection,
        **subs(style, visitor, variant),
        "conversion_id": one.conversion_id if has_converted else "",
        "has_conversions": has_converted,
        "cbid": one.click_id if has_converted else "",
        "isp_code": style.missing(visitor.isp, 2),
        "uniq": _unique(style, variant, is_unique=one.is_unique),
        "created_at": style.time(one.created_at),
        "referrer": _REFERRER if variant % 16 == 0 else "",
        "supplier_manager_id": names.manager_of(one.offer_id),
        **affiliate_id(style, one.affiliate_id),
    }
    if is_bare:
        shown["offer_id"] = one.offer_id
    else:
        shown["offer"] = names.offer[one.offer_id]
        shown["partner"] = names.affiliate.get(one.affiliate_id, {"id": one.affiliate_id})
    return style.grown(shown)


def _unique(style: Style, variant: int, *, is_unique: bool) -> Any:  # noqa: ANN401 - true in four forms
    forms = UNIQUE_FORMS if is_unique else NOT_UNIQUE_FORMS
    return forms[variant % len(forms)] if "uniq-forms" in style.on else is_unique
