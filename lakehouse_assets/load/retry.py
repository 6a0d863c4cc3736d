"""Read the rows that are tried again: pending ones in every run, selected rejects in a replay.

These rows come from the control tables with the identity they always had (file, etag, line, time of the file), are
read as text like any landed record, and go through the same rules.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.formats.csv_strict import allow_long_fields
from lakehouse_assets.formats.protocol import record_batch
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.sql.silver import ROWS_PER_FILE

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.load.state import LoadInput

KEY = ("dataset", "file", "etag", "line")
"""Columns of a control table that identify a landed record."""


def identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of `KEY`: which landed record a row of a control table is."""
    return tuple(row[name] for name in KEY)


class Retry:
    """Hold the rows of one run that come from control tables."""

    def __init__(self, work: LoadInput) -> None:
        self._pending = ControlTable(work.controls["pending"], work.lake)
        self._rejects = ControlTable(work.controls["rejects"], work.lake)
        self._pending.ensure()
        self._rejects.ensure()
        self.seen = self._pending.read(columns="dataset, file, etag, CAST(line AS BIGINT) AS line, first_seen, run_id")
        wanted = "dataset, file, etag, line, file_time, raw, fields"
        self.rows: list[dict[str, Any]] = self._pending.read(columns=wanted).to_pylist()
        if work.manifest.mode == "replay":
            where = open_rejects_where(work.manifest.selection, work.manifest.run_id)
            chosen = self._rejects.read(where, wanted).to_pylist()
            self.rows += _corrected(chosen, work) if "corrected" in work.manifest.selection else chosen
            # A row waits and is an open reject when an earlier try died between the two tables.
            self.rows = list({identity(row): row for row in self.rows}.values())
        self._numbers: dict[tuple[str, str, str], int] = {}

    def ordinals(self, files: Iterable[FileEntry]) -> dict[int, tuple[FileEntry, bool]]:
        """Number all files, those of retried rows included, by (time, name); the flag marks a retried row's file."""
        retried = {(r["dataset"], r["file"], r["etag"]): _entry(r) for r in self.rows}
        both = [(entry, False) for entry in files] + [(entry, True) for entry in retried.values()]
        both.sort(key=lambda item: (item[0].modified, item[0].key, not item[1], item[0].etag))
        numbered = dict(enumerate(both))
        self._numbers = {(e.dataset, e.key, e.etag): n for n, (e, again) in numbered.items() if again}
        return numbered

    def files_relation(self, ordinals: dict[int, tuple[FileEntry, bool]]) -> pa.Table:
        """Return the relation `__files`: ordinal, file, etag, file_time (zone-less UTC)."""
        import pyarrow as pa

        return pa.table(
            {
                "ordinal": pa.array(list(ordinals), pa.int64()),
                "file": pa.array([e.key for e, _ in ordinals.values()], pa.string()),
                "etag": pa.array([e.etag for e, _ in ordinals.values()], pa.string()),
                "file_time": pa.array(
                    [e.modified.replace(tzinfo=None) for e, _ in ordinals.values()], pa.timestamp("us")
                ),
            }
        )

    def batch(self, dataset: str, columns: tuple[str, ...]) -> pa.RecordBatch:
        """Return the retried rows of one dataset as text with their `_row`; `ordinals` must have been called."""
        rows = [self._text_row(row, columns) for row in self.rows if row["dataset"] == dataset]
        return record_batch(rows, columns)

    def _text_row(self, row: dict[str, Any], columns: tuple[str, ...]) -> tuple[Any, ...]:
        fields = orjson.loads(row["fields"]) if row["fields"] else None
        number = self.number(row)
        if fields is None:
            return (number, True, *(None for _ in columns))
        return (number, False, *(fields.get(column) for column in columns))

    def number(self, row: dict[str, Any]) -> int:
        """Return the `_row` of a retried row."""
        return self._numbers[(row["dataset"], row["file"], row["etag"])] * ROWS_PER_FILE + int(row["line"])

    def by_row(self) -> dict[int, dict[str, Any]]:
        """Return the retried rows by `_row`."""
        return {self.number(row): row for row in self.rows}


def _entry(row: dict[str, Any]) -> FileEntry:
    from datetime import UTC

    return FileEntry(row["dataset"], row["file"], row["etag"], 0, row["file_time"].replace(tzinfo=UTC))


def open_rejects_where(selection: dict[str, str], run_id: str | None = None) -> str:
    """Return a predicate on the rejects table: open ones that meet the selection (any of code, file, run).

    With a run id: those that were open when that run began, whatever an earlier try of it made of them.
    """
    tests = ["status = 'open'"]
    if run_id is not None:
        this = literal(run_id).sql("duckdb")
        tests = [f"(status = 'open' AND run_id <> {this} OR replayed_by = {this})"]
    for name, test in (
        ("code", "list_contains(string_split(codes, ','), {})"),
        ("file", "file = {}"),
        ("run", "run_id = {}"),
    ):
        if name in selection:
            tests.append(test.format(literal(selection[name]).sql("duckdb")))
    return " AND ".join(tests)


def _corrected(chosen: list[dict[str, Any]], work: LoadInput) -> list[dict[str, Any]]:
    """Return rejects with the text of a corrected CSV, which names them by `_file`, `_line` and `_etag`.

    Raises:
        BadRequest: the CSV lacks these columns, or names a row that is no open reject of the selection.
    """
    text = work.lake.store.read(work.manifest.selection["corrected"]).decode("utf-8-sig")
    allow_long_fields()
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if not {"_file", "_line", "_etag"} <= set(reader.fieldnames or ()):
        hint = "`lakehouse rejects show --format csv` writes them"
        raise BadRequest(message=f"the corrected CSV needs the columns _file, _line and _etag; {hint}")
    rows = {(row["file"], str(row["line"]), row["etag"]): row for row in chosen}
    found = []
    for fixed in reader:
        original = rows.get((fixed["_file"], fixed["_line"], fixed["_etag"]))
        if original is None:
            raise BadRequest(message=f"`{fixed['_file']}` line {fixed['_line']} is no open reject of this selection")
        fields = {name: value for name, value in fixed.items() if name and not name.startswith("_")}
        found.append({**original, "fields": orjson.dumps(fields).decode()})
    return found
