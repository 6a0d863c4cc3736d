"""What our SQL may not use, because engines that run it would answer differently."""

from __future__ import annotations

import pytest

from lakehouse_assets.errors import UnportableSql
from lakehouse_assets.sql.dialects import parse
from lakehouse_assets.sql.portable import check


@pytest.mark.parametrize(
    "expression",
    [
        "avg(x)", "x / y", "trim(x)", "date_diff('day', x, y)", "round(x)", "x % 2", "x ^ 2", "regexp_like(x, 'a')",
        "current_date", "x AT TIME ZONE 'Europe/Berlin'", "x + INTERVAL '1' DAY", "CAST(2.5 AS INTEGER)",
        "array_agg(x ORDER BY y)", "sum(x ORDER BY y)", "row_number() OVER (PARTITION BY x)",
        "lag(x) OVER (PARTITION BY y)", "lower(x)",
    ],
)  # fmt: skip
def test_what_engines_read_differently_is_refused_with_a_way_out(expression: str) -> None:
    """Averages, divisions, zones, intervals, rounding casts, ordered aggregates and everything that is not listed."""
    with pytest.raises(UnportableSql, match="is not portable between engines; use "):
        check(parse(f"SELECT {expression} FROM t"))


@pytest.mark.parametrize(
    "expression",
    [
        "sum(x)",
        "int_div(x, y)",
        "ratio(x, y)",
        "row_number() OVER (ORDER BY x)",
        "lag(x) OVER (ORDER BY y)",
        "CAST(NULL AS BIGINT)",
        "x - y",
    ],
)
def test_what_they_read_alike_may_be_used(expression: str) -> None:
    """Listed functions and macros pass."""
    check(parse(f"SELECT {expression} FROM t"))
