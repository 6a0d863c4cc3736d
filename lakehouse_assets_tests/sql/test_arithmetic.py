"""Division, averages and products of Athena, worked out by DuckDB: expected values are by Trino's rules, by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pytest
import sqlglot
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from lakehouse_assets.sql.arithmetic import MACROS, in_duckdb

SCHEMA = {"t": {"x": "DECIMAL(18, 2)", "n": "BIGINT", "d": "DOUBLE", "z": "DECIMAL(10, 3)"}}


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    """A table of three rows with money, whole numbers, measures and finer decimals."""
    with duckdb.connect() as opened:
        for macro in MACROS:
            opened.execute(macro)
        opened.execute("CREATE TABLE t (x DECIMAL(18, 2), n BIGINT, d DOUBLE, z DECIMAL(10, 3))")
        opened.execute("INSERT INTO t VALUES (10.01, 3, 1.5, 0.125), (-10.00, 7, 2.5, -0.125), (0.02, 2, NULL, 3)")
        yield opened


def answer(db: duckdb.DuckDBPyConnection, expression: str) -> list[str]:
    """The values of an expression over the rows of `t`, as text, in the order of n."""
    schema = MappingSchema(SCHEMA, dialect="athena")
    tree = sqlglot.parse_one(f"SELECT {expression} AS v FROM t", read="athena")
    typed = qualify(tree, dialect="athena", schema=schema, quote_identifiers=False)
    return [str(value) for (value,) in db.execute(in_duckdb(typed, schema).sql(dialect="duckdb")).fetchall()]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("-7 / 2", ["-3"] * 3),  # towards zero
        ("n / 2", ["1", "3", "1"]),
        ("x / n", ["3.34", "-1.43", "0.01"]),  # 3.3366…, -1.4285…, 0.01
        ("x / 2", ["5.01", "-5.00", "0.01"]),  # 5.005: half away from zero
        ("-x / 2", ["-5.01", "5.00", "-0.01"]),
        ("x / z", ["80.080", "80.000", "0.007"]),  # the larger of both scales
        ("1.0 / 3", ["0.3"] * 3),
        ("2 / 3.000", ["0.667"] * 3),
        ("1e0 / 4", ["0.25"] * 3),
        ("d / 2", ["0.75", "1.25", "None"]),
        ("x % n", ["1.01", "-3.00", "0.02"]),
        ("x * 1.5", ["15.015", "-15.000", "0.030"]),
        ("CAST(NULL AS BIGINT) / 0", ["None"] * 3),
    ],
)
def test_operators_answer_as_in_athena(db: duckdb.DuckDBPyConnection, expression: str, expected: list[str]) -> None:
    """Whole numbers stay whole, decimals keep the larger scale and are rounded, measures are DOUBLE."""
    assert answer(db, expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("avg(x)", "0.01"),  # 0.03 / 3
        ("avg(n)", "4.0"),
        ("avg(z)", "1.000"),
        ("avg(DISTINCT x)", "0.01"),
        ("avg(x) FILTER (WHERE n > 2)", "0.01"),  # 0.01 / 2 is 0.005
        ("avg(x) FILTER (WHERE n > 99)", "None"),
        ("sum(x) / count(*)", "0.01"),
        ("sum(z) / 7", "0.429"),
        ("avg(x / n) * 2", "1.28"),  # (3.34 - 1.43 + 0.01) / 3 is 0.64
    ],
)
def test_averages_of_decimals_are_decimals(db: duckdb.DuckDBPyConnection, expression: str, expected: str) -> None:
    """An average has the scale of what it is of, and is rounded once."""
    assert answer(db, expression) == [expected]


def test_an_average_over_a_window_keeps_the_window(db: duckdb.DuckDBPyConnection) -> None:
    """Each row has that of its part."""
    assert sorted(answer(db, "avg(x) OVER (PARTITION BY n > 2)")) == ["0.01", "0.01", "0.02"]


def test_an_average_of_large_amounts_is_exact(db: duckdb.DuckDBPyConnection) -> None:
    """A DOUBLE has 15 digits, too few for these."""
    large = "avg(CAST(9007199254740993.25 AS DECIMAL(18, 2)))"
    assert answer(db, large) == ["9007199254740993.25"]


@pytest.mark.parametrize(
    "expression", ["1 / 0", "n / (n - 3)", "n % (n - 3)", "x / 0", "1.0 / 0", "sum(n) / (count(*) - 3)"]
)
def test_nothing_is_divided_by_zero(db: duckdb.DuckDBPyConnection, expression: str) -> None:
    """It is an error with Athena's name, unlike infinity of DOUBLE."""
    with pytest.raises(duckdb.Error, match=re.escape("DIVISION_BY_ZERO: Division by zero")):
        answer(db, expression)
    assert answer(db, "1e0 / 0") == ["inf"] * 3
