"""Build a gold table on the embedded engine: run the model, compare, and commit only a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import iceberg
from lakehouse_assets.engines.duckdb import DuckEngine, relation_of
from lakehouse_assets.engines.protocol import Commit, Guard
from lakehouse_assets.sql.gold import window_parameters


@dataclass(frozen=True)
class Built:
    """Hold what became of a gold table: rows new, changed and gone, rows it holds now, and the commit, if any."""

    inserted: int
    updated: int
    deleted: int
    rows: int
    commit: Commit | None


def build(engine: DuckEngine, contract: Contract, model: str, window: tuple[Any, ...] | None, guard: Guard) -> Built:
    """Bring the touched part of a gold table up to date.

    Args:
        engine: the engine, which has the model's sources attached.
        contract: the gold table.
        model: its SELECT.
        window: touched values of the window column; None for all of them. A table without a window column is built
            whole unless nothing at all was touched.
        guard: see `protocol.Guard`.
    """
    table = engine.attach_gold(contract)
    held = relation_of(contract.catalog_name)
    if window == ():
        return Built(0, 0, 0, _count(engine, held), None)
    parameters = window_parameters(contract, window)
    named = None if window is None or parameters["everything"] else window
    engine.keep("__fresh", model, parameters)
    if named is not None:
        engine.register("__window", _named(contract, named))
    inside = "TRUE" if named is None else _in_window(contract)
    engine.keep("__held", f"SELECT * FROM {held} AS h WHERE {inside}")
    counts = _difference(engine, contract)
    commit = None
    if any(counts.values()):
        bounds = iceberg.bounds_of(named) if named and _is_ranged(contract) else None
        commit = iceberg.replace(contract, table, _replacement(engine, contract, named), bounds, guard)
        engine.attach_gold(contract)
    return Built(counts["inserted"], counts["updated"], counts["deleted"], _count(engine, held), commit)


def _count(engine: DuckEngine, relation: str) -> int:
    return int(engine.rows(f"SELECT count(*) AS n FROM {relation}")[0]["n"])


def _named(contract: Contract, window: tuple[Any, ...]) -> Any:  # noqa: ANN401 - an Arrow table
    """Return the relation `__window` of the touched values.

    It is a relation because a list of hundreds would be compared one by one with every row.
    """
    import pyarrow as pa

    kind = iceberg.arrow_schema(contract).field(contract.window).type
    return pa.table({"value": pa.array(window, kind)})


def _in_window(contract: Contract) -> str:
    return f'EXISTS (SELECT 1 FROM __window AS w WHERE w.value = h."{contract.window}")'


def _is_ranged(contract: Contract) -> bool:
    """Say whether a window's values lie close together between two ends: dates of a run do, other keys do not."""
    return any(c.type == "DATE" for c in contract.columns if c.name == contract.window)


def _difference(engine: DuckEngine, contract: Contract) -> Mapping[str, int]:
    """Count the keys that are new, different, and gone."""
    on = " AND ".join(f'f."{k}" = h."{k}"' for k in contract.key)
    content = [c.name for c in contract.columns if not c.key]
    differs = " OR ".join(f'f."{c}" IS DISTINCT FROM h."{c}"' for c in content)
    first = contract.key[0]
    row = engine.rows(
        f'SELECT count(CASE WHEN h."{first}" IS NULL THEN 1 END) AS inserted, '
        f'count(CASE WHEN f."{first}" IS NULL THEN 1 END) AS deleted, '
        f'count(CASE WHEN f."{first}" IS NOT NULL AND h."{first}" IS NOT NULL AND ({differs}) THEN 1 END) AS updated '
        f"FROM __fresh AS f FULL JOIN __held AS h ON {on}"
    )[0]
    return {name: int(row[name]) for name in ("inserted", "updated", "deleted")}


def _replacement(engine: DuckEngine, contract: Contract, window: tuple[Any, ...] | None) -> Any:  # noqa: ANN401 - an Arrow table
    """Return the fresh rows and the held rows that the window does not name: those between its ends, or all."""
    columns = ", ".join(f'"{c.name}"' for c in contract.columns)
    order = ", ".join(f'"{k}"' for k in contract.key)
    fresh = f"SELECT {columns} FROM __fresh"
    if window is None:
        return engine.arrow(f"{fresh} ORDER BY {order}")
    if not _is_ranged(contract):
        others = f"SELECT {columns} FROM {contract.catalog_name} AS h WHERE NOT {_in_window(contract)}"
        return engine.arrow(f"{others} UNION ALL {fresh}")
    name = f'h."{contract.window}"'
    between = f"{name} >= :low AND {name} <= :high AND NOT {_in_window(contract)}"
    others = f"SELECT {columns} FROM {contract.catalog_name} AS h WHERE {between}"
    sql = f"SELECT * FROM ({fresh} UNION ALL {others}) AS b ORDER BY {order}"
    return engine.arrow(sql, {"low": min(window), "high": max(window)})
