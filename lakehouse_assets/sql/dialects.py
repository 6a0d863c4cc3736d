"""Turn Athena SQL into the SQL of an engine: check it, bind parameters, expand macros, name tables, write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

import sqlglot
from sqlglot import exp

from lakehouse_assets.contracts.types import MAX_PRECISION
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql import portable, syntax
from lakehouse_assets.sql.athena_defaults import with_sized_decimals
from lakehouse_assets.sql.macros import MACROS, Dialect, render_macro

MOST_KEPT = 30_000
"""Bounds the length of a statement whose text in a dialect is kept."""
Value = str | int | bool | Decimal | date | datetime | None


@dataclass(frozen=True)
class Values:
    """Name a relation of the engine whose column `value` stands for the list of an IN, however many rows it has."""

    relation: str


Parameter = Value | tuple[Value, ...] | list[Value] | Values
"""A named parameter holds one value, or a sequence or relation that stands for the list of an IN."""


def render(
    sql: str,
    dialect: Dialect,
    *,
    zone: str = "UTC",
    parameters: Mapping[str, Parameter] | None = None,
    table: Callable[[str], str] | None = None,
) -> str:
    """Write one Athena statement as text of `dialect`.

    Args:
        sql: a SELECT in Athena SQL, with macros and `:name` parameters.
        dialect: what to write.
        zone: the source time zone that macros read zone-less text in.
        parameters: values of the `:name` parameters, written as typed literals.
        table: maps a catalog name `database.table` to the engine's own name of it.

    Raises:
        UnportableSql: a function outside `portable.ALLOWED`.
        BadRequest: the text is no SQL, or a parameter has no value.
    """
    if parameters or len(sql) > MOST_KEPT:
        return _written(sql, dialect, zone, parameters or {}, table)
    return _kept(sql, dialect, zone, table)


@lru_cache(maxsize=512)  # Runs of one process ask for the same statements, and writing one takes milliseconds.
def _kept(sql: str, dialect: Dialect, zone: str, table: Callable[[str], str] | None) -> str:
    return _written(sql, dialect, zone, {}, table)


def _written(
    sql: str, dialect: Dialect, zone: str, parameters: Mapping[str, Parameter], table: Callable[[str], str] | None
) -> str:
    tree = parse(sql)
    portable.check(tree)
    # The tree is this call's own, and a copy of it takes as long as reading it.
    tree = _decided(tree.transform(_bind, parameters, copy=False))
    if table:
        tree = tree.transform(_rename, table, copy=False)
    tree = _expand(tree, dialect, zone)
    return tree.sql(dialect=dialect)


def parse(sql: str) -> exp.Expr:
    """Parse the text of one statement into its syntax tree.

    Raises:
        BadRequest: the text is no single SQL statement.
    """
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="athena") if tree is not None]
        sized = with_sized_decimals(sql)  # what is wrong is told of the text as it was written
        if sized != sql:
            trees = [tree for tree in sqlglot.parse(sized, read="athena") if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        raise BadRequest(message=f"this is no SQL that Athena knows: {syntax.problem_of(error)}") from error
    if len(trees) != 1:
        raise BadRequest(message=f"expected one SQL statement, got {len(trees)}")
    return trees[0]


@lru_cache(maxsize=1024)  # A code location asks for every model several times, and parsing takes milliseconds.
def tree_of(sql: str) -> exp.Expr:
    """Return the syntax tree of a statement, as `parse` does; it is shared, so nobody changes it.

    Raises:
        BadRequest: the text is no single SQL statement.
    """
    return parse(sql)


def literal(value: Value) -> exp.Expr:
    """Write a Python value as a typed literal that means the same on every engine.

    >>> literal(date(2025, 4, 1)).sql("athena")
    "CAST('2025-04-01' AS DATE)"
    """
    if isinstance(value, bool) or value is None:
        return exp.convert(value)
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.replace(tzinfo=None).isoformat(" ", "microseconds")), "TIMESTAMP(6)")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    if isinstance(value, Decimal):
        return _decimal(value)
    return exp.convert(value)


def _decimal(value: Decimal) -> exp.Expr:
    """Write a decimal as a literal with exactly its own number of digits before and after the point.

    >>> _decimal(Decimal("-0.050")).sql("athena"), _decimal(Decimal("12E2")).sql("athena")
    ("CAST('-0.050' AS DECIMAL(3, 3))", "CAST('1200' AS DECIMAL(4, 0))")

    Raises:
        BadRequest: the value is no finite number, or has more digits than a DECIMAL holds.
    """
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise BadRequest(message=f"`{value}` is no number that SQL knows")
    scale = max(0, -exponent)
    precision = max(len(digits) + max(0, exponent), scale)
    if precision > MAX_PRECISION:
        raise BadRequest(message=f"`{value}` has {precision} digits, and a DECIMAL holds {MAX_PRECISION}")
    return exp.cast(exp.Literal.string(f"{value:f}"), f"DECIMAL({precision}, {scale})")


def _bind(node: exp.Expr, parameters: Mapping[str, Parameter]) -> exp.Expr:
    if isinstance(node, exp.In):
        named = [parameters.get(item.name) for item in node.expressions if isinstance(item, exp.Placeholder)]
        if len(node.expressions) == len(named) == 1 and isinstance(named[0], Values):
            node.set("expressions", None)
            node.set("query", exp.select("value").from_(named[0].relation).subquery())
            return node
        items = [item for given in node.expressions for item in _values(given, parameters)]
        node.set("expressions", items)
        return node
    return _one(node, parameters) if isinstance(node, exp.Placeholder) else node


def _decided(tree: exp.Expr) -> exp.Expr:
    """Write `TRUE OR x` as TRUE and `FALSE OR x` as x: engines run a subquery in x although it decides nothing.

    >>> _decided(parse("SELECT a FROM t WHERE TRUE OR a IN (SELECT b FROM u)")).sql()
    'SELECT a FROM t WHERE TRUE'
    """
    for either in reversed(list(tree.find_all(exp.Or))):
        known = next((side for side in (either.left, either.right) if isinstance(side, exp.Boolean)), None)
        if known is not None:
            other = either.right if known is either.left else either.left
            either.replace(known if known.this else other)
    return tree


def _values(node: exp.Expr, parameters: Mapping[str, Parameter]) -> list[exp.Expr]:
    if not isinstance(node, exp.Placeholder):
        return [node]
    given = _given(node, parameters)
    if isinstance(given, Values):
        raise BadRequest(message=f"parameter `:{node.name}` is a relation and stands beside other values in an IN")
    values = given if isinstance(given, (tuple, list)) else (given,)
    return [literal(value) for value in values] or [exp.null()]


def _one(node: exp.Placeholder, parameters: Mapping[str, Parameter]) -> exp.Expr:
    given = _given(node, parameters)
    if isinstance(given, (tuple, list, Values)):
        raise BadRequest(message=f"parameter `:{node.name}` holds a list and stands outside an IN")
    return literal(given)


def _given(node: exp.Placeholder, parameters: Mapping[str, Parameter]) -> Parameter:
    if node.name not in parameters:
        raise BadRequest(message=f"parameter `:{node.name}` has no value; given are: {', '.join(parameters) or 'none'}")
    return parameters[node.name]


def _rename(node: exp.Expr, table: Callable[[str], str]) -> exp.Expr:
    if isinstance(node, exp.Table) and node.db:
        renamed = exp.to_table(table(f"{node.db}.{node.name}"))
        renamed.set("alias", node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name)))
        return renamed
    return node


def _expand(tree: exp.Expr, dialect: Dialect, zone: str) -> exp.Expr:
    """Replace macro calls, innermost first, by their text in the dialect."""
    calls = [n for n in tree.find_all(exp.Anonymous) if n.name.lower() in MACROS]
    for call in reversed(calls):
        text = render_macro(call.name.lower(), [a.sql(dialect=dialect) for a in call.expressions], dialect, zone)
        raw = exp.Paren(this=exp.Var(this=text))
        if call is tree:
            return raw
        call.replace(raw)
    return tree
