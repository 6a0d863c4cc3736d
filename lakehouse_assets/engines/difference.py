"""Compare a table at two moments, or in two lakes, by the key of its contract; DuckDB joins, and may spill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.connection import Limits, connect
from lakehouse_assets.engines.duckdb_tables import scan
from lakehouse_assets.engines.exhaustion import damaged, exhausted
from lakehouse_assets.engines.httpfs import ready
from lakehouse_assets.engines.time_travel import files_at
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import duckdb

KINDS = ("added", "removed", "changed", "same")
FETCH_ROWS = 10_000


@dataclass(frozen=True)
class Side:
    """Say which state of a table is meant: in which lake, as committed until when (zone-aware; None for now)."""

    lake: Lake
    as_of: datetime | None = None


class Difference:
    """Hold two states of a table that are open for comparison; `compared` makes it."""

    def __init__(self, contract: Contract, db: duckdb.DuckDBPyConnection) -> None:
        self._contract, self._db = contract, db
        self.columns = [c.name for c in contract.content if not c.key]

    def counts(self) -> dict[str, int]:
        """Count the keys by what became of them: added, removed, changed, same."""
        rows = self._run(f"SELECT change, count(*) FROM ({self._joined()}) GROUP BY 1").fetchall()
        return dict.fromkeys(KINDS, 0) | dict(rows)

    def changed_columns(self) -> dict[str, int]:
        """Count the changed keys by column, those that changed anywhere."""
        counted = ", ".join(f"count(*) FILTER ({_differs(name)})" for name in self.columns)
        if not counted:
            return {}
        (row,) = self._run(f"SELECT {counted} FROM {self._pairs('JOIN')}").fetchall()
        return {name: count for name, count in zip(self.columns, row, strict=True) if count}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield one row per value that differs, ordered by key: what became of the key, the key, column, before, after.

        A key that was added or removed is one row, without a column.
        """
        keys = ", ".join(f'"{name}"' for name in self._contract.key)
        cells = ", ".join(
            f"CASE WHEN {_differs(c)} THEN {{'name': '{c}', 'old': {_text('b', c)}, 'new': {_text('a', c)}}} END"
            for c in self.columns
        )
        none = "{'name': NULL::VARCHAR, 'old': NULL::VARCHAR, 'new': NULL::VARCHAR}"
        listed = f"CASE WHEN {_BOTH} THEN list_filter([{cells or none}], lambda c: c IS NOT NULL) ELSE [{none}] END"
        select = f"SELECT change, {keys}, unnest(cells) AS cell FROM ({self._joined(f'{listed} AS cells')})"
        cursor = self._run(
            f"SELECT change, {keys}, cell.name, cell.old, cell.new FROM ({select}) WHERE change <> 'same' "
            f"ORDER BY {keys}, cell.name"
        )
        while found := self._guarded(lambda: cursor.fetchmany(FETCH_ROWS)):
            yield from found

    def _joined(self, *more: str) -> str:
        """Return a SELECT of every key of either state: what became of it, the key, and further expressions."""
        differs = " OR ".join(_differs(name) for name in self.columns) or "FALSE"
        change = f"CASE WHEN b.{_IN} IS NULL THEN 'added' WHEN a.{_IN} IS NULL THEN 'removed'"
        kinds = f"{change} WHEN {differs} THEN 'changed' ELSE 'same' END AS change"
        keys = [f'coalesce(a."{name}", b."{name}") AS "{name}"' for name in self._contract.key]
        return f"SELECT {', '.join([kinds, *keys, *more])} FROM {self._pairs('FULL JOIN')}"

    def _pairs(self, join: str) -> str:
        on = " AND ".join(f'b."{name}" IS NOT DISTINCT FROM a."{name}"' for name in self._contract.key)
        return f"(SELECT *, TRUE AS {_IN} FROM before) AS b {join} (SELECT *, TRUE AS {_IN} FROM after) AS a ON {on}"

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        found: duckdb.DuckDBPyConnection = self._guarded(lambda: self._db.execute(sql))
        return found

    def _guarded(self, call: Any) -> Any:  # noqa: ANN401 - whatever DuckDB returns
        import duckdb

        try:
            return call()
        except duckdb.Error as error:
            name = self._contract.catalog_name
            raise exhausted(error) or damaged(error, [name]) or BadRequest(message=str(error).split("\n")[0]) from error


_IN = "__in"
_BOTH = f"a.{_IN} IS NOT NULL AND b.{_IN} IS NOT NULL"


def _differs(column: str) -> str:
    return f'b."{column}" IS DISTINCT FROM a."{column}"'


def _text(side: str, column: str) -> str:
    return f'CAST({side}."{column}" AS VARCHAR)'


@contextmanager
def compared(contract: Contract, before: Side, after: Side, limits: Limits) -> Iterator[Difference]:
    """Open two states of a table for comparison.

    Raises:
        BadRequest: the table has no key, or was not yet there at a moment.
        TableMissing: the table is not in one of the lakes.
    """
    if not contract.key:
        raise BadRequest(message=f"`{contract.catalog_name}` has no key, and tables are compared by key")
    db, spilled = connect(**limits)
    with spilled:
        for name, side in (("before", before), ("after", after)):
            files = files_at(contract, side.lake, side.as_of)
            ready(db, [*files.rows, *files.deletes])
            db.execute(f"CREATE VIEW {name} AS {scan(contract, files.rows, db, deletes=files.deletes)}")
        _lock(db, [before.lake.root, after.lake.root])
        yield Difference(contract, db)
        db.close()


def _lock(db: duckdb.DuckDBPyConnection, roots: Sequence[str]) -> None:
    """Lock the connection, so that DuckDB reads nothing outside of the lakes from here on."""
    folders = ", ".join("'" + root.replace("'", "''") + "'" for root in roots)
    db.execute(f"SET allowed_directories = [{folders}]")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
