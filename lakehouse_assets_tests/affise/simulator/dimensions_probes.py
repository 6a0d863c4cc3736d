"""Questions to the API about dirty dimensions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from lakehouse_assets_tests.affise.simulator.api import (
    ADVERTISERS,
    CONVERSIONS,
    PARTNERS,
    Api,
    Row,
    all_conversions,
)


def _form(cap: Row) -> str:
    return type(cap["country"]).__name__ if "country" in cap else "absent"


def _caps(api: Api) -> list[Row]:
    return [cap for offer in api.offers() for cap in offer.get("caps") or []]


def _cap_keys(api: Api) -> object:
    forms = {repr(offer.get("caps", "absent")) for offer in api.offers() if not offer.get("caps")}
    return forms == {"'absent'", "[]", "None"}


def _repeated_cap(api: Api) -> object:
    return any(offer["caps"].count(cap) == 2 for offer in api.offers() for cap in offer["caps"])


def _landings(api: Api) -> object:
    kinds = [[landing["type"] for landing in offer["landings"]] for offer in api.offers()]
    return all(found == ["landing", "landing", "transit"] for found in kinds)


def _no_manager(api: Api) -> object:
    return any(row["manager"] is None for row in api.rows(PARTNERS)) and any(
        row["manager_obj"] is None for row in api.rows(ADVERTISERS)
    )


def _custom_fields(api: Api) -> object:
    fields = [field for row in api.rows(PARTNERS) for field in row["customFields"]]
    return any(isinstance(field["value"], list) and isinstance(field["label"], dict) for field in fields)


def _awkward(api: Api) -> object:
    text = "".join(offer["title"] + offer["kpi"]["en"] for offer in api.offers())
    return all(part in text for part in ("<b>", "&amp;", "\n", "🎮", ",", '"', "=1"))


def _gone(api: Api) -> object:
    listed = {offer["id"] for offer in api.offers()}
    return {row["offer_id"] for row in all_conversions(api)} - listed == {936}


def _still_converting(api: Api) -> object:
    stopped = {offer["id"] for offer in api.offers() if offer["status"] == "stopped"}
    return any(row["offer_id"] in stopped for row in api.day(CONVERSIONS))


def _reassigned(api: Api) -> object:
    owners = defaultdict(set)
    for row in all_conversions(api):
        owners[row["offer_id"]].add(row["supplier_id"])
    return [offer for offer, found in owners.items() if len(found) > 1] == [937]


def _balances(api: Api) -> object:
    return any(len(row["balance"]) > 1 for row in api.rows(PARTNERS, with_balance=1))


def _listed_twice(api: Api) -> object:
    lists = [api.offers(), api.rows(PARTNERS), api.rows(ADVERTISERS)]
    return all(rows[0] == rows[-1] and rows[0] not in rows[1:-1] for rows in lists)


PROBES: dict[str, tuple[str, Callable[[Api], object]]] = {
    "offer-caps-missing": ("", _cap_keys),
    "cap-goals-forms": ("", lambda api: {"[]", "{}"} <= {repr(cap["goals"]) for cap in _caps(api)}),
    "cap-country-forms": ("", lambda api: {_form(cap) for cap in _caps(api)} == {"absent", "NoneType", "str", "list"}),
    "identical-caps": ("", _repeated_cap),
    "several-landings": ("", _landings),
    "manager-null": ("", _no_manager),
    "advertiser-manager-as-name": ("", lambda api: "Ben Sample" in {row["manager"] for row in api.rows(ADVERTISERS)}),
    "login-empty": ("", lambda api: {("", None)} <= {(row["login"], row["name"]) for row in api.rows(PARTNERS)}),
    "zero-updated-at": (
        "",
        lambda api: (
            {row["updated_at"] for row in (*api.rows(PARTNERS), *api.rows(ADVERTISERS))}
            == {"0000-00-00 00:00:00", None}
        ),
    ),
    "custom-fields-forms": ("", _custom_fields),
    "lower-case-codes": ("", lambda api: "de" in api.offers()[0]["payments"][0]["countries"]),
    "awkward-text": ("", _awkward),
    "offer-deleted": ("", _gone),
    "offer-stopped-converting": ("", _still_converting),
    "advertiser-reassigned": ("", _reassigned),
    "balance-currencies": ("", _balances),
    "dimension-listed-twice": ("", _listed_twice),
    "rate-missing": ("", lambda api: "EUR" not in api.json("/3.0/admin/currency")["quotes"]),
    "privacy-premoderated": ("", lambda api: "premoderated" in {offer["privacy"] for offer in api.offers()}),
}
"""For every switch: the options that it is tried with, and the question."""
