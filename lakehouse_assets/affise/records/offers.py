"""Make rows of offers, and of what an offer consists of: payments, landings, caps and whom these count."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from lakehouse_assets.affise.records import known, values
from lakehouse_assets.affise.records.cap_periods import bounds
from lakehouse_assets.affise.records.values import Record

PRIVACY = {"premoderated": "protected", "0": "public", "1": "protected", "2": "private"}
"""Spells the privacies that answers have by the word that the report has."""
UNDECLINED = ("confirmed", "hold", "pending")
"""Names the states that caps of an offer count that does not say which."""
CAP_IDENTITY = ("period", "type", "goal_type", "affiliate_type", "country_type")


def offer(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield the row of one offer as it is now."""
    yield {
        **_named(record),
        "offer_hex": values.text(record.get("offer_id")),
        "external_offer_id": values.text(record.get("external_offer_id")),
        "bundle_id": values.text(record.get("bundle_id")),
        "is_top": values.flag(record.get("is_top")),
        "is_cpi": values.flag(record.get("is_cpi")),
        "hold_period": values.text(record.get("hold_period")),
        "hold_type": values.text(record.get("hold_type")),
        "url": values.free_text(record.get("url")),
        "preview_url": values.free_text(record.get("preview_url") or record.get("url_preview")),
        "categories": values.listed(record.get("categories")),
        "tags": values.listed(record.get("tags")),
        "countries": values.listed([values.code(one) for one in values.listing(record.get("countries"))]),
        "caps_timezone": values.text(record.get("caps_timezone")),
        "caps_status": values.listed(record.get("caps_status")),
        "kpi_en": values.free_text(values.inner(record, "kpi", "en")),
        "created_at": values.time_text(record.get("created_at")),
        "updated_at": values.time_text(record.get("updated_at")),
        "start_at": values.time_text(record.get("start_at")),
        "stop_at": values.time_text(record.get("stop_at")),
        "is_deleted": values.flag(record.get("is_deleted", False)),
        "pulled_at": page.get("as_of"),
    }


offer.known = known.OFFER  # type: ignore[attr-defined] # what a normaliser expects goes with it


