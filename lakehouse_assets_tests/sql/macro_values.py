"""What every macro answers, worked out by hand: the one table that each engine is tested on.

Here: values, and the query that asks an engine for them. `x` is a column of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lakehouse_assets.engines.protocol import Engine

UTC, BERLIN, KOLKATA, LORD_HOWE = "UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"


def at(*parts: int) -> datetime:
    """A UTC moment without zone."""
    return datetime(*parts)  # type: ignore[arg-type, misc]  # noqa: DTZ001 - as engines give it


BLANKS = {
    None: True,
    "": True,
    " ": True,
    "\t": True,
    "\n": True,
    "\r\n": True,
    "\u00a0": True,
    "\u2003 \u3000": True,
    "\u202f\u205f\u1680\u0085": True,
    "a": False,
    " a ": False,
    "0": False,
    "-": False,
    "~": False,
    "\u007f": False,
    "é": False,
    "\u200b": False,
    "\ufeff": False,
    "\u00a0x": False,
}
INTS = {
    None: None,
    "": None,
    "0": 0,
    "7": 7,
    "+5": 5,
    "-5": -5,
    "007": 7,
    "-0": 0,
    "2147483647": 2147483647,
    "-2147483648": -2147483648,
    "2147483648": None,
    "99999999999999999999999": None,
    "1.0": None,
    "5.": None,
    "1e3": None,
    " 5": None,
    "5\n": None,
    "1,000": None,
    "--5": None,
    "+": None,
    "\u0663": None,
    "\uff15": None,
    "0x10": None,
}
AMOUNTS = {
    None: None,
    "": None,
    "0": "0.00",
    "12": "12.00",
    "12.3": "12.30",
    "12.34": "12.34",
    "12.345": None,
    "0.005": None,
    "5.": "5.00",
    ".5": "0.50",
    ".05": "0.05",
    ".": None,
    "+1.5": "1.50",
    "-1.05": "-1.05",
    "-.5": "-0.50",
    "0000012.30": "12.30",
    "00000000000000000000001.10": "1.10",
    "9999999999999999.99": "9999999999999999.99",
    "-9999999999999999.99": "-9999999999999999.99",
    "10000000000000000": None,
    "1e2": None,
    "1,5": None,
    "1 ": None,
    "1.10\n": None,
    "NaN": None,
    "Infinity": None,
    "$5": None,
}
BOOLEANS = {
    None: None,
    "": None,
    "1": True,
    "0": False,
    "true": True,
    "TRUE": True,
    "False": False,
    "fAlSe": False,
    "yes": None,
    "t": None,
    "01": None,
    "1.0": None,
    " true": None,
    "true\n": None,
}
DATES = {
    None: None,
    "2025-04-01": date(2025, 4, 1),
    "2024-02-29": date(2024, 2, 29),
    "2025-02-29": None,
    "1900-02-29": None,
    "2000-02-29": date(2000, 2, 29),
    "2025-04-31": None,
    "2025-13-01": None,
    "2025-00-01": None,
    "1000-01-01": date(1000, 1, 1),
    "9999-12-31": date(9999, 12, 31),
    "0999-12-31": None,
    "2025-4-1": None,
    "01.04.2025": None,
    "20250401": None,
    "2025-04-01 ": None,
    "2025-04-01\n": None,
    "2025-04-01T00:00:00": None,
    "+2025-04-01": None,
    "today": None,
    "": None,
}
INSTANTS = {
    None: None,
    "": None,
    "2025-04-01T10:20:30": at(2025, 4, 1, 10, 20, 30),
    "2025-04-01 10:20:30": at(2025, 4, 1, 10, 20, 30),
    "2025-04-01T10:20": at(2025, 4, 1, 10, 20),
    "2025-04-01 10:20Z": at(2025, 4, 1, 10, 20),
    "2025-04-01T10:20:30Z": at(2025, 4, 1, 10, 20, 30),
    "2025-04-01T10:20:30.5": at(2025, 4, 1, 10, 20, 30, 500000),
    "2025-04-01T10:20:30,25": at(2025, 4, 1, 10, 20, 30, 250000),
    "2025-04-01T10:20:30.123456Z": at(2025, 4, 1, 10, 20, 30, 123456),
    "2025-04-01T10:20:30.1234569": at(2025, 4, 1, 10, 20, 30, 123456),
    "2025-04-01T10:20:30.999999999999Z": at(2025, 4, 1, 10, 20, 30, 999999),
    "2025-04-01T10:20:30+02:00": at(2025, 4, 1, 8, 20, 30),
    "2025-04-01T10:20:30+0530": at(2025, 4, 1, 4, 50, 30),
    "2025-04-01T10:20:30-03": at(2025, 4, 1, 13, 20, 30),
    "2025-04-01T10:20:30.75-00:30": at(2025, 4, 1, 10, 50, 30, 750000),
    "2025-01-01T00:30:00+01:00": at(2024, 12, 31, 23, 30),
    "2025-04-01T00:00:00+23:59": at(2025, 3, 31, 0, 1),
    "2025-04-01T23:59:59": at(2025, 4, 1, 23, 59, 59),
    "2024-02-29T12:00:00": at(2024, 2, 29, 12),
    "2025-02-29T12:00:00": None,
    "2025-04-31T12:00Z": None,
    "2025-04-01T24:00:00": None,
    "2025-04-01T23:60:00": None,
    "2025-04-01T23:59:60": None,
    "2025-04-01T10:20:30+24:00": None,
    "2025-04-01T10:20:30+02:60": None,
    "2025-04-01T10:20:30z": None,
    "2025-04-01t10:20:30": None,
    "2025-04-01T10:20:30.": None,
    "2025-04-01T10:20.5": None,
    "2025-04-01T10": None,
    "2025-04-01": None,
    "2025-04-01  10:20:30": None,
    "2025-04-01T10:20:30 ": None,
    "2025-04-01T10:20:30\n": None,
    "2025-04-01T10:20:30Z\n": None,
    "2025-04-01T10:20:30 Europe/Berlin": None,
    "1743502830": None,
    "now": None,
    "9999-12-31T23:59:59": at(9999, 12, 31, 23, 59, 59),
    "9999-12-31T23:59:59-01:00": None,
    "1000-01-01T00:00:00": at(1000, 1, 1),
    "1000-01-01T00:00:00+01:00": None,
}
# Winter is UTC+1 and summer UTC+2; in 2025 clocks skip 02:00-03:00 on March 30 and repeat it on October 26.
BERLIN_INSTANTS = {
    "2025-01-15T12:00:00": at(2025, 1, 15, 11),
    "2025-07-15T12:00:00": at(2025, 7, 15, 10),
    "2025-03-30T01:59:59": at(2025, 3, 30, 0, 59, 59),
    "2025-03-30T02:00:00": None,
    "2025-03-30T02:30": None,
    "2025-03-30 02:59:59.9": None,
    "2025-03-30T03:00:00": at(2025, 3, 30, 1),
    "2025-03-30T02:30:00Z": at(2025, 3, 30, 2, 30),
    "2025-03-30T02:30:00+01:00": at(2025, 3, 30, 1, 30),
    "2025-10-26T01:59:59": at(2025, 10, 25, 23, 59, 59),
    "2025-10-26T02:00:00": at(2025, 10, 26, 0),
    "2025-10-26T02:59:59": at(2025, 10, 26, 0, 59, 59),
    "2025-10-26T03:00:00": at(2025, 10, 26, 2),
    "2025-10-26T02:30:00+01:00": at(2025, 10, 26, 1, 30),
}
HALF_HOURS = {
    # Lord Howe moves its clocks by half an hour: on 2025-10-05 from 02:00 (UTC+10:30) to 02:30 (UTC+11).
    "2025-10-05T01:59:00": at(2025, 10, 4, 15, 29),
    "2025-10-05T02:15:00": None,
    "2025-10-05T02:30:00": at(2025, 10, 4, 15, 30),
}
LOCAL_DATES = {
    UTC: {"2025-04-01T23:59:59": date(2025, 4, 1), "2025-04-01T00:30:00+01:00": date(2025, 3, 31), "x": None},
    BERLIN: {
        "2025-01-15T22:59:59Z": date(2025, 1, 15),
        "2025-01-15T23:00:00Z": date(2025, 1, 16),
        "2025-07-15T21:59:59Z": date(2025, 7, 15),
        "2025-07-15T22:00:00Z": date(2025, 7, 16),
        "2025-10-26T02:30:00": date(2025, 10, 26),
    },
    KOLKATA: {"2025-04-01T18:29:59Z": date(2025, 4, 1), "2025-04-01T18:30:00Z": date(2025, 4, 2)},
}

Case = tuple[str, str, dict[str | None, Any]]
"""Zone, expression over `x` (text) or `moment` (its instant), and what it answers for each text."""

CASES: list[Case] = [
    (UTC, "blank(x)", dict(BLANKS)),
    (UTC, "parse_int(x)", dict(INTS)),
    (UTC, "parse_amount(x)", {x: None if v is None else Decimal(v) for x, v in AMOUNTS.items()}),
    (UTC, "parse_bool(x)", dict(BOOLEANS)),
    (UTC, "parse_date(x)", dict(DATES)),
    (UTC, "parse_instant(x)", dict(INSTANTS)),
    (BERLIN, "parse_instant(x)", dict(BERLIN_INSTANTS)),
    (LORD_HOWE, "parse_instant(x)", dict(HALF_HOURS)),
    *((zone, "local_date(moment)", dict(answers)) for zone, answers in LOCAL_DATES.items()),
    (BERLIN, "utc(moment)", {"2025-07-15T12:00:00": at(2025, 7, 15, 10)}),
    (UTC, "int_div(parse_int(x), 7)", {"0": 0, "6": 0, "7": 1, "20": 2, "2147483647": 306783378, "": None}),
    (UTC, "ratio(parse_int(x), 4)", {"1": 0.25, "6": 1.5, "-2": -0.5, "": None}),
    (UTC, "ratio(3, parse_int(x))", {"2": 1.5, "0": None, "": None}),
    (UTC, "cents(parse_amount(x))", {"0.01": 1, "-7.5": -750, "9999999999999999.99": 999999999999999999, "": None}),
    (UTC, "money(parse_int(x))", {"1": Decimal("0.01"), "-750": Decimal("-7.50"), "0": Decimal("0.00"), "": None}),
    (
        UTC,
        "money(cents(parse_amount(x)))",
        {"9999999999999999.99": Decimal("9999999999999999.99"), "-0.01": Decimal("-0.01")},
    ),
    (
        UTC,
        "whole_days(parse_date('2024-02-28'), parse_date(x))",
        {"2024-02-28": 0, "2024-03-01": 2, "2024-02-27": -1, "2025-02-28": 366, "": None},
    ),
    (
        UTC,
        "add_days(parse_date(x), 1)",
        {"2024-02-28": date(2024, 2, 29), "2024-12-31": date(2025, 1, 1), "": None},
    ),
    (UTC, "add_days(parse_date(x), -1)", {"2024-03-01": date(2024, 2, 29)}),
    (UTC, "as_text(parse_int(x))", {"007": "7", "": None}),
    (UTC, "as_text(parse_amount(x))", {"5.": "5.00", "-.5": "-0.50"}),
    (UTC, "as_text(parse_bool(x))", {"1": "true", "FALSE": "false"}),
    (UTC, "as_text(parse_date(x))", {"2025-04-01": "2025-04-01"}),
    (
        UTC,
        "as_text(parse_instant(x))",
        {"2025-04-01T10:20Z": "2025-04-01 10:20:00", "2025-04-01T10:20:30.250": "2025-04-01 10:20:30.25"},
    ),
    (UTC, "fingerprint(x, 1) = fingerprint('a', 1)", {"a": True, "b": False, "": False, None: False}),
    (UTC, "fingerprint(x, 'b') = fingerprint('b', x)", {"b": True, "a": False, None: False}),
]


def ask(engine: Engine, expression: str, texts: Sequence[str | None]) -> list[Any]:
    """The expression's answer for each text; `moment` in it is the instant of `x`, a column as in the load's SQL."""
    import pyarrow as pa

    numbers = pa.array(range(len(texts)), pa.int64())
    engine.register("texts", pa.table({"n": numbers, "x": pa.array(texts, pa.string())}))
    source = "(SELECT n, parse_instant(x) AS moment FROM texts) AS t" if "moment" in expression else "texts"
    return [row["answer"] for row in engine.rows(f"SELECT n, {expression} AS answer FROM {source} ORDER BY n")]
