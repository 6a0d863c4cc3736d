"""Let DuckDB divide, average and multiply as Athena does: the types that Athena gives, its rounding, its errors.

DuckDB divides into a DOUBLE and says NULL or infinity where the divisor is 0; its average of decimals is a DOUBLE too.
Athena (https://trino.io/docs/current/functions/decimal.html) keeps decimals exact, rounds half away from zero, and
fails with DIVISION_BY_ZERO. A number with a point is a decimal; one with an exponent is a DOUBLE, and divides as such.

Belongs here: types of arithmetic, and what stands for it in DuckDB. Not here: functions, which sqlglot translates.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from lakehouse_assets.contracts.types import MAX_PRECISION
from lakehouse_assets.sql.athena_defaults import decimal_size

DIGITS = {exp.DType.TINYINT: 3, exp.DType.SMALLINT: 5, exp.DType.INT: 10, exp.DType.BIGINT: 19}
"""Says how many digits the decimal has that Athena makes of a whole number."""
FAST_PRECISION = 18
"""Up to so many digits DuckDB multiplies decimals in 64 bits, and fails where the product needs more."""
MACROS = (
    "CREATE MACRO __divisor(d) AS CASE WHEN d = 0 THEN error('DIVISION_BY_ZERO: Division by zero') ELSE d END",
    "CREATE MACRO __quotient(n, d) AS CASE WHEN n IS NOT NULL THEN n // __divisor(d) END",
    "CREATE MACRO __remainder(n, d) AS CASE WHEN n IS NOT NULL THEN n % __divisor(d) END",
    """CREATE MACRO __half_up(n, d) AS CASE WHEN n IS NOT NULL THEN
    (CASE WHEN (n < 0) <> (d < 0) THEN -1 ELSE 1 END) * ((2 * abs(n) + abs(d)) // (2 * abs(__divisor(d)))) END""",
)
"""These statements have to be run before one that `in_duckdb` returns."""
Size = tuple[int, int]
"""Holds the digits of a decimal, and how many of them stand after its point."""


def in_duckdb(tree: exp.Expr, schema: MappingSchema) -> exp.Expr:
    """Return the statement with the arithmetic of Athena written for DuckDB.

    Args:
        tree: a statement whose columns are qualified.
        schema: the types of its tables' columns, in Athena's words.
    """
    typed = annotate_types(tree, schema=schema, dialect="athena", expression_metadata=_metadata())
    for node in reversed(list(typed.walk())):  # the inner ones first
        write = WRITERS.get(type(node))
        found = write(node) if write else None
        if found is not None and node.parent is not None:
            found.type = node.type
            _outermost(node).replace(found)
    return typed


@lru_cache(maxsize=1)
def _metadata() -> dict[type[exp.Expr], dict[str, Any]]:
    """Return how sqlglot works out types, with those of decimals as Athena has them."""
    usual = Dialect.get_or_raise("athena").EXPRESSION_METADATA
    own: dict[type[exp.Expr], Callable[[exp.Expr], exp.DataType | None]] = {
        exp.Literal: _literal,
        exp.Div: lambda e: _binary(e, lambda a, b: (a[0] + b[1] + max(b[1] - a[1], 0), max(a[1], b[1]))),
        exp.Mul: lambda e: _binary(e, lambda a, b: (a[0] + b[0], a[1] + b[1])),
        exp.Add: lambda e: _binary(e, _sum_of),
        exp.Sub: lambda e: _binary(e, _sum_of),
        exp.Mod: lambda e: _binary(e, lambda a, b: (max(a[0] - a[1], b[0] - b[1]) + max(a[1], b[1]), max(a[1], b[1]))),
        exp.Sum: lambda e: _of_decimal(e, lambda size: (MAX_PRECISION, size[1])),
        exp.Avg: lambda e: _of_decimal(e, lambda size: size),
    }
    return usual | {kind: {"annotator": _annotator(work, usual.get(kind, {}))} for kind, work in own.items()}


def _annotator(
    work: Callable[[exp.Expr], exp.DataType | None], usual: dict[str, Any]
) -> Callable[[Any, exp.Expr], Any]:
    def annotate(types: Any, node: exp.Expr) -> Any:  # noqa: ANN401 - sqlglot's own annotator
        found = work(node)
        if found is not None:
            return types._set_type(node, found)  # noqa: SLF001 - as sqlglot's own annotators do
        return usual["annotator"](types, node) if "annotator" in usual else types._set_type(node, usual.get("returns"))  # noqa: SLF001

    return annotate


def _literal(node: exp.Expr) -> exp.DataType | None:
    text = str(node.this)
    if node.is_string or "e" in text.lower() or "." not in text:
        return None
    return _decimal(decimal_size(text))


def _binary(node: exp.Expr, work: Callable[[Size, Size], Size]) -> exp.DataType | None:
    left, right = _size(node.this), _size(node.expression)
    if left is None or right is None or (_is_whole(node.this) and _is_whole(node.expression)):
        return None
    return _decimal(work(left, right))


def _sum_of(a: Size, b: Size) -> Size:
    return max(a[0] - a[1], b[0] - b[1]) + max(a[1], b[1]) + 1, max(a[1], b[1])


