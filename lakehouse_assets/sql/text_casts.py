"""Find the casts of a rule's predicate that fail on a text which is none of the type: one such row would stop a run."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

SAME_TEXT = {"parse_text", "parse_key", "key_shape", "as_text"}
"""Names the macros that give the text they are given, more or less."""
TEXTS = {"json_field", "json_object_of", "sorted_codes"}
"""Names the macros that make a text of whatever they are given."""
READERS = {
    exp.DType.TINYINT: "parse_int({})",
    exp.DType.SMALLINT: "parse_int({})",
    exp.DType.INT: "parse_int({})",
    exp.DType.BIGINT: "parse_bigint({})",
    exp.DType.FLOAT: "parse_double({})",
    exp.DType.DOUBLE: "parse_double({})",
    exp.DType.BOOLEAN: "parse_bool({})",
    exp.DType.DATE: "parse_date({})",
    exp.DType.TIMESTAMP: "parse_instant({})",
    exp.DType.TIMESTAMPTZ: "parse_instant({})",
}
"""Maps types to the macro that reads them of text, as it is written."""


def failing_cast(tree: exp.Expr) -> str | None:
    """Say which cast of a condition fails on some text of a landing column, and what to write; None where none does.

    A cast of a literal, to text, and of what a macro has read already are no such casts, and neither is TRY_CAST.

    >>> from lakehouse_assets.sql.dialects import tree_of
    >>> failing_cast(tree_of("CAST(days AS INTEGER) > 3")).partition(";")[2]
    ' write TRY_CAST(days AS INTEGER) or parse_int(days), which are NULL there'
    >>> failing_cast(tree_of("CAST(parse_int(days) AS BIGINT) > 3")) is None
    True
    """
    for node in tree.find_all(exp.Cast):
        if not isinstance(node, exp.TryCast) and not _is_text(node.to) and _is_source_text(node.this):
            kind = _written(node.to)
            tried = f"TRY_CAST({_written(node.this)} AS {kind})"
            return (
                f"`CAST({_written(node.this)} AS {kind})` fails on a text that is no {kind}, which would stop the run; "
                f"write {tried} or {_reader(node)}, which are NULL there"
            )
    return None


def _is_source_text(node: exp.Expr) -> bool:
    """Say whether a value is text as it landed, or made of it."""
    is_made = isinstance(node, exp.Anonymous) and node.name.lower() in TEXTS
    return is_made or isinstance(node, exp.Column) or any(map(_is_source_text, _given(node)))


def _given(node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the parts of an expression whose text it may give."""
    is_wide = isinstance(node, exp.Coalesce | exp.Greatest | exp.Concat | exp.DPipe)
    if is_wide or (isinstance(node, exp.Anonymous) and node.name.lower() in SAME_TEXT):
        yield from node.iter_expressions()
    elif isinstance(node, exp.Paren | exp.Nullif) or (isinstance(node, exp.Cast) and _is_text(node.to)):
        yield node.this
    elif isinstance(node, exp.Case | exp.If):
        branches = [*node.args.get("ifs", ()), node]
        values = (branch.args.get(name) for branch in branches for name in ("true", "false", "default"))
        yield from (value for value in values if value is not None)


def _is_text(kind: exp.DataType) -> bool:
    return bool(kind.is_type(*exp.DataType.TEXT_TYPES))


def _reader(cast: exp.Cast) -> str:
    """Return the macro that reads what a cast reads."""
    text = _written(cast.this)
    if cast.to.is_type(exp.DType.DECIMAL):
        size = ", ".join(part.sql("athena") for part in cast.to.expressions) or "38, 0"
        return f"parse_decimal({text}, {size})"
    return READERS.get(cast.to.this, "a parse_* macro").format(text)


def _written(node: exp.Expr) -> str:
    return node.sql("athena", normalize_functions=False)
