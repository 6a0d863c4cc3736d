"""What a lake's tables hold, as plain rows, so that lakes of different runtimes can be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import control_tables
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets.storage.lake import open_lake

Rows = list[tuple[Any, ...]]


def contents(lake: str | Path, pipeline: str = "ecommerce") -> dict[str, Rows]:
    """The business columns of every silver and gold table by name, ordered by key, and the open rejects."""
    known = contracts(pipeline)
    scope = QueryScope(open_lake(str(lake)), {c.catalog_name: c for c in known.values() if c.layer != "landing"})
    found = {c.name: rows(scope, c) for c in known.values() if c.layer in {"silver", "gold"}}
    rejects = control_tables(known, pipeline)["rejects"].catalog_name
    open_ones = f"SELECT dataset, file, line, codes, raw FROM {rejects} WHERE status = 'open' ORDER BY 1, 2, 3"
    return found | {"rejects": answered(scope, open_ones)}


def rows(scope: QueryScope, contract: Contract) -> Rows:
    """The rows of one table."""
    columns = ", ".join(f'"{column.name}"' for column in contract.content)
    order = ", ".join(f'"{name}"' for name in contract.key)
    return answered(scope, f"SELECT {columns} FROM {contract.catalog_name} ORDER BY {order}")


def answered(scope: QueryScope, sql: str) -> Rows:
    """The rows of a query."""
    return [row for batch in ask(scope, sql, None).batches for row in batch]
