"""A small pipeline of two formats: offers come as CSV, their conversions as JSON pages of an API."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.model import Contract
from lakehouse_assets.contracts.reader import parse_contract
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.oracle import File

SIDE = {name: contract for name, contract in contracts("ecommerce").items() if contract.layer == "control"}


def column(name: str, kind: str = "STRING", *, key: int = 0, **custom: str) -> dict[str, Any]:
    """A column of a contract."""
    place = {"primaryKey": True, "primaryKeyPosition": key} if key else {}
    properties = [{"property": name, "value": value} for name, value in custom.items()]
    return {"name": name, "physicalType": kind, "description": name, "customProperties": properties, **place}


def rule(code: str, implementation: str, *, kind: str = "row", severity: str = "reject") -> dict[str, Any]:
    """A rule of a contract."""
    custom = [{"property": "kind", "value": kind}]
    facts = {"description": code, "implementation": implementation, "customProperties": custom}
    return {"name": code, "type": "custom", "engine": "lakehouse", "severity": severity, **facts}


def contract(
    layer: str, name: str, columns: list[dict[str, Any]], rules: list[dict[str, Any]] | None = None, **custom: str
) -> Contract:
    """A contract from its parts, read as a contract file is."""
    database = {"layer": layer, "database": "landing" if layer == "landing" else "delta_lakehouse"}
    table = {"name": name, "dataGranularityDescription": f"one row per {name}", "properties": columns}
    document = {
        "id": f"conversions.{layer}.{name}",
        "name": name,
        "version": "1.0.0",
        "description": {"purpose": name},
        "team": [{"username": "data@example.com"}],
        "customProperties": [{"property": key, "value": value} for key, value in {**database, **custom}.items()],
        "schema": [table | {"quality": rules or []}],
    }
    return parse_contract(document)


PROVENANCE = [column("_file_time", "TIMESTAMP"), column("_file"), column("_line", "INT")]
KNOWN = SIDE | {
    "landing.offers": contract("landing", "offers", [column("id"), column("title")], files="offers/*.csv"),
    "landing.conversions": contract(
        "landing",
        "conversions",
        [
            column("id"),
            column("offer_id", path="offer.id"),
            column("moment", path="created"),
            column("amount", path="payment.amount"),
            column("details"),
        ],
        files="conversions/*.json, conversions/*.json.gz",
        format="json_pages",
        records="data.conversions",
    ),
    "silver.clean_offers": contract(
        "silver",
        "clean_offers",
        [column("id", key=1, source="id"), column("title", source="title"), *PROVENANCE],
        [rule("offer_id_missing", "blank(id)")],
        landing="offers",
        max_reject_ratio="1",
    ),
    "silver.clean_conversions": contract(
        "silver",
        "clean_conversions",
        [
            column("id", key=1, source="id"),
            column("offer_id", source="offer_id"),
            column("moment", "TIMESTAMP", source="moment"),
            column("amount", "DECIMAL(18,6)", source="amount"),
            column("details", source="details", optional="true"),
            *PROVENANCE,
        ],
        [
            rule("id_missing", "blank(id)"),
            rule("moment_invalid", "parse_instant(moment) IS NULL"),
            rule("amount_invalid", "parse_decimal(amount, 18, 6) IS NULL"),
            rule(
                "unknown_offer",
                "offer_id REFERENCES delta_lakehouse.clean_offers (id)",
                kind="reference",
                severity="pending",
            ),
        ],
        landing="conversions",
        event_time="moment",
        max_reject_ratio="1",
    ),
}


def page(name: str, conversions: str, second: int = 0) -> File:
    """A page of the API with these conversions, landed so many seconds after a fixed moment."""
    return csv_file("conversions", f"conversions/{name}", f'{{"data": {{"conversions": {conversions}}}}}', second)


def conversion(number: int, amount: str, hour: int = 10, *, offer: str = "7", more: str = "") -> str:
    """One conversion as the API writes it."""
    what = f'"id": "c{number}", "offer": {{"id": {offer}}}, "created": "2025-04-01T{hour}:00:00"'
    return f'{{{what}, "payment": {{"amount": {amount}}}{more}}}'


OFFERS = csv_file("offers", "offers/1.csv", 'id,title\n7,"Tea, green"\n8,Maps\n')


def driven(lake: LakeDriver) -> LakeDriver:
    """A lake of this pipeline."""
    lake.known = KNOWN
    return lake


def held(lake: LakeDriver) -> dict[str, tuple[str, str, str | None, str, int]]:
    """Conversions in silver by id: offer, amount, details, and the record they came from."""
    rows = lake.rows("SELECT * FROM delta_lakehouse.clean_conversions")
    return {
        row["id"]: (row["offer_id"], str(row["amount"]), row["details"], row["_file"], row["_line"]) for row in rows
    }
