"""Write conversions as `stats/conversions` and `stats/conversionsbyid` do."""

from __future__ import annotations

from lakehouse_assets.affise.simulator import vocabulary
from lakehouse_assets.affise.simulator.rates import BASES
from lakehouse_assets.affise.simulator.shapes.names import Names, affiliate_id, subs
from lakehouse_assets.affise.simulator.shapes.writing import Record, Style, variant_of
from lakehouse_assets.affise.simulator.truth import Conversion, Version, Visitor

NUMBERS = {"confirmed": 1, "pending": 2, "declined": 3, "not_found": 4, "hold": 5, "on_review": 9}
BLANKED = ("sub", "custom", "landing", "prelanding")
"""What is null by id where it is empty in the list; names begin so."""

_BLANK: Record = {
    "goal": "",
    **{f"custom_field_{n}": "" for n in range(1, 8)},
    "landing_id": 0,
    "prelanding_id": 0,
    "ref_id": "",
    "fraud_risk_level": "not_analyzed",
    "fraud_type": [],
}
"""What every conversion says alike."""


def conversion(style: Style, one: Conversion, now: Version, names: Names, *, is_bare: bool) -> Record:
    """Write a conversion as it is now; system and browser are fused with their versions."""
    visitor, variant = one.visitor, variant_of(one.conversion_id)
    style = style.of(variant)
    shown: Record = {
        "id": one.conversion_id,
        "conversion_id": one.conversion_id,
        "action_id": one.action_id,
        "cbid": one.action_id,
        "clickid": one.click_id,
        "offer_id": str(one.offer_id) if "offer-id-text" in style.on else one.offer_id,
        **affiliate_id(style, one.affiliate_id),
        "supplier_id": one.advertiser_id,
        "status": _status(style, now.status, variant),
        "comment": now.comment,
        **_payment_state(now.status),
        **_money(style, one, now, variant),
        "created_at": style.time(one.created_at),
        "click_time": style.time(one.click_time),
        "hold_date_expire": style.time(one.hold_until) if one.hold_until and now.status == "hold" else None,
        **_visitor(style, visitor, variant),
        **subs(style, visitor, variant),
        "goal_value": one.goal,
        "decline_reason": now.decline_reason,
        **_BLANK,
    }
    if "updated-at-missing" not in style.on:
        shown["updated_at"] = style.time(now.at)
    if not is_bare:
        shown["offer"] = names.offer[one.offer_id]
        shown["partner"] = names.affiliate.get(one.affiliate_id, {"id": one.affiliate_id})
        shown["advertiser"] = names.advertiser[one.advertiser_id]
    return style.grown(shown)


def _status(style: Style, status: str, variant: int) -> str | int:
    return NUMBERS[status] if "status-forms" in style.on and variant % 2 else status


def _payment_state(status: str) -> Record:
    is_open = status in {"confirmed", "declined"}
    return {"payment_status": "opened" if is_open else "pending", "is_paid": "1" if is_open else "3"}


def _money(style: Style, one: Conversion, now: Version, variant: int) -> Record:
    shown = {
        "revenue": style.money(now.revenue, variant),
        "payouts": style.money(now.payouts, variant),
        "earnings": style.earnings(now.revenue, now.payouts, variant),
        "sum": style.money(one.reported, variant),
    }
    if now.decline_reason == "payment_not_found" and variant // 2 % 2:
        shown = dict.fromkeys(shown)
    return {**shown, "currency": now.currency, "payment_type": one.payment_type}


def _visitor(style: Style, visitor: Visitor, variant: int) -> Record:
    return {
        "ip": visitor.ip,
        "ua": visitor.ua,
        "country": visitor.country,
        "country_name": vocabulary.COUNTRY_NAMES[visitor.country],
        "district": None,
        "city": style.missing(visitor.city, variant),
        "city_id": variant % 900,
        "isp_code": style.missing(visitor.isp, 2) or "-",
        "browser": f"{visitor.browser} {visitor.browser_version}".strip(),
        "os": _fused(style, visitor),
        "device": visitor.device_type,
        "device_type": visitor.device_type,
        "referrer": "",
    }


def _fused(style: Style, visitor: Visitor) -> str:
    says_unknown = style.on & {"placeholders", "os-forms"}
    parts = (visitor.os, visitor.os_version)
    return " ".join(part or ("Unknown" if says_unknown else "") for part in parts).strip()


def conversion_by_id(style: Style, one: Conversion, now: Version, names: Names) -> Record:
    """Write a conversion as it is read by its id: some keys twice, its status as a number, and null for what is not."""
    shown = conversion(style, one, now, names, is_bare=False)
    blank = {name: None for name, value in shown.items() if not value and name.startswith(BLANKED)}
    return {
        **shown,
        **blank,
        "status": NUMBERS[now.status],
        "createdAt": shown["created_at"],
        "updatedAt": style.time(now.at),
        "currency_id": 1 + sorted(BASES).index(now.currency),
        "price": shown["revenue"],
        "charge": shown["revenue"],
        "earning": shown["earnings"],
        "click_id": one.click_id,
    }
