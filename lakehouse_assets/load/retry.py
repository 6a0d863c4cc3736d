"""Find the rows that are tried again: pending ones in every run, selected rejects in a replay.

These rows come from the control tables with the identity they always had (file, etag, line, time of the file), are
read as text like any landed record, and go through the same rules. They stay in the engine.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.formats.compression import ByteStream
from lakehouse_assets.formats.csv_strict import allow_long_fields
from lakehouse_assets.sql import rejects as statements

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.load.state import LoadInput
    from lakehouse_assets.storage.objects import ObjectStore

MARKS = ("_file", "_line", "_etag")
"""Columns of a correction file that say which reject a row corrects."""
BATCH_ROWS = 10_000
"""How many rows of a correction file are held in memory."""


class Retry:
    """Show an engine the rows of one run that come from control tables.

    Attributes:
        counts: how many rows are tried again, by dataset.
        keeps_pending, keeps_rejects: whether the two control tables held anything when the run began.
    """

    def __init__(self, work: LoadInput, engine: Engine) -> None:
        self._engine = engine
        pending, rejects = work.controls["pending"], work.controls["rejects"]
        self.keeps_pending, self.keeps_rejects = engine.attach(pending), engine.attach(rejects)
        engine.keep("__seen", statements.seen(pending))
        chosen = _chosen(work, engine) if work.manifest.mode == "replay" else None
        self.counts: dict[str, int] = {}
        self._numbered: dict[int, tuple[FileEntry, bool]] = {}
        if self.keeps_pending or chosen:
            engine.keep("__tried", statements.tried(pending, chosen))
            counted = engine.rows("SELECT dataset, count(*) AS n FROM __tried GROUP BY dataset")
            self.counts = {row["dataset"]: row["n"] for row in counted}
            if "corrected" in work.manifest.selection:  # their text is among what is tried now, and is held once
                engine.register("__corrected", _no_correction())

    @property
    def has_rows(self) -> bool:
        """Say whether any row is tried again."""
        return bool(self.counts)

    def number(self, files: Iterable[FileEntry]) -> dict[int, tuple[FileEntry, bool]]:
        """Number all files, those of retried rows included, by (time, name), and show them as relation `__files`.

        The flag of a file says that it is one of retried rows.
        """
        both = [(entry, False) for entry in files] + [(entry, True) for entry in self._files()]
        both.sort(key=lambda item: (item[0].modified, item[0].key, not item[1], item[0].etag))
        numbered = dict(enumerate(both))
        self._numbered = numbered
        self._engine.register("__files", _files_relation(numbered))
        if self.has_rows:
            self._engine.view("__retried", statements.retried())
        return numbered

    def _files(self) -> list[FileEntry]:
        if not self.has_rows:
            return []
        rows = self._engine.rows("SELECT DISTINCT dataset, file, etag, file_time FROM __tried")
        return [FileEntry(r["dataset"], r["file"], r["etag"], 0, r["file_time"].replace(tzinfo=UTC)) for r in rows]

    def entries(self, dataset: str) -> dict[int, FileEntry]:
        """Return the files of a dataset's retried rows by ordinal."""
        return {n: entry for n, (entry, again) in self._numbered.items() if again and entry.dataset == dataset}

    def text(self, dataset: str, columns: Iterable[str]) -> str | None:
        """Return the SELECT of the dataset's retried rows as text; None when there are none."""
        return statements.text_of_retried(dataset, columns) if self.counts.get(dataset) else None


def _files_relation(numbered: dict[int, tuple[FileEntry, bool]]) -> pa.Table:
    """Return the relation `__files`: ordinal, dataset, file, etag, file_time (zone-less UTC), is_retried."""
    import pyarrow as pa

    entries = [entry for entry, _ in numbered.values()]
    times = [entry.modified.replace(tzinfo=None) for entry in entries]
    return pa.table(
        {
            "ordinal": pa.array(list(numbered), pa.int64()),
            "dataset": pa.array([entry.dataset for entry in entries], pa.string()),
            "file": pa.array([entry.key for entry in entries], pa.string()),
            "etag": pa.array([entry.etag for entry in entries], pa.string()),
            "file_time": pa.array(times, pa.timestamp("us")),
            "is_retried": pa.array([again for _, again in numbered.values()], pa.bool_()),
        }
    )


def _chosen(work: LoadInput, engine: Engine) -> str:
    """Return the SELECT of the rejects that a replay tries again, with corrected text where it brings some.

    Raises:
        BadRequest: the correction file is none, or names a row that is no open reject of the selection.
    """
    rejects, selection = work.controls["rejects"], work.manifest.selection
    chosen = statements.chosen(rejects, statements.open_where(selection, work.manifest.run_id))
    if "corrected" not in selection:
        return chosen
    engine.derive("__corrected", "SELECT 0 AS _row", CorrectedRows(work.lake.store, selection["corrected"]))
    for row in engine.rows(statements.not_chosen(chosen)):
        raise BadRequest(message=f"`{row['file']}` line {row['line']} is no open reject of this selection")
    return statements.corrected(chosen)


def _no_correction() -> pa.Table:
    """Return the relation `__corrected` of a correction without rows."""
    import pyarrow as pa

    columns = [("_row", pa.int64()), *((name, pa.string()) for name in ("file", "line", "etag", "fields"))]
    return pa.schema(columns).empty_table()


@dataclass(frozen=True)
class CorrectedRows:
    """Read a correction file, whatever batches it is given; see `protocol.BatchMapper`.

    Attributes:
        store: where the file is.
        key: its key there.
    """

    store: ObjectStore
    key: str

    @property
    def schema(self) -> pa.Schema:
        """Return `_row` (the place in the file), which reject is meant (all text), and the text by column as JSON."""
        return _no_correction().schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the file.

        Raises:
            BadRequest: it lacks the columns that say which reject a row corrects.
        """
        import pyarrow as pa

        for _ in batches:
            pass
        rows: list[dict[str, Any]] = []
        for row in self._rows():
            rows.append(row)
            if len(rows) == BATCH_ROWS:
                yield pa.RecordBatch.from_pylist(rows, self.schema)
                rows = []
        yield pa.RecordBatch.from_pylist(rows, self.schema)

    def _rows(self) -> Iterator[dict[str, Any]]:
        allow_long_fields()
        stream = io.BufferedReader(ByteStream(self.store.chunks(self.key)))
        reader = csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig", newline=""), strict=True)
        if not set(MARKS) <= set(reader.fieldnames or ()):
            hint = "`lakehouse rejects show --format csv` writes them"
            raise BadRequest(message=f"the corrected CSV needs the columns _file, _line and _etag; {hint}")
        for number, fixed in enumerate(reader):
            fields = {name: value for name, value in fixed.items() if name and not name.startswith("_")}
            marks = {mark.lstrip("_"): fixed[mark] for mark in MARKS}
            yield {"_row": number, **marks, "fields": orjson.dumps(fields).decode()}
