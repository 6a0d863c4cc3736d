"""The folder of one run in the lake: what was planned, what each step reported, and the run report made of it.

`runs/<pipeline>/<run id>/` holds manifest.json (the frozen work), one JSON per step, and report.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from lakehouse_assets.compute.storage import ObjectStore
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.errors import RejectRatioExceeded
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.run import Work, load


@dataclass(frozen=True)
class RunFolder:
    """One run's folder."""

    store: ObjectStore
    pipeline: str
    run_id: str

    def key(self, piece: str) -> str:
        """Key of one piece."""
        return f"runs/{self.pipeline}/{self.run_id}/{piece}.json"

    def write(self, piece: str, value: dict[str, Any]) -> None:
        """Keep one piece; a step that runs again replaces its own."""
        self.store.put(
            self.key(piece), orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str)
        )

    def read(self, piece: str) -> dict[str, Any] | None:
        """One piece, or None when that step has not reported."""
        if self.store.stat(self.key(piece)) is None:
            return None
        value: dict[str, Any] = orjson.loads(self.store.read(self.key(piece)))
        return value

    def manifest(self) -> Manifest:
        """The frozen work."""
        return Manifest.from_dict(orjson.loads(self.store.read(self.key("manifest"))))

    @property
    def as_of(self) -> datetime:
        """The run's clock; the present moment in a run without a plan, such as one gold table by itself."""
        frozen = self.read("manifest")
        return Manifest.from_dict(frozen).as_of if frozen else datetime.now(UTC)


def load_and_keep(work: Work, engine: Engine, guard: Guard, folder: RunFolder) -> LoadReport:
    """One load whose report is kept in the run's folder, also when it stopped before merging for too many rejects.

    Raises:
        LakehouseError: see `load`.
    """
    try:
        report = load(work, engine, guard)
    except RejectRatioExceeded as error:
        folder.write("load", error.report or {})
        raise
    folder.write("load", report.to_dict())
    return report


def compose(folder: RunFolder, gold: tuple[str, ...], *, failure: dict[str, Any] | None = None) -> dict[str, Any]:
    """The run report from its pieces; zeros and empty lists included.

    Returns: run_id, status (succeeded, failed, nothing_to_do), tables, rejects, warnings, refused_files,
    skipped_files, waiting (pending rows when the run was planned), gold, archived, timings (seconds), and `failure`
    when there was one.
    """
    plan, load = folder.read("plan") or {}, folder.read("load") or {}
    archive, failed = folder.read("archive"), failure or folder.read("failure")
    built = {name: folder.read(f"gold-{name}") for name in gold}
    timings = {"load": load.get("seconds", 0.0)} | {n: b["seconds"] for n, b in built.items() if b}
    return {
        "run_id": folder.run_id,
        "pipeline": folder.pipeline,
        "status": _status(plan, archive, failed),
        "tables": {name: table["counts"] for name, table in load.get("tables", {}).items()},
        "rejects": _total(load, "rejects"),
        "warnings": _total(load, "warnings"),
        "refused_files": sorted(load.get("refused_files", {})),
        "refusals": load.get("refused_files", {}),
        "skipped_files": load.get("skipped_files", []),
        "waiting": plan.get("pending", 0),
        "extra_columns": load.get("extra_columns", {}),
        "gold": {
            name: {k: b[k] for k in ("inserted", "updated", "deleted", "rows")} if b else None
            for name, b in built.items()
        },
        "archived": len(archive["moved"]) if archive else 0,
        "left": archive["left"] if archive else [],
        "timings": timings,
        "failure": failed,
    }


def _status(plan: dict[str, Any], archive: dict[str, Any] | None, failed: dict[str, Any] | None) -> str:
    if failed:
        return "failed"
    if plan and not plan["has_work"]:
        return "nothing_to_do"
    return "succeeded" if archive is not None else "failed"


def _total(load: dict[str, Any], name: str) -> dict[str, int]:
    """Counts by code over all tables, most frequent first."""
    total: dict[str, int] = {}
    for table in load.get("tables", {}).values():
        for code, count in table[name].items():
            total[code] = total.get(code, 0) + count
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
