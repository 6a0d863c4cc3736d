"""Choose the rejected rows that a replay reads again, corrected or not, and count what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
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
        version: of the table of rejects before.
        selection: which of its open rows; `corrected` is the key of a file that names them with their new text.
        asked: the run.
    """

    rows: int
    version: int
    selection: dict[str, str]
    asked: Asked


def plan(table: Rejects, selection: dict[str, str], corrected: Path | None) -> Work:
    """Choose the rows to read again; a correction is put into the run's folder, cut to the rows that are still open.

    Raises:
        TableMissing: the lake has no table of rejects yet.
        BadRequest: the correction cannot be read, or is none of rejects of the selection.
    """
    run_id, version = str(uuid4()), table.version()
    with table.engine() as engine:
        if corrected is None:
            rows = sum(table.open_count(engine, selection).values())
        else:
            key = f"runs/{table.pipeline}/{run_id}/{CORRECTED}"
            rows = _correct(table, engine, selection, corrected, key)
            selection = selection | {"corrected": key}
    # Rejects that stay rejected are no news: the share that a drop may have does not apply.
    request = RunRequest(mode="replay", selection=Selection(**selection), max_reject_ratio=1.0)
    return Work(rows, version, selection, Asked(table.pipeline, request, run_id))


def _correct(table: Rejects, engine: DuckEngine, selection: dict[str, str], path: Path, key: str) -> int:
    """Put the corrections of open rows into the lake under a key, and return how many they are."""
    known = engine.values(f"SELECT DISTINCT dataset FROM {table.contract().catalog_name}")
    given = Fixes(path, read_header(path, table.columns(known)))
    datasets = choose(engine, table.contract(), selection, given)
    if datasets:
        rows = rows_of(engine, "SELECT file, line, etag, fields FROM __fixed ORDER BY _row")
        _put(table, key, corrected_csv(rows, table.columns(datasets), given))
    return int(engine.values("SELECT count(*) FROM __fixed")[0])


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
