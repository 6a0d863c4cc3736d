"""Make sure that a gold model gives rows of the window that it was asked for only: others would stand there twice."""

from __future__ import annotations

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.errors import ModelFailed


def require_inside(engine: DuckEngine, contract: Contract, rows: str, window: str) -> None:
    """Refuse rows outside of their window, which a part of the table must not write.

    Args:
        engine: it has both relations.
        contract: the gold table, which has a window.
        rows: relation of what the model gave.
        window: relation of the values that it was asked for, in the column `value`.

    Raises:
        ModelFailed: there is one; names a value.
    """
    column = contract.window
    inside = f'EXISTS (SELECT 1 FROM {window} AS w WHERE w.value = f."{column}")'
    select = f'SELECT count(*) AS n, min(f."{column}") AS value FROM {rows} AS f WHERE NOT {inside}'
    (found,) = engine.rows(select)
    if found["n"]:
        count = "1 row" if found["n"] == 1 else f"{found['n']:,} rows"
        value = "NULL" if found["value"] is None else f"`{found['value']}`"
        problem = (
            f"asked for a part, its SELECT gives {count} outside of it, such as `{column}` {value}, which would stand "
            f'in the table twice; write WHERE :everything OR "{column}" IN (:{contract.window_source}) where it reads '
            f"them, or take `window` out of the contract"
        )
        raise ModelFailed(table=contract.catalog_name, problem=problem)
