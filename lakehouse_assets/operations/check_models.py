"""Find what is wrong with a gold model before any run: its window, its columns, and whether an engine takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.binding import sample_window
from lakehouse_assets.engines.fitting import MOST_DIGITS
from lakehouse_assets.operations.findings import REFUSALS, Files, Finding, said
from lakehouse_assets.sql.dialects import tree_of

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.operations.empty_lake import EmptyLake


def model_findings(contract: Contract, select: str, lake: EmptyLake, files: Files) -> Iterator[Finding]:
    """Report a model that ignores its window, does not bind, or does not give the contract's columns."""
    label = f"gold.{contract.name}"
    ignored = window_problem(contract, select)
    if ignored:
        yield files.placed(Finding(label, ignored, "select"))
    try:
        schema = lake.schema(select, sample_window(contract))
    except REFUSALS as error:
        if not (ignored and "has no value" in str(error)):
            yield files.placed(Finding(label, f"its SELECT: {said(error)}", "select"), said(error))
        return
    yield from (files.placed(finding, finding.problem) for finding in _columns(contract, schema, label))
    for sql in narrow_sums(select):
        out = "a row with a large sum is kept out of the table; DECIMAL(38,s) has room"
        room = f"its SELECT has a sum without room, {sql}: {out}"
        yield files.placed(Finding(label, room, "select", is_hint=True), "`sum`")


def narrow_sums(select: str) -> list[str]:
    """Return the sums that a SELECT casts to a DECIMAL that does not have all the digits there are.

    >>> narrow_sums("SELECT CAST(sum(a) AS DECIMAL(18, 2)) AS a, CAST(sum(b) AS DECIMAL(38, 2)) AS b FROM t")
    ['CAST(SUM(a) AS DECIMAL(18, 2))']
    """
    casts = (node for node in tree_of(select).find_all(exp.Cast) if node.to.this == exp.DType.DECIMAL)
    return [
        node.sql(dialect="athena")
        for node in casts
        if node.this.find(exp.Sum) and node.to.expressions and int(node.to.expressions[0].name) < MOST_DIGITS
    ]


def window_problem(contract: Contract, select: str) -> str | None:
    """Say how a SELECT ignores the window of its table, or names one that the table does not have; None when neither.

    Without `:everything` a table cannot be built whole, without its touched values it is built whole for every file.
    """
    named = {node.name for node in tree_of(select).find_all(exp.Placeholder)}
    source = contract.window_source
    if source is None:
        other = sorted(named - {"everything"})
        return f"its SELECT names `:{other[0]}`, and its contract has no `window`" if other else None
    lacking = [f"`:{name}`" for name in ("everything", source) if name not in named]
    if not lacking and _asks_for(select, source):
        return None
    ignored = f"it does not name {' and '.join(lacking)}" if lacking else f"no WHERE asks for what is IN (:{source})"
    return (
        f"its SELECT ignores its window: {ignored}; "
        f'write WHERE :everything OR "{contract.window}" IN (:{source}), or take `window` out of the contract'
    )


def _asks_for(select: str, source: str) -> bool:
    """Say whether a condition on rows, of a WHERE, a join or a HAVING, asks for the touched values."""
    return any(
        any(isinstance(item, exp.Placeholder) and item.name == source for item in node.expressions)
        and node.find_ancestor(exp.Where, exp.Join, exp.Having)
        for node in tree_of(select).find_all(exp.In)
    )


def _columns(contract: Contract, schema: pa.Schema, label: str) -> Iterator[Finding]:
    """Report columns that a model lacks, has too many, or gives in types that the table's do not take."""
    from lakehouse_assets.engines.iceberg import arrow_schema

    wanted = arrow_schema(contract)
    for name in (name for name in wanted.names if name not in schema.names):
        yield Finding(label, f"its SELECT gives no column `{name}`; it gives {_listed(schema.names)}", "select")
    for name in (name for name in schema.names if name not in wanted.names):
        problem = f"its SELECT gives a column `{name}`, which the contract does not have and the table will not hold"
        yield Finding(label, problem, "select", is_hint=True)
    for field in (field for field in wanted if field.name in schema.names):
        given = schema.field(field.name).type
        if not _fits(given, field.type):
            said_type = contract.column(field.name).type
            problem = f"its SELECT gives column `{field.name}` as {given}, the contract says {said_type}"
            yield Finding(label, problem, "select")


def _fits(given: Any, wanted: Any) -> bool:  # noqa: ANN401 - Arrow types
    """Say whether every value of one type is a value of the other, up to what a cast at the commit checks."""
    import pyarrow as pa

    kinds = (pa.types.is_integer, pa.types.is_decimal, pa.types.is_floating, pa.types.is_temporal, pa.types.is_nested)
    numbers = (pa.types.is_integer, pa.types.is_decimal)
    if any(kind(given) for kind in numbers) and any(kind(wanted) for kind in numbers):
        return True
    return bool(given == wanted or any(kind(given) and kind(wanted) for kind in kinds) or pa.types.is_null(given))


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
