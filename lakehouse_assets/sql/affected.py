"""Make the statements, in Athena SQL, that find what changed rows affect, from the entries of `affects`.

What an entry may say is described in `contracts/affects.py`; the relation `<t>__changed` in `silver`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlglot import exp

from lakehouse_assets.contracts import Contract, Effect
from lakehouse_assets.contracts.affects import CHANGED, OLD, VALUE
from lakehouse_assets.sql.dialects import parse


def old_columns(contract: Contract) -> tuple[str, ...]:
    """Name the columns whose old value a load has to know: the date that bounds a merge, and what `affects` reads.

    A key has no old value: a row with another key is another row.
    """
    date = contract.date_column
    asked = {date, *(name for effect in contract.affects for name in _old_of(effect))}
    return tuple(c.name for c in contract.content if c.name in asked and c.name not in contract.key)


def values_of(contract: Contract, effect: Effect, *, updates: bool) -> list[str]:
    """Return SELECTs of one column, `value`, that give what the changed rows affect, maybe NULL, maybe more than once.

    Args:
        contract: the silver table whose rows changed.
        effect: one of its entries.
        updates: whether any of the rows is an update; without, none has an old value.
    """
    changed = f"{contract.name}__changed"
    if effect.select:
        return [_over(effect.select, changed)]
    names = (
        [effect.column, f"{OLD}{effect.column}"]
        if updates and effect.column in old_columns(contract)
        else [effect.column]
    )
    return [f'SELECT c."{name}" AS {VALUE} FROM {changed} AS c' for name in names]


def window_values(contract: Contract, known: Iterable[Contract]) -> tuple[str, ...]:
    """Return SELECTs of one column, `value`, that give all values of a gold table's window; none when they do not say.

    Args:
        contract: the gold table.
        known: the pipeline's contracts; silver's say which values its rows affect.
    """
    window = (contract.window_source or "").removeprefix("touched_")
    found = [_all_values(silver, window) for silver in known if silver.layer == "silver"] if window else []
    return () if None in found else tuple(select for selects in found for select in selects or ())


def _all_values(contract: Contract, window: str) -> list[str] | None:
    """Return SELECTs of one column, `value`, that give what the rows of a whole silver table affect of a window.

    They are those of a first load, which only inserts. None when one of them is a SELECT of its own: it would be
    asked about all rows at once, and is written for few.
    """
    effects = [e for e in contract.affects if e.window == window and e.when != "update" and not e.unless_first]
    if any(effect.select for effect in effects):
        return None
    return [f'SELECT t."{effect.column}" AS {VALUE} FROM {contract.catalog_name} AS t' for effect in effects]


def distinct(selects: Iterable[str], limit: int) -> str:
    """Return the SELECT of at most so many different values of all SELECTs together, without NULL."""
    union = " UNION ALL ".join(f"SELECT p.{VALUE} FROM ({select}) AS p" for select in selects)
    return f"SELECT DISTINCT q.{VALUE} FROM ({union}) AS q WHERE q.{VALUE} IS NOT NULL LIMIT {limit}"


@cache
def _old_of(effect: Effect) -> frozenset[str]:
    """Name the columns whose old value an entry reads."""
    if not effect.select:
        return frozenset({effect.column} if effect.column else ())
    names = (column.name for column in parse(effect.select).find_all(exp.Column))
    return frozenset(name.removeprefix(OLD) for name in names if name.startswith(OLD))


def _over(select: str, changed: str) -> str:
    """Return the SELECT with the relation `changed` replaced by the name that it has in this run."""

    def rename(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and not node.db and node.name == CHANGED:
            return exp.to_table(changed, alias=node.alias or CHANGED)
        return node

    return parse(select).transform(rename).sql("athena")
