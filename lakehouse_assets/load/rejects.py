"""Keep rejected and pending rows in their control tables, with the raw text that is read anew from just their files.

The rows stay in the engine: it compares them with what the tables hold, and writes what is new or differs. A row that
is there already is not written again, so a second try of the same run writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.formats.protocol import raw_schema
from lakehouse_assets.load.file_source import FileSource
from lakehouse_assets.load.text_form import text_form
from lakehouse_assets.sql import corrections
from lakehouse_assets.sql import rejects as statements
from lakehouse_assets.sql.silver import ROWS_PER_FILE

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from lakehouse_assets.load.retry import Retry
    from lakehouse_assets.load.state import LoadInput, TableLoad

BATCH_BYTES = 1 << 23
"""About how many bytes of raw text are gathered before they go to the engine."""


@dataclass(frozen=True)
class RejectWriter:
    """Write the control tables of rejects and pending rows for one run.

    Attributes:
        work: what the load was asked.
        engine: where its relations are.
        retry: the rows that it tries again.
    """

    work: LoadInput
    engine: Engine
    retry: Retry

    def gather(self, loads: list[TableLoad]) -> None:
        """Bring together all rows that are not loaded, with what stands in their files, as relation `__unloaded`.

        Raises:
            LandingChanged: a file with such rows changed since it was read; their text is not there any more.
        """
        parts = [self._gathered(table) for table in loads if table.has_unloaded]
        if parts:
            self.engine.view("__unloaded", " UNION ALL ".join(parts))
        else:
            self.engine.register("__unloaded", _nothing())
        self.engine.register("__read", _read(loads))

    def _gathered(self, table: TableLoad) -> str:
        contract, name = table.contract, table.name
        unloaded = statements.unloaded(contract, orphaned=table.has_orphaned, waiting=table.has_waiting)
        self.engine.keep(f"{name}__unloaded", unloaded)
        rows = f"SELECT _row FROM {name}__unloaded"
        self.engine.derive(f"{name}__raw_text", rows, RawTexts(table.sources.source))
        slow = statements.unspelled(contract)
        if slow:
            self.engine.derive(f"{name}__slow_text", statements.to_write(contract), SlowTexts(slow))
        twins = _twins(table, self.retry)
        if twins.num_rows:
            self.engine.register(f"{name}__twins", twins)
        kept = statements.kept(contract, retried=self.retry.has_rows, twins=bool(twins.num_rows))
        return corrections.latest(contract, kept) if self._recurs(contract) else kept

    def _recurs(self, contract: Contract) -> bool:
        return self.work.datasets[contract.landing].recurs

    def write(self, guard: Guard) -> None:
        """Bring both tables up to date with what became of every row.

        A row that goes from one table to the other is written there before it leaves here.
        """
        contract, engine = self.work.controls["pending"], self.engine
        engine.keep("__gone", statements.no_longer_pending(contract))
        engine.keep("__waiting", statements.new_pending(contract))
        news = _news(engine, "__waiting")
        if news:
            rows = statements.pending_rows(contract, self.work.manifest.run_id, self.work.as_of)
            engine.merge(contract, rows, updates=False in news, dates=None, guard=guard)
        self.write_rejects(guard, *self._settled())
        if self.retry.keeps_pending and engine.rows("SELECT 1 AS n FROM __gone LIMIT 1"):
            engine.attach(contract)
            engine.delete(contract, "SELECT * FROM __gone", guard)

    def _settled(self) -> tuple[list[str], list[str]]:
        """Return the SELECTs of open rejects that are corrected by what came later, and of those that it supersedes."""
        if not self.retry.keeps_rejects:
            return [], []
        rejects, tables = self.work.controls["rejects"], self.work.tables
        older = self._held("__older", corrections.older(rejects))
        later = [contract for contract in tables if contract.landing in older]
        corrected = [corrections.corrected(contract) for contract in later]
        superseded = [corrections.rejected_again(contract) for contract in later]
        if not any(map(self._recurs, tables)):
            return corrected, superseded
        came = self._held("__recurring", corrections.recurring(rejects))
        again = [contract for contract in tables if contract.landing in came and self._recurs(contract)]
        corrected += [corrections.corrected_anywhere(contract) for contract in again]
        return corrected, superseded + [corrections.superseded(contract) for contract in again]

    def _held(self, name: str, sql: str) -> set[str]:
        """Keep a relation of rejects and return the datasets that it holds some of."""
        self.engine.keep(name, sql)
        return {row["dataset"] for row in self.engine.rows(f"SELECT DISTINCT dataset FROM {name}")}

    def write_rejects(self, guard: Guard, corrected: Sequence[str] = (), superseded: Sequence[str] = ()) -> None:
        """Write new rejects; mark those that this run read again and found good as replayed.

        Args:
            guard: see `Guard`.
            corrected: SELECTs of others that are marked as corrected.
            superseded: SELECTs of those that are marked as superseded.
        """
        contract, engine, retried = self.work.controls["rejects"], self.engine, self.retry.has_rows
        news, settled = {True}, False
        if self.retry.keeps_rejects:
            engine.keep("__rejected", statements.new_rejects(contract, retried=retried))
            settling = {"corrected": corrected, "superseded": superseded}
            engine.keep("__settled", statements.settled_rejects(contract, retried=retried, **settling))
            news = _news(engine, "__rejected")
            settled = bool(engine.rows("SELECT 1 AS n FROM __settled LIMIT 1"))
        elif not engine.rows("SELECT 1 AS n FROM __unloaded WHERE NOT _pending LIMIT 1"):
            return
        if news or settled:
            facts = (self.work.manifest.run_id, self.work.as_of)
            rows = statements.reject_rows(contract, *facts, compared=self.retry.keeps_rejects, settled=settled)
            engine.merge(contract, rows, updates=settled or False in news, dates=None, guard=guard)


def _news(engine: Engine, relation: str) -> set[bool]:
    """Return which kinds of rows a relation holds: True for those that the table lacks, False for those that differ."""
    return {row["_new"] for row in engine.rows(f"SELECT DISTINCT _new FROM {relation}")}


def _nothing() -> pa.Table:
    """Return the relation `__unloaded` of a run that loads every row."""
    import pyarrow as pa

    names = (*statements.BASE, "parsed", "_pending")
    types: Mapping[str, Any] = {"line": pa.int32(), "file_time": pa.timestamp("us"), "_pending": pa.bool_()}
    return pa.schema([(name, types.get(name, pa.string())) for name in names]).empty_table()


def _read(loads: list[TableLoad]) -> pa.Table:
    """Return the relation `__read`: every content that this run read, once."""
    import pyarrow as pa

    skipped = {key for table in loads for key in table.sources.skipped}
    read = {(e.key, e.etag) for table in loads for e in table.entries.values() if e.key not in skipped}
    columns = zip(*sorted(read), strict=True) if read else ((), ())
    return pa.table({name: pa.array(some, pa.string()) for name, some in zip(("file", "etag"), columns, strict=True)})


def _twins(table: TableLoad, retry: Retry) -> pa.Table:
    """Return the relation `<t>__twins`: ordinals of contents that come again in this run, and where they come next."""
    import pyarrow as pa

    found: dict[tuple[str, str], int] = {}
    twins: list[tuple[int, int]] = []
    for ordinal, entry in sorted((retry.entries(table.contract.landing) | table.entries).items()):
        if (entry.key, entry.etag) in found:
            twins.append((found[entry.key, entry.etag], ordinal))
        found[entry.key, entry.etag] = ordinal
    columns = zip(*twins, strict=True) if twins else ((), ())
    return pa.table({name: pa.array(c, pa.int64()) for name, c in zip(("ordinal", "later"), columns, strict=True)})


@dataclass(frozen=True)
class RawTexts:
    """Read what stands in their files of rows that are given by number; see `protocol.BatchMapper`.

    Attributes:
        source: the files; rows of other files are left out.
    """

    source: FileSource

    @property
    def schema(self) -> pa.Schema:
        """Return `_row`, and `raw` and `fields` as in `formats.protocol.raw_schema`."""
        import pyarrow as pa

        return pa.schema([pa.field("_row", pa.int64()), *list(raw_schema())[1:]])

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield each row that stands in a file of this run; their order is lost."""
        held, size = [], 0
        for found in self._texts(batches):
            held.append(found)
            size += found.nbytes
            if size >= BATCH_BYTES:
                yield _one(held)
                held, size = [], 0
        if held:
            yield _one(held)

    def _texts(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        import pyarrow.compute as pc

        for ordinal, positions in _by_file(batches):
            if ordinal in self.source.entries:
                for found in self.source.raw_text(ordinal, positions):
                    rows = pc.add(found.column(0), ordinal * ROWS_PER_FILE)
                    yield pa.RecordBatch.from_arrays([rows, *found.columns[1:]], schema=self.schema)


def _by_file(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each file's ordinal with the positions of all of its rows, so that it is read once."""
    import numpy as np

    current = -1
    held: list[NDArray[np.int64]] = []
    for batch in batches:
        rows = batch.column("_row").to_numpy()
        ordinals, starts = np.unique(rows // ROWS_PER_FILE, return_index=True)
        for ordinal, some in zip(ordinals.tolist(), np.split(rows, starts[1:]), strict=True):
            if ordinal != current and held:
                yield current, np.concatenate(held)
                held = []
            current = ordinal
            held.append(some - ordinal * ROWS_PER_FILE)
    if held:
        yield current, np.concatenate(held)


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return the rows of several batches in one."""
    import pyarrow as pa

    return pa.concat_batches(batches)


@dataclass(frozen=True)
class SlowTexts:
    """Write the values of some columns as text, since engines write them differently; see `protocol.BatchMapper`.

    Attributes:
        columns: their names.
    """

    columns: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """Return `_row` and the columns as text."""
        import pyarrow as pa

        return pa.schema([("_row", pa.int64()), *((name, pa.string()) for name in self.columns)])

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the same rows."""
        import pyarrow as pa

        for batch in batches:
            texts = [pa.array(map(text_form, batch.column(c).to_pylist()), pa.string()) for c in self.columns]
            yield pa.RecordBatch.from_arrays([batch.column("_row"), *texts], schema=self.schema)
