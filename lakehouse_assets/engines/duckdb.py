"""Run the load on the embedded engine: DuckDB reads and computes, delta-rs commits, and nothing has to be started.

Memory is bounded by a setting; DuckDB spills what does not fit into a temporary folder. Plain files are read by
DuckDB's own CSV reader in parallel; the position of a row in the staged table gives its line in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import delta, wide_rows
from lakehouse_assets.engines.connection import SYSTEM_SPILL, Spill, connect
from lakehouse_assets.engines.duckdb_files import Records, in_processes, kind_of, reading
from lakehouse_assets.engines.duckdb_tables import relation_of, scan
from lakehouse_assets.engines.exhaustion import exhausted
from lakehouse_assets.engines.httpfs import Renewal
from lakehouse_assets.engines.processes import Each, Tally, Workers
from lakehouse_assets.engines.protocol import BatchMapper, Commit, Guard, Item, NativeFile, Parts, Result, TextSource
from lakehouse_assets.errors import NativeRefused, TableMissing
from lakehouse_assets.interruption import Duty
from lakehouse_assets.machine import usable_cores
from lakehouse_assets.sql.dialects import Parameter, render
from lakehouse_assets.sql.silver import ROWS_PER_FILE
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable

ARROW_ROWS = 131_072
"""Rows per record batch on the way to delta-rs: large enough for speed, a few tens of MB at most."""


MOST_PROCESSES = 4
"""How many processes read files at most: each takes some 80 MB."""
READERS = 2
"""How many files are looked at side by side; a block of each is held in memory."""
ITEMS_AT_ONCE = 100
"""How many items of a list a thread takes at once: handing one over takes as long as looking at a small file."""
FILES_AT_ONCE = 1000
"""How many files DuckDB's reader is given in one statement: it holds some 50 kB for each until the end."""


