"""Read the control tables of a pipeline (rejects, pending, run ledger), and write the run ledger, which is small.

The load reads and writes rejects and pending rows on its engine (`rejects.py`). A row of the ledger that is there
already with the same values is not written again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.duckdb_tables import scan
from lakehouse_assets.engines.httpfs import ready
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.sql.dialects import render
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable

PENDING_DAYS = 7
"""Days after which a row whose parent never came is rejected, counted from when it was first seen."""


@cache
def _scratch() -> duckdb.DuckDBPyConnection:
    """Open an empty DuckDB database once per process: opening one takes longer than what is done with it."""
    import duckdb

    db = duckdb.connect()
    db.execute("SET GLOBAL TimeZone = 'UTC'")
    return db


@dataclass(frozen=True)
class ControlTable:
    """Hold one control table of a lake: its contract and where it is."""

    contract: Contract
    lake: Lake

    def ensure(self) -> None:
        """Create the table from its contract where it is absent."""
        delta.ensure(self.contract, self.lake)

    def read(self, where: str = "TRUE", columns: str = "*") -> pa.Table:
        """Return the rows that meet a predicate, in portable SQL; moments are zone-less UTC.

        Raises:
            TableMissing: the table is not there (yet).
        """
        with self._shown(self.lake.delta(self.contract)) as db:
            return db.execute(render(f"SELECT {columns} FROM held WHERE {where}", "duckdb")).to_arrow_table()

    def sync(self, rows: pa.Table, guard: Guard, compare: Sequence[str]) -> int:
        """Insert rows with a new key, update those whose `compare` columns differ; returns how many were written."""
        if not rows.num_rows:
            return 0
        key = " AND ".join(f'h."{k}" = r."{k}"' for k in self.contract.key)
        differs = " OR ".join(f'h."{c}" IS DISTINCT FROM r."{c}"' for c in compare) or "FALSE"
        new = f'h."{self.contract.key[0]}" IS NULL'
        columns = ", ".join(f'r."{c.name}"' for c in self.contract.columns)
        table = self.lake.delta(self.contract)
        with self._shown(table) as db:
            db.register("rows", rows)
            query = (
                f"SELECT {columns}, {new} AS _new FROM rows AS r LEFT JOIN held AS h ON {key} WHERE {new} OR {differs}"
            )
            changed = db.execute(query).to_arrow_table()
        if changed.num_rows:
            updates = not all(changed["_new"].to_pylist())
            source = changed.drop_columns(["_new"]).cast(delta.arrow_schema(self.contract))
            delta.commit(self.contract, table, source, guard, dates=None, updates=updates)
        return int(changed.num_rows)

    def remove(self, keys: pa.Table, guard: Guard) -> None:
        """Delete the rows with these keys (columns named like the key)."""
        if keys.num_rows:
            delta.delete(self.contract, self.lake.delta(self.contract), keys.to_reader(), guard)

    def _shown(self, table: DeltaTable) -> duckdb.DuckDBPyConnection:
        """Return a scratch connection that shows the table as `held`."""
        db = _scratch().cursor()
        files = self.lake.delta_files(self.contract, table)
        ready(db, files)
        db.execute(f"CREATE TEMP VIEW held AS {scan(self.contract, files, db)}")
        return db

    def rows(self, values: Sequence[Mapping[str, Any]]) -> pa.Table:
        """Return Python values as rows in the table's columns; moments are zone-less UTC until they are written."""
        import pyarrow as pa

        schema = delta.arrow_schema(self.contract)
        naive = pa.schema(
            [pa.field(f.name, pa.timestamp("us") if pa.types.is_timestamp(f.type) else f.type) for f in schema]
        )
        return pa.Table.from_pylist([dict(value) for value in values], schema=naive)
