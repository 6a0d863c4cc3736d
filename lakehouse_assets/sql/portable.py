"""The functions that our SQL may use: those that mean the same on every engine, and the macros.

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
    exp.Exists,
    exp.Greatest,
    exp.Concat,
)
"""Functions as sqlglot knows them; `Concat` and `Greatest` only of non-null arguments."""

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


def check(tree: exp.Expr) -> None:
    """Refuse a statement that uses anything outside the list.

    Raises:
        UnportableSql: names the first offender and what to use instead.
    """
    for node in tree.find_all(exp.Func, exp.Div):
        if isinstance(node, exp.Anonymous) and node.name.lower() in MACROS:
            continue
        if not isinstance(node, ALLOWED):
            found = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
            raise UnportableSql(found=found, instead=INSTEAD.get(type(node), "a macro (sql/macros.py lists them)"))
