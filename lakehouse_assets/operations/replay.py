"""Choose the rejected rows that a replay reads again, corrected or not, and count what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from lakehouse_assets.core.request import RunRequest, Selection
from lakehouse_assets.operations.correction_file import choose, corrected_csv, place, read_corrections
from lakehouse_assets.operations.reject_rows import Rejects, what_became
from lakehouse_assets.operations.running import Asked


@dataclass(frozen=True)
class Work:
    """Hold the open rows that a replay reads again, and the run that does it."""

    rows: list[dict[str, Any]]
    asked: Asked


def _meets(row: dict[str, Any], selection: dict[str, str]) -> bool:
    """Say whether a row, open or not, meets a selection."""
    held = {"code": row["codes"].split(","), "file": [row["file"]], "run": [row["run_id"]]}
    return all(value in held[name] for name, value in selection.items())


def plan(table: Rejects, selection: dict[str, str], corrected: Path | None) -> Work:
    """Choose the rows to read again; a correction is put into the run's folder, cut to the rows that are still open."""
    run_id, rows = str(uuid4()), table.open_rows(selection)
    if corrected is not None:
        held = table.rows()
        fixes = read_corrections(corrected, table.columns(row["dataset"] for row in held))
        chosen = choose(fixes, [row for row in held if _meets(row, selection)], corrected)
        rows = [row for row in rows if place(row) in chosen]
        if rows:
            selection = selection | {"corrected": f"runs/{table.pipeline}/{run_id}/corrected.csv"}
            text = corrected_csv(chosen, table.columns(row["dataset"] for row in rows), corrected)
            table.lake.store.put(selection["corrected"], text)
    # Rejects that stay rejected are no news: the share that a drop may have does not apply.
    request = RunRequest(mode="replay", selection=Selection(**selection), max_reject_ratio=1.0)
    return Work(rows, Asked(table.pipeline, request, run_id))


def became(table: Rejects, work: Work) -> dict[str, int]:
    """Count what became of the rows that were read again, see `what_became`."""
    return what_became(work.rows, table.open_rows({}), table.pending())