def _of_decimal(node: exp.Expr, work: Callable[[Size], Size]) -> exp.DataType | None:
    size = _size(_argument(node))
    return None if size is None or _is_whole(_argument(node)) else _decimal(work(size))


def _argument(node: exp.Expr) -> exp.Expr:
    """Return what an aggregate is of, also where it is of distinct values."""
    inner: exp.Expr = node.this
    return inner.expressions[0] if isinstance(inner, exp.Distinct) and inner.expressions else inner


def _decimal(size: Size) -> exp.DataType:
    digits, scale = min(size[0], MAX_PRECISION), min(size[1], MAX_PRECISION)
    return exp.DataType.from_str(f"DECIMAL({max(digits, scale, 1)}, {scale})")


def _size(node: exp.Expr) -> Size | None:
    """Return the size of a decimal or of a whole number as one; None for what is neither, or unknown."""
    kind = node.type
    if kind is None or kind.this in DIGITS:
        return None if kind is None else (DIGITS[kind.this], 0)
    if kind.this != exp.DType.DECIMAL:
        return None
    sizes = [int(one.this.name) for one in kind.expressions]
    return (sizes[0], sizes[1] if len(sizes) > 1 else 0) if sizes else (MAX_PRECISION, 0)


def _is_whole(node: exp.Expr) -> bool:
    return node.type is not None and node.type.this in DIGITS


def _divided(node: exp.Expr) -> exp.Expr | None:
    left, right, size = node.this, node.expression, _size(node)
    if _is_whole(left) and _is_whole(right):
        return exp.func("__quotient", left.copy(), right.copy())
    sizes = _size(left), _size(right)
    if size is None or sizes[0] is None or sizes[1] is None:
        return None
    further = size[1] - sizes[0][1] + sizes[1][1]
    return _quotient(_digits(left, sizes[0][1], further), _digits(right, sizes[1][1], 0), size)


def _remaining(node: exp.Expr) -> exp.Expr | None:
    if _size(node.this) is None or _size(node.expression) is None:
        return None
    return exp.func("__remainder", node.this.copy(), node.expression.copy())


def _averaged(node: exp.Expr) -> exp.Expr | None:
    """Return the quotient of sum and count, each with the FILTER and the window of the average."""
    size = _size(node)
    if size is None:
        return None
    outer = _outermost(node)
    total, count = (_instead(outer, node, kind(this=node.this.copy())) for kind in (exp.Sum, exp.Count))
    return _quotient(_digits(total, size[1], 0), exp.cast(count, "INT128"), size)


def _multiplied(node: exp.Expr) -> exp.Expr | None:
    left, right = _size(node.this), _size(node.expression)
    if _size(node) is None or left is None or right is None or (_is_whole(node.this) and _is_whole(node.expression)):
        return None
    if max(left[0], right[0]) > FAST_PRECISION or left[0] + right[0] <= FAST_PRECISION:
        return None
    wide = exp.cast(node.this.copy(), f"DECIMAL({MAX_PRECISION}, {left[1]})")
    return exp.Mul(this=wide, expression=node.expression.copy())


def _quotient(dividend: exp.Expr, divisor: exp.Expr, size: Size) -> exp.Expr:
    """Return the decimal of this size whose digits are the rounded quotient of two whole numbers."""
    digits = exp.cast(exp.func("__half_up", dividend, divisor), f"DECIMAL({MAX_PRECISION}, 0)")
    if not size[1]:
        return exp.cast(digits, f"DECIMAL({size[0]}, 0)")
    unit = exp.cast(exp.Literal.string(f"0.{'1'.rjust(size[1], '0')}"), f"DECIMAL({size[1]}, {size[1]})")
    return exp.cast(exp.Mul(this=digits, expression=unit), f"DECIMAL({size[0]}, {size[1]})")


def _digits(node: exp.Expr, scale: int, further: int) -> exp.Expr:
    """Return the digits of a decimal as a whole number, with so many zeros behind them."""
    whole = exp.cast(exp.Mul(this=exp.paren(node.copy()), expression=_power(scale)), "INT128")
    return exp.Mul(this=whole, expression=exp.cast(_power(further), "INT128")) if further else whole


def _power(exponent: int) -> exp.Expr:
    return exp.Literal.number(f"1{'0' * exponent}")


def _outermost(node: exp.Expr) -> exp.Expr:
    """Return an aggregate with its FILTER and its window, and anything else as it is."""
    while isinstance(node, (exp.Avg, exp.Filter)) and isinstance(node.parent, (exp.Filter, exp.Window)):
        if node.parent.this is not node:
            break
        node = node.parent
    return node


def _instead(outer: exp.Expr, node: exp.Expr, new: exp.Expr) -> exp.Expr:
    """Return a copy of an expression in which another node stands for one of its own."""
    if outer is node:
        return new
    copy = outer.copy()
    found = copy.this
    while not isinstance(found, exp.Avg):
        found = found.this
    found.replace(new)
    return copy


WRITERS: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr | None]] = {
    exp.Div: _divided,
    exp.Mod: _remaining,
    exp.Avg: _averaged,
    exp.Mul: _multiplied,
}
