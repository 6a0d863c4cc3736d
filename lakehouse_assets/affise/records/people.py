"""Make rows of affiliates, advertisers and the managers of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lakehouse_assets.affise.records import known, values
from lakehouse_assets.affise.records.values import Record


def affiliate(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield the row of one affiliate as it is now."""
    yield {
        **_affiliate(record),
        "login": values.free_text(record.get("login")),
        "name": values.free_text(record.get("name")),
        "email_hash": values.free_text(record.get("email")),
        "level": values.text(record.get("level")),
        "country": values.code(record.get("country")),
        "ref": values.text(record.get("ref")),
        "ref_percent": values.amount(record.get("ref_percent")),
        "tags": values.listed(record.get("tags")),
        "created_at": values.time_text(record.get("created_at")),
        "updated_at": values.time_text(record.get("updated_at")),
        "pulled_at": page.get("as_of"),
    }


affiliate.known = known.AFFILIATE  # type: ignore[attr-defined] # what a normaliser expects goes with it


def affiliate_version(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield what the report shows of an affiliate, with the moment of the pull."""
    yield {**_affiliate(record), "valid_from": page.get("as_of")}


def _affiliate(record: Record) -> dict[str, Any]:
    key = values.text(record.get("id"))
    return {
        "affiliate_id": key,
        "display_name": display_name(record.get("login"), record.get("name"), key),
        "status": values.text(record.get("status")),
        **_manager_of(record.get("manager")),
    }


def display_name(login: Any, name: Any, key: str | None) -> str:  # noqa: ANN401 - any JSON values
    """Return what an affiliate is called: its login; when that is blank its name; when that is too, its number.

    >>> display_name("", "Example Media", "7"), display_name(" ", None, "7"), display_name("Undefined", " Ann ", "7")
    ('Example Media', 'affiliate 7', 'Ann')
    """
    return values.text(login) or values.text(name) or f"affiliate {key}"


def advertiser(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield the row of one advertiser as it is now."""
    yield {
        **_advertiser(record),
        "country": values.code(record.get("country")),
        "tags": values.listed(record.get("tags")),
        "offers_count": values.text(record.get("offers")),
        "created_at": values.time_text(record.get("created_at")),
        "updated_at": values.time_text(record.get("updated_at")),
        "pulled_at": page.get("as_of"),
    }


advertiser.known = known.ADVERTISER  # type: ignore[attr-defined] # as above


def advertiser_version(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield what the report shows of an advertiser, with the moment of the pull."""
    yield {**_advertiser(record), "valid_from": page.get("as_of")}


def _advertiser(record: Record) -> dict[str, Any]:
    title = values.free_text(record.get("title"))
    return {"advertiser_id": values.text(record.get("id")), "title": title, **_manager_of(record.get("manager_obj"))}


def manager(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield the manager that an affiliate's or an advertiser's record holds, if it does."""
    told = record.get("manager_obj", record.get("manager"))
    if isinstance(told, Mapping):
        names = _manager_of(told)
        yield {
            "manager_id": names["manager_id"],
            "first_name": names["manager_first_name"],
            "last_name": names["manager_last_name"],
            "type": values.text(told.get("type")),
            "updated_at": values.time_text(told.get("updated_at")),
            "pulled_at": page.get("as_of"),
        }


def _manager_of(told: Any) -> dict[str, str | None]:  # noqa: ANN401 - any JSON value
    """Return id and names of a manager; a bare id or name, which some answers have instead, says neither."""
    found: Record = told if isinstance(told, Mapping) else {}
    first, last = (values.text(found.get(name)) for name in ("first_name", "last_name"))
    return {"manager_id": values.text(found.get("id")), "manager_first_name": first, "manager_last_name": last}
