"""The run report, made of what each step of a run left in the run's folder."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.runs import RunFolder


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