class DuckEngine:
    """Run the load's SQL on DuckDB; see `protocol.Engine`.

    Args:
        lake: the lake whose tables the engine reads and writes.
        zone: source time zone.
        memory: DuckDB's memory limit, as DuckDB spells it (`1GB`).
        threads: how many threads DuckDB may use; None for all.
        spill: where and how much of what does not fit into memory is spilled.
    """

    name, callers = "duckdb", 1
    part_bytes: int | None = None

    def __init__(
        self,
        lake: Lake,
        *,
        zone: str = "UTC",
        memory: str = "800MB",
        threads: int | None = None,
        spill: Spill = SYSTEM_SPILL,
    ) -> None:
        self.lake, self._zone = lake, zone
        self._opened, self._spill = connect(memory, threads, spill)
        self._remote = Renewal(self._opened)
        self._tally, self._processes = Tally(), min(threads or usable_cores(), MOST_PROCESSES)
        self._attached: dict[str, DeltaTable] = {}
        self._duty = Duty(ask=self._opened.interrupt, clean=self._spill.cleanup)

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        """Return the connection for one more statement, with credentials of now, since a run may outlive them."""
        self._remote.renew()
        return self._opened

    @property
    def scratch(self) -> str | None:
        """Return the spill folder: threads and processes that look at files are on this machine."""
        return self._spill.name

    def counter(self) -> Tally:
        """Return what sums up the counts of processes that read files, once each of their tasks has ended."""
        return self._tally

    def close(self) -> None:
        """Give back memory and the spill folder."""
        self._opened.close()
        self._spill.cleanup()
        self._duty.done()

    def sql(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> str:
        """Translate Athena SQL to DuckDB's."""
        return render(sql, "duckdb", zone=self._zone, parameters=parameters, table=relation_of)

    def map(self, work: Callable[[Item], Result], items: Sequence[Item], *, python_bytes: int = 0) -> list[Result]:
        """Do the work in a few threads, or in processes where it is Python's and much; see `Engine.map`."""
        size = max(1, min(ITEMS_AT_ONCE, len(items) // (READERS * READERS)))
        some = [list(items[first : first + size]) for first in range(0, len(items), size)]
        if in_processes(python_bytes, self._processes):
            found = Workers(Each(work), self._processes, self._tally).answers(some)
            return list(chain.from_iterable(found))
        with ThreadPoolExecutor(READERS) as pool:
            return list(chain.from_iterable(pool.map(Each(work), some)))

    def stage(self, name: str, text: TextSource, sql: str) -> int:
        """Read every group of like files with DuckDB, everything else from record batches; see `Engine.stage`."""
        parsed = self.sql(sql)
        parts = [
            self._stage_native(f"{name}__native{number}", list(files), text.columns, parsed)
            for number, (_, files) in enumerate(groupby(sorted(text.native, key=kind_of), kind_of))
        ]
        if text.retried is not None:
            again, retried = f"{name}__again", self.sql(text.retried)
            self._db.execute(f"CREATE OR REPLACE TEMP TABLE {again} AS WITH __raw AS ({retried}) {parsed}")
            parts.append(f"SELECT * FROM {again}")
        counted = 0
        if text.small or text.odd or not parts:
            counted = self._stage_odd(f"{name}__odd", text, parsed)
            parts.append(f"SELECT * FROM {name}__odd")
        self._db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL BY NAME '.join(parts)}")
        return counted

    def _stage_native(self, name: str, files: list[NativeFile], columns: tuple[str, ...], parsed: str) -> str:
        """Read like files, some at a time, since the reader holds memory for each that it was given."""
        files = sorted(files, key=lambda file: file.ordinal)
        self._remote.begin(file.uri for file in files)
        for first in range(0, len(files), FILES_AT_ONCE):
            raw = reading(files[first : first + FILES_AT_ONCE], first, columns)
            made = f"INSERT INTO {name}" if first else f"CREATE OR REPLACE TEMP TABLE {name} AS"
            self._read_natively(f"{made} WITH __raw AS NOT MATERIALIZED ({raw}) {parsed}")
        return self._numbered(name, files)

    def _read_natively(self, statement: str) -> None:
        import duckdb

        try:
            self._db.execute(statement)
        except (duckdb.InvalidInputException, duckdb.IOException) as error:  # odd content, or a file that is gone
            if known := exhausted(error):  # a disk that is full is no fault of the file
                raise known from error
            raise NativeRefused(engine=self.name, problem=str(error).splitlines()[0]) from error

    def _numbered(self, name: str, files: list[NativeFile]) -> str:
        """Return a SELECT that turns (file index, position in the table) into `_row`; line 1 is the header.

        Raises:
            NativeRefused: DuckDB made another number of records of a file than it holds lines, or tore a file apart.
        """
        query = f"SELECT _row, min(rowid), max(rowid) + 1 - min(rowid), count(*) FROM {name} GROUP BY _row"
        found = {index: (first, span, count) for index, first, span, count in self._db.execute(query).fetchall()}
        for index, file in enumerate(files):
            if found.get(index, (0, 0, 0))[1:] != (file.records, file.records):
                raise NativeRefused(engine=self.name, problem=f"{file.uri} holds {file.records} lines")
        bases = [file.ordinal * ROWS_PER_FILE + 2 - found[index][0] for index, file in enumerate(files)]
        return f"SELECT * REPLACE ({bases}[_row + 1] + rowid AS _row) FROM {name}"

    def _stage_odd(self, name: str, text: TextSource, parsed: str) -> int:
        """Read files through the format's reader while the result is made; return how many records there were."""
        import duckdb
        import pyarrow as pa

        schema = pa.schema(
            [("_row", pa.int64()), ("_malformed", pa.bool_()), *((c, pa.string()) for c in text.columns)]
        )
        records = Records(text, self._tally, self._processes)
        self._db.register("__raw", pa.RecordBatchReader.from_batches(schema, iter(records)))
        try:
            self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {parsed}")
        except duckdb.Error as error:  # DuckDB tells of an error in what it reads as one of its own
            raise (records.failure or error) from error
        self._db.unregister("__raw")
        return records.counted

    def derive(self, name: str, sql: str, mapper: BatchMapper) -> None:
        """Read the rows in pages and insert what the mapper makes of them; see `Engine.derive`.

        A connection cannot be read and written in one breath, so each page is read as a whole. A page is a range of
        the row numbers of a table that holds nothing but these rows in their order.
        """
        self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name}__of AS SELECT * FROM ({self.sql(sql)}) ORDER BY _row")
        self.register(name, mapper.schema.empty_table())
        for batch in mapper(self._pages(f"{name}__of")):
            self._db.register("__arrow", batch)
            self._db.execute(f"INSERT INTO {name} SELECT * FROM __arrow")
            self._db.unregister("__arrow")
        self._db.execute(f"DROP TABLE {name}__of")

    def _pages(self, table: str) -> Iterator[pa.RecordBatch]:
        rows = int(self._db.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
        for first in range(0, rows, ARROW_ROWS):
            page = f"SELECT * FROM {table} WHERE rowid >= {first} AND rowid < {first + ARROW_ROWS} ORDER BY rowid"
            yield from self._db.execute(page).to_arrow_table().to_batches()

    def keep(self, name: str, sql: str, parameters: Mapping[str, Parameter] | None = None) -> None:
        """Keep the result as a temporary table."""
        self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {self.sql(sql, parameters)}")

    def add(self, name: str, sql: str, parameters: Mapping[str, Parameter] | None = None) -> None:
        """Add the result to a relation that is kept, all of it or, where that fails, nothing."""
        self._db.execute(f"INSERT INTO {name} {self.sql(sql, parameters)}")

    def view(self, name: str, sql: str) -> None:
        """Create a temporary view of the query."""
        self._db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {self.sql(sql)}")

    def register(self, name: str, table: pa.Table) -> None:
        """Copy a small Arrow table into DuckDB."""
        self._db.register("__arrow", table)
        self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM __arrow")
        self._db.unregister("__arrow")

    def rows(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[dict[str, Any]]:
        """Return all rows of the query as dictionaries."""
        cursor = self._db.execute(self.sql(sql, parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def read_whole(self, name: str) -> None:
        """Read every value of a relation, and forget it."""
        self._db.execute(f"SELECT max(hash(COLUMNS(*))) FROM {name}")

    def is_rising(self, sql: str) -> bool:
        """Say whether the column rises, in one pass in the order it comes: a tenth of what a GROUP BY takes."""
        keys = f"SELECT k FROM ({self.sql(sql)}) AS keys(k)"
        pairs = f"SELECT k, lag(k) OVER () AS p FROM ({keys})"
        is_text = self._db.execute(f"{keys} LIMIT 0").description[0][1] == "VARCHAR"
        falls = "strlen(k) < strlen(p) OR (strlen(k) = strlen(p) AND k <= p)" if is_text else "k <= p"
        return not self._db.execute(f"SELECT 1 FROM ({pairs}) WHERE {falls} LIMIT 1").fetchall()

    def values(self, sql: str) -> list[Any]:
        """Return the query's one column as a list."""
        found: list[Any] = self.arrow(sql).column(0).to_pylist()
        return found

    def arrow(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> pa.Table:
        """Return the result as one Arrow table (gold windows, previews)."""
        return self._db.execute(self.sql(sql, parameters)).to_arrow_table()

    def batches(self, sql: str, rows: int = ARROW_ROWS) -> Iterator[pa.RecordBatch]:
        """Yield the result in record batches of so many rows, in the order of the query, as they are asked for."""
        yield from self._db.execute(self.sql(sql)).to_arrow_reader(rows)

    def attach(self, contract: Contract) -> bool:
        """Ensure the Delta table and show its live files under its catalog name."""
        self._attached[contract.name] = table = delta.ensure(contract, self.lake)
        files = self.lake.delta_files(contract, table)
        self.show_files(relation_of(contract.catalog_name), contract, files, alike=delta.is_uniform(table))
        return bool(files)

    def parts(self, contract: Contract) -> Parts:
        """Return the data files of the attached version."""
        return delta.parts(contract, self._attached[contract.name], self.lake)

    def show_parts(self, name: str, contract: Contract, files: Sequence[str]) -> None:
        """Create a view of these files; see `Engine.show_parts`."""
        self._remote.begin(files)
        alike = delta.is_uniform(self._attached[contract.name])
        self._db.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS {scan(contract, files, self._db, alike=alike, named=True)}"
        )

    def held_rows(self, contract: Contract) -> int:
        """Return how many rows a table has, as its log says where it does."""
        noted = delta.noted_rows(self._attached[contract.name]) if contract.name in self._attached else None
        return int(self.rows(f"SELECT count(*) AS n FROM {contract.catalog_name}")[0]["n"]) if noted is None else noted

    def show(self, contract: Contract) -> None:
        """Show a table of whatever layer under its catalog name; gold that is not there yet is shown without rows."""
        if contract.layer != "gold":
            self.attach(contract)
            return
        name = relation_of(contract.catalog_name)
        try:
            live, alike = self.lake.iceberg_files(contract), self.lake.is_uniform(contract)
            self.show_files(name, contract, live.rows, alike=alike, deletes=live.deletes)
        except TableMissing:
            self.show_files(name, contract, ())

    def show_files(
        self,
        name: str,
        contract: Contract,
        files: Sequence[str],
        *,
        alike: bool = False,
        deletes: Sequence[str] = (),
    ) -> None:
        """Show the rows of these data files of a table under a name; see `duckdb_tables.scan`."""
        self._remote.begin([*files, *deletes])
        select = scan(contract, files, self._db, alike=alike, deletes=deletes)
        self._db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}")

    def merge(
        self, contract: Contract, sql: str, *, updates: bool, dates: Sequence[Any] | None, guard: Guard
    ) -> Commit:
        """Stream the rows to delta-rs; see `Engine.merge`.

        Rows that hold the text of whole records are not merged by delta-rs, which would hold all of them: with the rows
        that stay of their files they are streamed in the place of all rows of those.
        """
        table = self._attached[contract.name]
        if not (updates and wide_rows.is_wide(contract)):
            return delta.commit(contract, table, self._stream(contract, sql), guard, dates=dates, updates=updates)
        self.keep("__written", f"SELECT {', '.join(contract.key)} FROM ({sql}) AS r")
        count = int(self.values("SELECT count(DISTINCT file) FROM __written")[0])
        if not count:
            return delta.measured(table, delta.data_files(table), delta.rows_in(table))
        where = wide_rows.within(self.values(wide_rows.files_of("__written")), count)
        # One after the other, since each of them joins by keys that are long texts.
        both = self._stream(contract, sql, wide_rows.those_that_stay(contract, "__written", where))
        return delta.overwrite(contract, table, both, guard, where)

    def _stream(self, contract: Contract, *statements: str) -> pa.RecordBatchReader:
        """Return the rows of statements in the columns and types of a table, one statement after the other."""
        import pyarrow as pa

        columns, schema = ", ".join(f'"{c.name}"' for c in contract.columns), delta.arrow_schema(contract)
        selects = (f"SELECT {columns} FROM ({sql}) AS r" for sql in statements)
        batches = chain.from_iterable(self.batches(select, delta.rows_at_once(contract)) for select in selects)
        return pa.RecordBatchReader.from_batches(schema, (_as(batch, schema) for batch in batches))

    def delete(self, contract: Contract, sql: str, guard: Guard) -> None:
        """Stream the keys to delta-rs; see `Engine.delete`."""
        reader = self._db.execute(self.sql(sql)).to_arrow_reader(ARROW_ROWS)
        delta.delete(contract, self._attached[contract.name], reader, guard)


def _as(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch in the table's types; zone-less moments are UTC."""
    import pyarrow as pa

    return pa.RecordBatch.from_arrays(
        [a.cast(f.type) for a, f in zip(batch.columns, schema, strict=True)], schema=schema
    )
