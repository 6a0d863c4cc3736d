"""A pipeline that only tests know: kiosks in several countries, their sales and refunds. Its contracts as documents.

It has what e-commerce has not: a reference table, windows of its own, gold that reads gold, control and reference
tables, and gold without a window.
"""

from __future__ import annotations

import copy
from pathlib import Path
from string import Template
from typing import Any

import yaml

import lakehouse_assets.contracts

CONTROL = Path(lakehouse_assets.contracts.__file__).parent / "control"
FILE_COLUMNS = [
    ("_file_time", "TIMESTAMP", "When the file was last changed", {"required": True}),
    ("_file", "STRING", "Key of the file", {"required": True}),
    ("_line", "INT", "First line of the record", {"required": True}),
]
KEY = {"primaryKey": True, "primaryKeyPosition": 1, "required": True}
LANDING = {
    "sales": ["sale_id", "day", "country", "kiosk", "amount"],
    "refunds": ["refund_id", "sale_id", "amount"],
}
REFUNDED = 'SELECT s."day" AS value FROM lake.clean_sales AS s JOIN changed AS c ON c.{} = s.sale_id'


def table(layer: str, name: str, columns: list[Any], rules: tuple[Any, ...] = (), **properties: Any) -> dict[str, Any]:
    """One contract document; columns are (name, type, words, facts), rules (code, kind, severity, SQL)."""
    custom = {"layer": layer, "database": "kiosk_gold" if layer == "gold" else "lake"} | properties
    return {
        "name": name,
        "version": "1.0.0",
        "description": {"purpose": name.replace("_", " ").capitalize()},
        "team": [{"username": "kiosks@example.com", "role": "owner"}],
        "customProperties": [{"property": key, "value": value} for key, value in custom.items()],
        "schema": [
            {
                "name": name,
                "dataGranularityDescription": "one row per key",
                "properties": [
                    {"name": n, "physicalType": kind, "description": words, **facts}
                    for n, kind, words, facts in columns
                ],
                "quality": [rule(*facts) for facts in rules],
            }
        ],
    }


def rule(code: str, kind: str, severity: str, sql: str) -> dict[str, Any]:
    """One rule of a document."""
    custom = [{"property": "kind", "value": kind}]
    words = code.replace("_", " ")
    return {"name": code, "severity": severity, "description": words, "implementation": sql, "customProperties": custom}


def from_landing(*columns: Any) -> list[Any]:
    """Columns that each come from the landed column of their name, and those that say which record it was."""
    sourced = [
        (n, kind, words, facts | {"customProperties": [{"property": "source", "value": n}]})
        for n, kind, words, facts in columns
    ]
    return [*sourced, *FILE_COLUMNS]


def ledger() -> dict[str, Any]:
    """The run ledger; a window that no gold table is built by, `kiosks`, has to be declared."""
    text = (CONTROL / "run_ledger.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(
        Template(text).substitute(pipeline="kiosks", database="lake", owner="us@example.com")
    )
    document["schema"][0]["properties"] += [
        {"name": "touched_days", "physicalType": "ARRAY<DATE>", "description": "Days of sales"},
        {"name": "touched_kiosks", "physicalType": "ARRAY<STRING>", "description": "Kiosks that sold"},
    ]
    return document


