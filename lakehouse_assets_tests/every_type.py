"""A table with a column of every type, made of contracts alone: how it is described, dropped, loaded and built.

Here: contracts, a drop as CSV, the values it stands for, and a lake that holds the table. `test_every_type` asks each
engine.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.reader import parse_contract
from lakehouse_assets_tests.contracts.documents import column, gold, landing, rule, silver
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.oracle import File

SINGLE = {
    "word": "STRING",
    "small": "INT",
    "big": "BIGINT",
    "ratio": "DOUBLE",
    "flag": "BOOLEAN",
    "day": "DATE",
    "at": "TIMESTAMP",
    "exact": "DECIMAL(18,6)",
    "wide": "DECIMAL(38,0)",
}
TYPES = {
    **SINGLE,
    **{f"{name}_list": f"ARRAY<{kind}>" for name, kind in SINGLE.items()},
    "all": f"STRUCT<{', '.join(f'{name}: {kind}' for name, kind in SINGLE.items())}>",
}
MISFIT = rule("big_invalid", "row", "reject", "NOT blank(big) AND parse_bigint(big) IS NULL")


LANDING = parse_contract(landing(*(column(name) for name in TYPES)))


def silver_contract(**properties: object) -> Contract:
    """The table in silver, loaded from the dataset `things`."""
    columns = [column(name, kind, source=name) for name, kind in TYPES.items()]
    return parse_contract(silver(*columns, rules=(MISFIT,), date_column="day", **properties))


def gold_contract(**properties: object) -> Contract:
    """The same columns in gold, by day and identifier."""
    columns = [column(name, kind) for name, kind in TYPES.items() if name != "day"]
    return parse_contract(gold(column("id", place=2), *columns, **properties) | {"name": "things_daily"})


SUMS = parse_contract(gold(column("paid", "DECIMAL(18,6)"), column("most", "DECIMAL(38,0)")) | {"name": "sums"})
"""Money of a finer scale than cents, and as many digits as a DECIMAL has, per day."""
SUMS_MODEL = """
    SELECT "day", sum(exact) AS paid, max(wide) AS most FROM lake.things
    WHERE :everything OR "day" IN (:touched_dates) GROUP BY "day"
"""


MODEL = (
    "SELECT "
    + ", ".join(f'"{name}"' for name in ("day", "id", *(n for n in TYPES if n != "day")))
    + ' FROM lake.things WHERE :everything OR "day" IN (:touched_dates)'
)
"""The SELECT of that gold table."""


def texts(**more: str) -> dict[str, str]:
    """One record as text: every column has something to say."""
    return {
        "id": "1",
        "word": "007",
        "small": "-2147483648",
        "big": "9223372036854775807",
        "ratio": "0.1",
        "flag": "TRUE",
        "day": "2025-04-01",
        "at": "2025-04-01T10:20:30.123456+02:00",
        "exact": "-0.000001",
        "wide": "9" * 38,
        "word_list": '["a, \\"b\\"", null, "\\u00e9"]',
        "small_list": "[1,null]",
        "big_list": "[-9223372036854775808]",
        "ratio_list": "[1e-7,5e-324]",
        "flag_list": "[true,false]",
        "day_list": '["2024-02-29"]',
        "at_list": '["2025-04-01T00:00:00.000001Z",null]',
        "exact_list": "[0.5]",
        "wide_list": "[]",
        "all": '{"word":"x","at":"2025-04-01T10:20Z","exact":1.25,"big":2,"day":"2025-04-02","flag":false}',
    } | more


VALUES: dict[str, Any] = {
    "id": "1",
    "word": "007",
    "small": -(2**31),
    "big": 2**63 - 1,
    "ratio": 0.1,
    "flag": True,
    "day": date(2025, 4, 1),
    "at": datetime(2025, 4, 1, 8, 20, 30, 123456),  # noqa: DTZ001 - zone-less UTC, as engines give it
    "exact": Decimal("-0.000001"),
    "wide": Decimal("9" * 38),
    "word_list": ['a, "b"', None, "é"],
    "small_list": [1, None],
    "big_list": [-(2**63)],
    "ratio_list": [1e-7, 5e-324],
    "flag_list": [True, False],
    "day_list": [date(2024, 2, 29)],
    "at_list": [datetime(2025, 4, 1, 0, 0, 0, 1), None],  # noqa: DTZ001 - likewise
    "exact_list": [Decimal("0.500000")],
    "wide_list": [],
    "all": {
        "word": "x",
        "small": None,
        "big": 2,
        "ratio": None,
        "flag": False,
        "day": date(2025, 4, 2),
        "at": datetime(2025, 4, 1, 10, 20),  # noqa: DTZ001 - likewise
        "exact": Decimal("1.250000"),
        "wide": None,
    },
}
"""What `texts()` stands for."""
EMPTY = {"id": "2", **dict.fromkeys(TYPES), "day": date(2025, 4, 1)}
"""What a record with nothing but an identifier and a date stands for."""


def dropped(second: int, *records: Mapping[str, str]) -> File:
    """A CSV file of these records, landed at that second; what a record does not say is blank."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["id", *TYPES], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return csv_file("things", f"things/{second}.csv", out.getvalue(), second)


def hold(lake: LakeDriver, contract: Contract) -> LakeDriver:
    """The lake with this one silver table instead of the shop's."""
    control = {name: known for name, known in lake.known.items() if known.layer == "control"}
    lake.known = control | {"silver.things": contract, "landing.things": LANDING}
    return lake


def held(lake: LakeDriver) -> list[dict[str, Any]]:
    """Content of the silver table by identifier."""
    columns = ", ".join(f'"{name}"' for name in ["id", *TYPES])
    return lake.rows(f"SELECT {columns} FROM lake.things ORDER BY id")
