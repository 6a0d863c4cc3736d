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
UNNAMED = "__unnamed_"
"""Begins what a column without a name is called until its place is known."""


def decimal_size(text: str) -> tuple[int, int]:
    """Return how many digits a decimal has that is written so, without zeros before the first other one, and its scale.

    >>> decimal_size("-12.50"), decimal_size("0.5"), decimal_size("0")
    ((4, 2), (1, 1), (1, 0))
    """
    whole, _, part = text.strip().lstrip("+-").partition(".")
    return max(len(whole.lstrip("0")) + len(part), 1), len(part)


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
            digits, scale = decimal_size(value.text)
            done += f"{sql[end : kind.start]}CAST({sql[value.start : value.end + 1]} AS DECIMAL({digits}, {scale}))"
            end = value.end + 1
    return done + sql[end:]


def with_defaults(tree: exp.Query) -> exp.Query:
    """Return a statement in which decimals have sizes, and columns that it gives without a name a mark for one.

    >>> from sqlglot import parse_one
    >>> with_defaults(parse_one("SELECT (a), CAST(b AS DECIMAL) FROM t")).sql()
    'SELECT (a), CAST(b AS DECIMAL(38, 0)) AS __unnamed_1 FROM t'
    """
    done = tree.copy()
    outer = _outermost(done)
    if outer is not None:
        outer.set("expressions", [_marked(one, place) for place, one in enumerate(outer.expressions)])
    for kind in done.find_all(exp.DataType):
        if kind.this is exp.DType.DECIMAL and not kind.expressions:
            kind.replace(exp.DataType.from_str(f"DECIMAL({MAX_PRECISION}, 0)"))
    return done


def with_names(tree: exp.Expr) -> exp.Expr:
    """Return a statement, with each `*` written out, in which marked columns have the names `_col0`, `_col1` by place.

    >>> from sqlglot import parse_one
    >>> with_names(parse_one("SELECT a, b, 1 AS __unnamed_1 FROM t ORDER BY __unnamed_1")).sql()
    'SELECT a, b, 1 AS _col2 FROM t ORDER BY _col2'
    """
    outer = _outermost(tree)
    given = outer.expressions if outer is not None else ()
    names = {one.alias: f"_col{place}" for place, one in enumerate(given) if one.alias.startswith(UNNAMED)}
    for node in tree.find_all(exp.Identifier):
        if node.name in names:
            node.set("this", names[node.name])
    return tree


def _outermost(tree: exp.Expr) -> exp.Select | None:
    """Return the SELECT whose columns a statement gives: of a UNION the first one; None where there is none."""
    node = tree
    while isinstance(node, (exp.SetOperation, exp.Subquery)):
        node = node.this
    return node if isinstance(node, exp.Select) else None


def _marked(one: exp.Expr, place: int) -> exp.Expr:
    inner = one.unnest() if isinstance(one, exp.Paren) else one
    # Not `exp.alias_`: of a subquery it makes an aliased table.
    return one if isinstance(inner, NAMED) else exp.Alias(this=one, alias=exp.to_identifier(f"{UNNAMED}{place}"))
