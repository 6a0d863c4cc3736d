"""Write offers with their payments, landings and caps as `offers` does for an admin's key."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lakehouse_assets.affise.simulator import vocabulary
from lakehouse_assets.affise.simulator.shapes.writing import Record, Style, variant_of
from lakehouse_assets.affise.simulator.truth import Cap, Landing, Offer

COUNTRY_FORMS = ("absent", "null", "text")


def offer(style: Style, one: Offer) -> Record:
    """Write an offer."""
    variant = variant_of(one.offer_hex)
    shown: Record = {
        **_texts(style, one),
        **_numbers(one, variant),
        "payments": [_payment(style, one)],
        "partner_payments": [],
        "landings": [_landing(one, landing) for landing in one.landings],
        "targeting": [],
        "commission_tiers": [],
        "caps_status": list(one.caps_status),
        "caps_timezone": one.caps_zone or "",
    }
    if one.caps or "offer-caps-missing" not in style.on:
        shown["caps"] = [_cap(style, cap, place) for place, cap in enumerate(one.caps)]
    elif one.offer_id % 3:
        shown["caps"] = [] if one.offer_id % 3 == 1 else None
    return style.grown(shown)


def _texts(style: Style, one: Offer) -> Record:
    premoderated = one.privacy == "protected" and "privacy-premoderated" in style.on
    home = f"https://advertiser.example.com/{one.offer_id}"
    return {
        "id": one.offer_id,
        "offer_id": one.offer_hex,
        "advertiser": one.advertiser_id,
        "external_offer_id": "",
        "bundle_id": "",
        "title": one.title,
        "macro_url": None,
        "url": f"{home}?click={{clickid}}",
        "cross_postback_url": "",
        "url_preview": home,
        "preview_url": home,
        "domain_url": "",
        "trafficback_url": "",
        "logo": "",
        "logo_source": None,
        "notes": "" if one.offer_id % 3 else vocabulary.NOTE,
        "description_lang": {"en": "<p>Example</p>"},
        "kpi": {"en": one.kpi},
        "status": one.status,
        "privacy": "premoderated" if premoderated else one.privacy,
        "created_at": style.time(one.created_at),
        "updated_at": style.time(one.updated_at),
        "start_at": style.time(one.created_at),
        "stop_at": "" if one.offer_id % 2 else None,
        "hash_password": one.hash_password,
        "allowed_ip": "",
        "disallowed_ip": "",
        "countries": [style.code(code) for code in one.countries],
    }


def _numbers(one: Offer, variant: int) -> Record:
    """Write flags and numbers, whose types differ from offer to offer."""
    return {
        "is_top": variant % 2,
        "is_cpi": False,
        "required_approval": one.privacy == "protected",
        "hide_payments": False,
        "use_https": True,
        "use_http": False,
        "hold_period": one.hold_days,
        "hold_type": "days",
        "cr": variant % 7 if variant % 2 else 0.5,
        "epc": 0 if variant % 3 else 0.0285,
        "notice_percent_overcap": None if variant % 2 else 80,
        "allow_deeplink": variant % 2 if variant % 3 else bool(variant % 2),
        "hide_referer": 0,
        "reject_not_uniq_ip": False,
        "uniq_ip_only": False,
        "allow_impressions": False,
        "is_redirect_overcap": False,
        "auto_offer_connect": None,
        "strictly_country": 0 if variant % 2 else None,
        "tags": ["demo"] if variant % 2 else [],
        "categories": ["Games"],
        "full_categories": [{"id": one.offer_hex[:12] + "0" * 12, "title": "Games"}],
        "sources": [],
        "smartlink_categories": [],
        "creatives": [],
        "creatives_zip": None,
        "strictly_os": [] if variant % 2 else None,
        "strictly_brands": [],
        "restriction_isp": None,
        "sub_accounts": {"1": {"value": "", "except": False}, "2": {"value": "", "except": False}},
    }


def _payment(style: Style, one: Offer) -> Record:
    return {
        "goal": "1",
        "title": "Install",
        "total": _number(one.total),
        "revenue": _number(one.payout),
        "currency": one.currency.lower(),
        "type": one.payment_type,
        "countries": [style.code(code) for code in one.countries],
        "country_exclude": False,
        "cities": [],
        "devices": [],
        "os": [],
        "with_regions": False,
        "url": None,
    }


def _landing(one: Offer, landing: Landing) -> Record:
    preview = f"https://landing.example.com/{one.offer_id}/preview"
    return {
        "id": landing.landing_id, "title": landing.title, "url": landing.url, "url_preview": preview,
        "type": landing.kind,
    }  # fmt: skip


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _cap(style: Style, cap: Cap, place: int) -> Record:
    goals: Any = dict(cap.goals)
    if not goals and "cap-goals-forms" in style.on and place % 2 == 0:
        goals = []
    shown: Record = {
        "period": cap.period,
        "type": cap.kind,
        "value": float(cap.value) if cap.kind == "budget" else int(cap.value),
        "goal_type": cap.goal_type,
        "goals": goals,
        "affiliate_type": cap.affiliate_type,
        "affiliates": list(cap.affiliates),
        "country_type": cap.country_type,
    }
    if cap.countries:
        countries = [style.code(code) for code in cap.countries]
        shown["country"] = countries[0] if "cap-country-forms" in style.on and len(countries) == 1 else countries
    elif "cap-country-forms" in style.on:
        form = COUNTRY_FORMS[(int(cap.value) + place) % len(COUNTRY_FORMS)]
        shown |= {} if form == "absent" else {"country": None if form == "null" else ""}
    return shown