def offer_version(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield what the report shows of an offer, with the moment of the pull; one that is gone keeps its last version."""
    if not record.get("is_deleted"):
        yield {**_named(record), "valid_from": page.get("as_of")}


def _named(record: Record) -> dict[str, Any]:
    privacy = values.text(record.get("privacy"))
    status = values.text(record.get("status"))
    return {
        "offer_id": values.text(record.get("id")),
        "title": values.free_text(record.get("title")),
        "status": status.lower() if status else None,
        "privacy": PRIVACY.get(privacy.lower(), privacy.lower()) if privacy else None,
        "advertiser_id": values.text(record.get("advertiser")),
    }


def payments(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield a row per payment, those of single affiliates too, as they were on the day of the pull."""
    if record.get("is_deleted"):
        return
    for kind, name in (("general", "payments"), ("personal", "partner_payments")):
        for ordinal, one in enumerate(_objects(record.get(name)), 1):
            yield {
                **_snapshot(record, page),
                "kind": kind,
                "ordinal": ordinal,
                "goal": values.text(one.get("goal")),
                "title": values.free_text(one.get("title")),
                "total": values.amount(one.get("total")),
                "payout": values.amount(one.get("revenue")),
                "currency": values.code(one.get("currency")),
                "type": values.text(one.get("type")),
                "countries": values.listed([values.code(code) for code in values.listing(one.get("countries"))]),
                "country_exclude": values.flag(one.get("country_exclude")),
                "devices": values.listed(one.get("devices")),
                "os": values.listed(one.get("os")),
                "affiliates": values.listed(one.get("partners")),
                "pulled_at": page.get("as_of"),
            }


def landings(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield a row per landing page."""
    if record.get("is_deleted"):
        return
    for one in _objects(record.get("landings")):
        yield {
            "offer_id": values.text(record.get("id")),
            "landing_id": values.text(one.get("id")),
            "title": values.free_text(one.get("title")),
            "url": values.free_text(one.get("url")),
            "url_preview": values.free_text(one.get("url_preview")),
            "type": values.text(one.get("type")),
            "pulled_at": page.get("as_of"),
        }


def caps(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield a row per cap, with the period that it is in; two that are alike are told apart by their ordinal."""
    zone = values.text(record.get("caps_timezone")) or page.get("zone")
    for key, ordinal, one in _caps(record):
        start, end = bounds(values.text(one.get("period")), page.get("as_of"), zone)
        yield {
            **_snapshot(record, page),
            "cap_key": key,
            "ordinal": ordinal,
            **{name: values.text(one.get(name)) for name in CAP_IDENTITY},
            "value": values.amount(one.get("value")),
            "sub_number": values.text(one.get("sub_number")),
            "sub_values": values.listed(one.get("sub_value")),
            "counts_from": start,
            "counts_until": end,
            "counted_statuses": counted_statuses(record),
            "pulled_at": page.get("as_of"),
        }


def counted_statuses(record: Record) -> str:
    """Return the states of conversions that an offer's caps count, with commas between them.

    >>> counted_statuses({"caps_status": ["pending", "Confirmed"]}), counted_statuses({"caps_status": None})
    ('confirmed,pending', 'confirmed,hold,pending')
    """
    told = [str(one).strip().lower() for one in values.listing(record.get("caps_status"))]
    return ",".join(sorted(told or UNDECLINED))


def cap_affiliates(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield a row per affiliate that a cap names."""
    yield from _members(
        record, page, "affiliate_id", lambda cap: [str(one) for one in values.listing(cap.get("affiliates"))]
    )


def cap_countries(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield a row per country that a cap names, whichever form names it."""
    yield from _members(record, page, "country", countries_of)


def cap_goals(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield a row per goal that a cap names, with its title."""
    for key, ordinal, one in _caps(record):
        for goal, title in goals_of(one).items():
            yield {**_snapshot(record, page), "cap_key": key, "ordinal": ordinal, "goal": goal, "title": title}


def _members(record: Record, page: Record, name: str, members: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - a function of a cap
    for key, ordinal, one in _caps(record):
        for member in members(one):
            yield {**_snapshot(record, page), "cap_key": key, "ordinal": ordinal, name: member}


def _caps(record: Record) -> Iterator[tuple[str, int, Record]]:
    """Yield each cap with a key made of all that it counts, since it has no id, and its ordinal among equal ones.

    Its value is no part of the key, so a cap that is raised stays the same cap.
    """
    seen = Counter[str]()
    if record.get("is_deleted"):
        return
    for one in _objects(record.get("caps")):
        parts = [values.text(one.get(name)) for name in (*CAP_IDENTITY, "sub_number")]
        members = [
            sorted(goals_of(one)),
            sorted(affiliates_of(one)),
            sorted(countries_of(one)),
        ]
        identity = orjson.dumps([parts, members, sorted(map(str, values.listing(one.get("sub_value"))))])
        key = hashlib.sha256(identity).hexdigest()[:24]
        seen[key] += 1
        yield key, seen[key], one


def goals_of(cap: Record) -> dict[str, str | None]:
    """Return the goals of a cap with their titles.

    >>> goals_of({"goals": {"1": "Install"}}), goals_of({"goals": []}), goals_of({"goals": ["Install"]})
    ({'1': 'Install'}, {}, {'Install': 'Install'})
    """
    goals = cap.get("goals")
    if isinstance(goals, Mapping):
        return {str(key): values.free_text(title) for key, title in goals.items()}
    return {str(one): str(one) for one in values.listing(goals)}


def affiliates_of(cap: Record) -> list[str]:
    """Return the numbers of the affiliates that a cap names."""
    return [str(one) for one in values.listing(cap.get("affiliates"))]


def countries_of(cap: Record) -> list[str]:
    """Return the countries of a cap, which are absent, null, one text or a list.

    >>> countries_of({}), countries_of({"country": None}), countries_of({"country": "de"})
    ([], [], ['DE'])
    """
    told = cap.get("country", cap.get("countries"))
    found = (values.code(one) for one in (values.listing(told) if isinstance(told, list) else [told]))
    return [one for one in found if one]


def _snapshot(record: Record, page: Record) -> dict[str, Any]:
    as_of = page.get("as_of")
    day = values.local_date(as_of, page.get("zone"))
    return {"offer_id": values.text(record.get("id")), "snapshot_date": day}


def _objects(value: Any) -> list[Record]:  # noqa: ANN401 - any JSON value
    return [one for one in values.listing(value) if isinstance(one, Mapping)]