COUNTRY = table(
    "reference",
    "country",
    [
        ("code", "STRING", "ISO 3166-1 alpha-2", KEY),
        ("region", "STRING", "Region", {"required": True}),
        ("vat_percent", "INT", "Value added tax [percent]", {}),
        ("since", "DATE", "First day of business", {}),
    ],
    (
        ("code_is_short", "row", "reject", "code = 'XXX'"),
        ("regions_shared", "load", "warn", "SELECT region FROM lake.country GROUP BY region HAVING count(*) > 3"),
        ("europe_is_there", "assertion", "fail", "SELECT 1 AS n FROM lake.country HAVING count(*) = 0"),
    ),
)
SALES = table(
    "silver",
    "clean_sales",
    from_landing(
        ("sale_id", "STRING", "Sale", KEY),
        ("day", "DATE", "Day of the sale", {"required": True}),
        ("country", "STRING", "Where", {"required": True}),
        ("kiosk", "STRING", "By which kiosk", {}),
        ("amount", "DECIMAL(18,2)", "Amount [EUR]", {}),
    ),
    (
        ("day_invalid", "row", "reject", 'parse_date("day") IS NULL'),
        ("country_missing", "row", "reject", "blank(country)"),
        ("country_unknown", "reference", "pending", "country REFERENCES lake.country (code)"),
    ),
    landing="sales",
    date_column="day",
    affects=[{"window": "days", "column": "day"}, {"window": "kiosks", "column": "kiosk"}],
)
REFUNDS = table(
    "silver",
    "clean_refunds",
    from_landing(
        ("refund_id", "STRING", "Refund", KEY),
        ("sale_id", "STRING", "Of which sale", {"required": True}),
        ("amount", "DECIMAL(18,2)", "Amount [EUR]", {}),
    ),
    (("sale_unknown", "reference", "pending", "sale_id REFERENCES lake.clean_sales (sale_id)"),),
    landing="refunds",
    affects=[
        {"window": "days", "select": REFUNDED.format("sale_id"), "unless_first": "clean_sales"},
        {"window": "days", "select": REFUNDED.format("_old_sale_id"), "when": "update", "unless_first": "clean_sales"},
    ],
)
DAY = ("day", "DATE", "Day", KEY)
GOLD = [
    table(
        "gold",
        "daily_regions",
        [
            DAY,
            ("region", "STRING", "Region", KEY | {"primaryKeyPosition": 2}),
            ("sales", "BIGINT", "Sales [count]", {}),
            ("amount", "DECIMAL(18,2)", "After refunds [EUR]", {}),
        ],
        (("region_known", "assertion", "fail", "SELECT region FROM kiosk_gold.daily_regions WHERE region IS NULL"),),
        window="day",
        window_source="touched_days",
    ),
    table(
        "gold",
        "daily_totals",
        [DAY, ("regions", "BIGINT", "Regions [count]", {}), ("amount", "DECIMAL(18,2)", "Amount [EUR]", {})],
        (("amount_there", "assertion", "warn", 'SELECT "day" FROM kiosk_gold.daily_totals WHERE amount IS NULL'),),
        window="day",
        window_source="touched_days",
    ),
    table(
        "gold",
        "region_totals",
        [
            ("region", "STRING", "Region", KEY),
            ("countries", "BIGINT", "[count]", {}),
            ("sales", "BIGINT", "[count]", {}),
        ],
    ),
    table(
        "gold",
        "load_health",
        [("table_name", "STRING", "Silver table", KEY), ("loaded", "BIGINT", "Rows [count]", {})],
    ),
]
MODELS = {
    "daily_regions": """
        WITH refunded AS (SELECT sale_id, sum(amount) AS amount FROM lake.clean_refunds GROUP BY sale_id)
        SELECT s."day", c.region, count(s.sale_id) AS sales,
          CAST(sum(s.amount) - sum(coalesce(r.amount, 0)) AS DECIMAL(18, 2)) AS amount
        FROM lake.clean_sales AS s
        JOIN lake.country AS c ON c.code = s.country
        LEFT JOIN refunded AS r ON r.sale_id = s.sale_id
        WHERE :everything OR s."day" IN (:touched_days)
        GROUP BY s."day", c.region
    """,
    "daily_totals": """
        SELECT d."day", count(d.region) AS regions, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS amount
        FROM kiosk_gold.daily_regions AS d WHERE :everything OR d."day" IN (:touched_days) GROUP BY d."day"
    """,
    "region_totals": """
        WITH sold AS (SELECT region, sum(sales) AS sales FROM kiosk_gold.daily_regions GROUP BY region)
        SELECT c.region, count(c.code) AS countries, CAST(coalesce(max(s.sales), 0) AS BIGINT) AS sales
        FROM lake.country AS c LEFT JOIN sold AS s ON s.region = c.region GROUP BY c.region
    """,
    "load_health": """
        SELECT table_name, CAST(sum(inserted) AS BIGINT) AS loaded
        FROM lake.kiosks_run_ledger WHERE kind = 'load' GROUP BY table_name
    """,
}


def documents() -> list[dict[str, Any]]:
    """All contracts of the pipeline, each call its own copy."""
    landed = [
        table("landing", name, [(c, "STRING", c, {}) for c in columns], files=f"{name}/*.csv")
        for name, columns in LANDING.items()
    ]
    return copy.deepcopy([*landed, COUNTRY, SALES, REFUNDS, ledger(), *GOLD])
