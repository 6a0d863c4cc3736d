"""List the functions that our SQL may use: the macros, and those that mean the same on every engine.

Anything else is refused when the SQL is rendered, with the way out. Averages, ordered aggregates and divisions are
not on the list on purpose: `ratio` of two integer sums says what an average of whatever type says.
"""

from __future__ import annotations

from sqlglot import exp

from lakehouse_assets.errors import UnportableSql
from lakehouse_assets.sql.macros import MACROS

ALLOWED: tuple[type[exp.Expr], ...] = (
    exp.Abs,
    exp.And,
    exp.Or,
    exp.Case,
    exp.If,
    exp.Cast,
    exp.TryCast,
    exp.Coalesce,
    exp.Nullif,
    exp.Count,
    exp.Sum,
    exp.Min,
    exp.Max,
    exp.RowNumber,
    exp.Lag,
    exp.Lead,
    exp.Exists,
    exp.Greatest,
    exp.Concat,
)
"""Lists the allowed functions as sqlglot's classes; `Concat` and `Greatest` take only arguments that are not null."""

INSTEAD: dict[type, str] = {
    exp.Avg: "ratio(sum(x), count(x))",
    exp.Div: "int_div(a, b) or ratio(a, b)",
    exp.Trim: "blank(x)",
    exp.DateDiff: "whole_days(a, b)",
    exp.DateAdd: "add_days(date, n)",
    exp.RegexpLike: "a macro of sql/macros.py",
    exp.Round: "integer arithmetic in cents",
    exp.CurrentTimestamp: "the parameter :as_of",
    exp.CurrentDate: "the parameter :as_of",
}


OPERATORS: dict[type[exp.Expr], str] = {
    exp.Div: INSTEAD[exp.Div],
    exp.Mod: "a - b * int_div(a, b)",
    exp.Interval: "add_days(date, n)",
    exp.AtTimeZone: "local_date(moment) or utc(moment)",
    exp.BitwiseXor: "arithmetic",
    exp.BitwiseAnd: "arithmetic",
    exp.BitwiseOr: "arithmetic",
}
"""Maps operators that engines define differently to what to write instead: zones, `%` of negative numbers, `^`."""
ORDERED = (exp.RowNumber, exp.Lag, exp.Lead)
"""Lists the functions that mean nothing without an order."""
FRACTIONS = {"ratio", "exchange", "money", "parse_amount", "parse_decimal", "parse_double"}
"""Names the macros whose values may have digits after the point."""
WHOLE = (exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT)


def check(tree: exp.Expr) -> None:
    """Refuse a statement that uses anything outside the list.

    What needs the types of columns is not seen here: a difference of two date columns is written `whole_days(a, b)`,
    and a column with digits after the point is not cast to a whole number.

    Raises:
        UnportableSql: names the first offender and what to use instead.
    """
    for node in tree.walk():
        found = _offence(node)
        if found:
            raise UnportableSql(found=found[0], instead=found[1])


def _offence(node: exp.Expr) -> tuple[str, str] | None:
    """Say what is wrong with one node and what to use instead, or return None."""
    if type(node) in OPERATORS:
        return node.key, OPERATORS[type(node)]
    return _unlisted(node) or _vague(node)


def _unlisted(node: exp.Expr) -> tuple[str, str] | None:
    """Report a function that is not on the list."""
    if not isinstance(node, exp.Func) or isinstance(node, ALLOWED):
        return None
    name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
    if isinstance(node, exp.Anonymous) and name in MACROS:
        return None
    return name, INSTEAD.get(type(node), 'what docs/adding-a-pipeline.md lists under "What SQL may use"')


def _vague(node: exp.Expr) -> tuple[str, str] | None:
    """Report a use of a listed function whose result engines choose differently."""
    if isinstance(node, exp.AggFunc) and node.find(exp.Order):
        return f"{node.key} with ORDER BY", "a window with row_number()"
    if isinstance(node, exp.Window) and isinstance(node.this, ORDERED) and not node.args.get("order"):
        return f"{node.this.sql_name().lower()} without ORDER BY", "one with the order that decides"
    if isinstance(node, exp.Cast) and node.to.this in WHOLE and any(map(_has_fraction, node.this.walk())):
        return f"a cast to {node.to.sql()}", "parse_int(text) or int_div(a, b): casts round differently"
    return None


def _has_fraction(node: exp.Expr) -> bool:
    """Say whether a value may have digits after the point, as far as the text shows."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in FRACTIONS
    if isinstance(node, exp.Cast):
        return node.to.this not in WHOLE and node.to.is_type(*exp.DataType.NUMERIC_TYPES)
    return isinstance(node, exp.Literal) and not node.is_string and not node.is_int
