"""Say whether a text is what a rule of kind row may be: a condition on the landing columns of one row."""

from __future__ import annotations

from sqlglot import exp

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql.dialects import tree_of
from lakehouse_assets.sql.text_casts import failing_cast

ONE_ROW = (
    "a rule of kind row asks the landing columns of its own row, and no SELECT, table or other row: "
    "a parent is asked for by a rule of kind reference, and what is in tables by an assertion"
)
"""Says what a predicate may ask."""


def predicate_problem(text: str) -> str | None:
    """Return what is wrong with a predicate as SQL alone shows it, in a sentence; None when nothing is.

    >>> predicate_problem("station IN (SELECT id FROM old)").partition(";")[0]
    '`SELECT` is no part of its condition'
    >>> predicate_problem("parse_int(days) < 0") is None
    True
    """
    if not text.strip():
        return "there is no condition; write when a row breaks the rule, such as `blank(name)`"
    try:
        tree = tree_of(text)
    except BadRequest as error:
        return str(error)
    found = next((said for node in tree.walk() if (said := _beyond(node))), None)
    return f"`{found}` is no part of its condition; {ONE_ROW}" if found else failing_cast(tree)


def _beyond(node: exp.Expr) -> str | None:
    """Return what of the statement goes beyond a row, as it is written."""
    if isinstance(node, exp.Query):
        return "SELECT"
    if isinstance(node, exp.Window):
        return "OVER"
    if isinstance(node, exp.AggFunc):
        return node.sql_name().lower()
    is_named = isinstance(node, exp.Column) and bool(node.table)
    return node.sql("athena") if is_named or isinstance(node, exp.Star | exp.Alias) else None
