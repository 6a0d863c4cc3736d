"""Write managers, affiliates and advertisers as `admin/partners` and `admin/advertisers` do."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from lakehouse_assets.affise.simulator import vocabulary
from lakehouse_assets.affise.simulator.shapes.writing import ZERO_TIME, Record, Style, variant_of
from lakehouse_assets.affise.simulator.truth import Advertiser, Affiliate, Manager


def manager(style: Style, one: Manager) -> Record:
    """Write a manager, whose names may be empty."""
    return {
        "id": one.manager_id,
        "first_name": one.first_name,
        "last_name": one.last_name,
        "work_hours": "",
        "email": one.email,
        "skype": one.skype,
        "telegram": f"@{one.skype}",
        "api_key": one.api_key,
        "roles": ["ROLE_MANAGER"],
        "updated_at": style.time(one.updated_at),
        "created_at": style.time(one.updated_at),
        "last_login_at": style.time(one.updated_at),
        "type": one.kind,
        "avatar": "",
    }


def _of(style: Style, managers: Mapping[str, Manager], manager_id: str | None) -> Record | None:
    return None if manager_id is None else manager(style, managers[manager_id])


def affiliate(style: Style, one: Affiliate, managers: Mapping[str, Manager], *, with_balance: bool) -> Record:
    """Write an affiliate, which the API calls a partner."""
    shown = {
        "id": one.affiliate_id,
        "created_at": style.time(one.created_at),
        "updated_at": ZERO_TIME if "zero-updated-at" in style.on else style.time(one.updated_at),
        "email": one.email,
        "login": one.login,
        "name": one.name,
        "contactPerson": one.contact,
        "notes": "" if one.affiliate_id % 3 else vocabulary.NOTE,
        "ref_percent": "2.5" if one.affiliate_id % 3 == 0 else None,
        "ref": "0" if one.affiliate_id % 2 else None,
        "manager": _of(style, managers, one.manager_id),
        "status": one.status,
        "level": one.level,
        "payment_systems": [
            {
                "id": 1, "active": 1, "system": "Example Pay", "currency": "USD", "system_id": 4,
                "fields": {"1": f"{vocabulary.CANARY}-wallet-{one.affiliate_id}"},
            }
        ],
        "customFields": _custom_fields(style, one.affiliate_id),
        "balance": {code: _balance(amount) for code, amount in one.balances} if with_balance else {},
        "offersCount": one.affiliate_id % 9,
        "api_key": one.api_key,
        "address_1": one.address,
        "address_2": "",
        "city": "",
        "country": style.code(one.country),
        "zip_code": "",
        "phone": one.phone,
        "sub_accounts": [],
        "tags": None if one.affiliate_id % 2 else ["demo"],
    }  # fmt: skip
    return style.grown(shown)


def _balance(amount: Decimal) -> Record:
    return {"balance": float(amount), "hold": 0, "available": float(amount)}


def _custom_fields(style: Style, affiliate_id: int) -> list[Record]:
    plain: list[Record] = [{"id": 1, "name": "Traffic", "value": "push", "label": "push"}]
    if "custom-fields-forms" not in style.on:
        return plain
    forms: tuple[Record, ...] = (
        {"id": 2, "name": "Sources", "value": ["1", "2"], "label": {"1": "push", "2": "native"}},
        {"id": 3, "name": "Empty", "value": [], "label": ""},
    )
    return [*plain, forms[affiliate_id % 2]]


def advertiser(style: Style, one: Advertiser, managers: Mapping[str, Manager]) -> Record:
    """Write an advertiser; its manager is an id or a name in one key, and an object or null in another."""
    variant = variant_of(one.advertiser_id)
    shown = {
        "id": one.advertiser_id,
        "title": one.title,
        "contact": one.contact,
        "email": one.email,
        "url": "https://advertiser.example.com",
        "skype": one.skype,
        "note": (None, "", vocabulary.NOTE)[variant % 3],
        "address_1": one.address,
        "address_2": None,
        "city": "",
        "country": style.code(one.country),
        "zip_code": "",
        "vat_code": None,
        "manager": _manager_word(style, managers, one.manager_id),
        "manager_obj": _of(style, managers, one.manager_id),
        "allowed_ip": [],
        "disallowed_ip": [],
        "tags": ["demo"] if variant % 2 else [],
        "skad_network_id": [],
        "sub_accounts": {"1": {"value": "", "except": 0}} if variant % 3 else [],
        "hash_password": one.hash_password,
        "offers": "3" if variant % 2 else 3,
        "has_user": False,
        "consider_personal_targeting_only": False,
        "hosts_only": False,
        "hide_conversion_status": False,
        "disabled_choice_postback_status": False,
        "sign_clicks_integration": "no_sign",
        "affiliates_enabled": [],
        "affiliates_disabled": [],
        "created_at": style.time(one.created_at),
        "updated_at": None if "zero-updated-at" in style.on else style.time(one.updated_at),
    }
    return style.grown(shown)


def _manager_word(style: Style, managers: Mapping[str, Manager], manager_id: str | None) -> str:
    if manager_id is None:
        return ""
    one = managers[manager_id]
    return f"{one.first_name} {one.last_name}".strip() if "advertiser-manager-as-name" in style.on else manager_id
