"""Write out what Athena takes as said: sizes of decimals, and names of columns that a SELECT gives none.

Other engines, and sqlglot, take them otherwise: a decimal without a size has three digits behind its point in DuckDB.
https://trino.io/docs/current/language/types.html#decimal says what Athena makes of it.
"""

from __future__ import annotations

import re
from itertools import pairwise

from sqlglot import exp, tokenize

from lakehouse_assets.contracts.types import MAX_PRECISION

LITERAL = re.compile(r"\bDECIMAL\s*'", re.IGNORECASE)
NAMED = (exp.Alias, exp.Aliases, exp.Column, exp.Dot, exp.Star)
"""Expressions that bring a name, or several."""


def with_sized_decimals(sql: str) -> str:
    """Return a statement in which each literal of a decimal is cast to the digits that it has.

    >>> with_sized_decimals("SELECT DECIMAL '1.50' AS a")
    "SELECT CAST('1.50' AS DECIMAL(3, 2)) AS a"
    """
    if not LITERAL.search(sql):
        return sql
    done, end = "", 0
    for kind, value in pairwise(tokenize(sql, read="athena")):
        if (kind.token_type.name, value.token_type.name) == ("DECIMAL", "STRING"):
            whole, _, part = value.text.strip().lstrip("+-").partition(".")
            size = f"{max(len(whole) + len(part), 1)}, {len(part)}"
            done += f"{sql[end : kind.start]}CAST('{value.text}' AS DECIMAL({size}))"
            end = value.end + 1
    return done + sql[end:]


def with_defaults(tree: exp.Query) -> exp.Query:
    """Return a statement in which decimals have sizes, and columns names: `_col` and their place, from 0.

    >>> from sqlglot import parse_one
    >>> with_defaults(parse_one("SELECT a, CAST(b AS DECIMAL) FROM t")).sql()
    'SELECT a, CAST(b AS DECIMAL(38, 0)) AS _col1 FROM t'
    """
    done = tree.copy()
    for select in done.find_all(exp.Select):
        given = [
            one if isinstance(one, NAMED) else exp.alias_(one, f"_col{place}")
            for place, one in enumerate(select.expressions)
        ]
        select.set("expressions", given)
    for kind in done.find_all(exp.DataType):
        if kind.this is exp.DType.DECIMAL and not kind.expressions:
            kind.replace(exp.DataType.from_str(f"DECIMAL({MAX_PRECISION}, 0)"))
    return done
