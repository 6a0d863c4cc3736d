"""Write rejected and pending rows to their control tables, with raw text that is read anew from just their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.load.retry import KEY, Retry, identity
from lakehouse_assets.load.text_form import text_form
from lakehouse_assets.sql import silver

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.load.state import LoadInput, TableLoad


class RejectWriter:
    """Write the control tables of rejects and pending rows for one run."""

    def __init__(self, work: LoadInput, engine: Engine, retry: Retry) -> None:
        self._work, self._engine, self._retry = work, engine, retry
        self._rejects = ControlTable(work.controls["rejects"], work.lake)
        self._pending = ControlTable(work.controls["pending"], work.lake)
        self._retried = retry.by_row()

    def write(self, loads: list[TableLoad], guard: Guard) -> None:
        """Bring both tables up to date with what became of every row.

        Raises:
            LandingChanged: a file with such rows changed since it was read; their text is not there any more.
        """
        waiting = _once(row for table in loads for row in self._waiting(table))
        rejected = _once(row for table in loads for row in self._rejected(table))
        rejected += [row for row in waiting if row["_expired"]]
        pending = [row for row in waiting if not row["_expired"]]
        # A row that goes from one table to the other is written there before it leaves here.
        self._pending.sync(self._pending.rows(self._as_pending(pending)), guard, compare=["codes"])
        self._sync_rejects(rejected, loads, guard)
        self._pending.remove(self._no_longer({identity(row) for row in pending}), guard)

    def write_rejects(self, loads: list[TableLoad], guard: Guard) -> None:
        """Keep the rejects of a run that merges nothing."""
        rejected = _once(row for table in loads for row in self._rejected(table))
        self._rejects.sync(self._rejects.rows(self._as_rejects(rejected)), guard, compare=["codes", "status"])

    def _sync_rejects(self, rejected: list[dict[str, Any]], loads: list[TableLoad], guard: Guard) -> None:
        """Write new rejects; mark those that this run read again and found good as replayed."""
        rows = self._as_rejects(rejected)
        rows += self._replayed({identity(row) for row in rejected}, loads)
        self._rejects.sync(self._rejects.rows(rows), guard, compare=["codes", "status"])

    def _replayed(self, still: set[tuple[Any, ...]], loads: list[TableLoad]) -> list[dict[str, Any]]:
        read = {
            (e.key, e.etag) for table in loads for e in table.entries.values() if e.key not in table.sources.skipped
        }
        again = self._tried_again
        stamp = {"status": "replayed", "replayed_by": self._work.manifest.run_id, "replayed_at": self._work.as_of}
        return [
            {**row, **stamp}
            for row in self._rejects.read("status = 'open'").to_pylist()
            if identity(row) not in still and ((row["file"], row["etag"]) in read or identity(row) in again)
        ]

    def _no_longer(self, pending: set[tuple[Any, ...]]) -> pa.Table:
        """Return the keys of rows that were pending before and are not any more."""
        gone = [row for row in self._retry.seen.to_pylist() if identity(row) not in pending]
        return self._pending.rows(gone).select(list(KEY))

    def _waiting(self, table: TableLoad) -> Iterator[dict[str, Any]]:
        if f"{table.name}__waiting" in table.excluded:
            yield from self._with_raw(table, "waiting")

    def _rejected(self, table: TableLoad) -> Iterator[dict[str, Any]]:
        if table.report.counts.rejected:
            yield from self._with_raw(table, "rejected")

    def _with_raw(self, table: TableLoad, relation: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a relation with identity, raw text and text by column, file by file."""
        batches = self._engine.batches(silver.unloaded_rows(table.contract, relation, orphaned=table.has_orphaned))
        rows = (row for batch in batches for row in batch.to_pylist())
        for ordinal, group in groupby(rows, key=lambda row: row["_row"] // silver.ROWS_PER_FILE):
            yield from self._of_file(table, ordinal, list(group))

    def _of_file(self, table: TableLoad, ordinal: int, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        entry = table.entries.get(ordinal)
        if entry is None:
            for row in rows:
                origin = self._retried[row["_row"]]
                yield _complete(row, origin | {"modified": origin["file_time"]}, origin["raw"], origin["fields"])
            return
        texts = table.sources.raw_text(ordinal, {row["_row"] % silver.ROWS_PER_FILE for row in rows})
        for row in rows:
            found = texts[row["_row"] % silver.ROWS_PER_FILE]
            fields = None if found.fields is None else orjson.dumps(found.fields).decode()
            yield _complete(row, _origin(entry, found.position), found.text, fields)

    @property
    def _tried_again(self) -> set[tuple[Any, ...]]:
        return {identity(row) for row in self._retry.rows}

    def _as_rejects(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows as open rejects.

        A record whose correction went through is left out: it stays replayed when its file is read once more.
        """
        if not rows:
            return []
        settled = {identity(row) for row in self._rejects.read("status = 'replayed'", ", ".join(KEY)).to_pylist()}
        settled -= self._tried_again
        facts = {"run_id": self._work.manifest.run_id, "rejected_at": self._work.as_of, "status": "open"}
        return [_base(r) | {"parsed": r["parsed"]} | facts for r in rows if identity(r) not in settled]

    def _as_pending(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows as pending; a row that was pending before keeps its first run and when it was first seen."""
        before = {identity(row): row for row in self._retry.seen.to_pylist()}
        new = {"run_id": self._work.manifest.run_id, "first_seen": self._work.as_of}
        return [_base(row) | {name: before.get(identity(row), new)[name] for name in new} for row in rows]


def _once(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each record once.

    A record comes twice when its file is listed twice, or is read in the same run that tries the record again.
    """
    return list({identity(row): row for row in rows}.values())


def _origin(entry: FileEntry, line: int) -> dict[str, Any]:
    modified: datetime = entry.modified.replace(tzinfo=None)
    return {"dataset": entry.dataset, "file": entry.key, "etag": entry.etag, "line": line, "modified": modified}


def _complete(row: dict[str, Any], origin: dict[str, Any], raw: str, fields: str | None) -> dict[str, Any]:
    """Return one row of a control table: identity, codes, raw text, text by column, values that could be read."""
    codes = ",".join(sorted(code for code in row["_codes"].split(",") if code))
    values = {name: text_form(value) for name, value in row.items() if not name.startswith("_")}
    return {
        **{name: origin[name] for name in KEY},
        "file_time": origin["modified"],
        "codes": codes,
        "raw": raw,
        "fields": fields,
        "parsed": None if fields is None else orjson.dumps(values).decode(),
        "_expired": row["_expired"],
    }


def _base(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in (*KEY, "file_time", "codes", "raw", "fields")}
