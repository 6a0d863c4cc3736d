"""Choose the rejected rows that a replay reads again, corrected or not, and count what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from lakehouse_assets.core.request import RunRequest, Selection
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.load.retry import CorrectedRows
from lakehouse_assets.operations.correction_file import Fixes, choose, corrected_csv, read_header
from lakehouse_assets.operations.reject_rows import Rejects, rows_of
from lakehouse_assets.operations.running import Asked
from lakehouse_assets.sql import fixes
from lakehouse_assets.storage.opening import open_store

CORRECTED = "corrected.csv"


@dataclass(frozen=True)
class Work:
    """Hold the run that reads open rows again.

    Attributes:
        rows: how many.
        counts: the same by dataset, file and codes, as of `Rejects.counts`.
        version: of the table of rejects before.
        selection: which of its open rows; `corrected` is the key of a file that names them with their new text.
        asked: the run.
    """

    rows: int
    counts: list[dict[str, Any]]
    version: int
    selection: dict[str, str]
    asked: Asked


def plan(table: Rejects, selection: dict[str, str], corrected: Path | None, *, keep: bool = True) -> Work:
    """Choose the rows to read again; a correction is put into the run's folder, cut to the rows that are still open.

    Args:
        table: the rejects.
        selection: which of them.
        corrected: the file that corrects them, if any.
        keep: whether the correction is put there; if not, the work can be looked at but not done.

    Raises:
        TableMissing: the lake has no table of rejects yet.
        BadRequest: the correction cannot be read, or is none of rejects of the selection.
    """
    run_id, version = str(uuid4()), table.version()
    with table.engine() as engine:
        if corrected is None:
            counts = [row for row in table.counts(selection) if row["status"] == "open"]
        else:
            key = f"runs/{table.pipeline}/{run_id}/{CORRECTED}"
            counts = _correct(table, engine, selection, corrected, key if keep else None)
            selection = selection | {"corrected": key}
    # Rejects that stay rejected are no news: the share that a drop may have does not apply.
    request = RunRequest(mode="replay", selection=Selection(**selection), max_reject_ratio=1.0)
    return Work(sum(row["n"] for row in counts), counts, version, selection, Asked(table.pipeline, request, run_id))


def _correct(
    table: Rejects, engine: DuckEngine, selection: dict[str, str], path: Path, key: str | None
) -> list[dict[str, Any]]:
    """Put the corrections of open rows into the lake under a key, and count the rows by dataset, file and codes."""
    known = engine.values(f"SELECT DISTINCT dataset FROM {table.contract().catalog_name}")
    given = Fixes(path, read_header(path, table.columns(known)), table.csv_columns())
    datasets = choose(engine, table.contract(), selection, given)
    if datasets and key is not None:
        rows = rows_of(engine, "SELECT file, line, etag, fields FROM __fixed ORDER BY _row")
        _put(table, key, corrected_csv(rows, table.columns(datasets), given))
    return engine.rows(fixes.counted(table.contract()))


def _put(table: Rejects, key: str, pieces: Iterable[str]) -> None:
    """Write a large object: into a file first, as an object is there at once or not at all."""
    with TemporaryDirectory(prefix="lakehouse-") as folder:
        with Path(folder, CORRECTED).open("w", encoding="utf-8", newline="") as out:
            out.writelines(pieces)
        source = open_store(folder, create=False)
        written = source.stat(CORRECTED)
        if written is not None:
            table.lake.store.copy_from(source, CORRECTED, source_etag=written.etag, key=key)


def became(table: Rejects, work: Work) -> dict[str, int]:
    """Count how many of the rows that were read again were accepted, rejected again, and set aside for a parent."""
    with table.engine("pending") as engine:
        table.show(engine, "__before", table.contract(), work.version)
        engine.view("__pending", f"SELECT * FROM {table.contract('pending').catalog_name}")
        only = work.selection.get("corrected")
        if only:
            engine.derive("__corrected", "SELECT 0 AS _row", CorrectedRows(table.lake.store, only))
        (found,) = engine.rows(fixes.became(table.contract(), work.selection, corrected=bool(only)))
    accepted = found["n"] - found["rejected"] - found["pending"]
    return {"accepted": accepted, "rejected": found["rejected"], "pending": found["pending"]}
