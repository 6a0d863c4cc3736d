"""The part of a run report that is made of what each step of the run left in the run's folder."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.runs import RunFolder


def compose(folder: RunFolder, gold: tuple[str, ...]) -> dict[str, Any]:
    """What the steps of a run reported, put together; zeros and empty lists included.

    Returns: tables, rejects, warnings, refused_files, skipped_files, waiting (pending rows when the run was planned),
    gold, archived, left and timings (seconds). How the run ended is not in it: `graph.outcome` adds that.
    """
    plan, load = folder.read("plan") or {}, folder.read("load") or {}
    archive = folder.read("archive")
    built = {name: folder.read(f"gold-{name}") for name in gold}
    timings = {"load": load.get("seconds", 0.0)} | {n: b["seconds"] for n, b in built.items() if b}
    return {
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
    }


def _total(load: dict[str, Any], name: str) -> dict[str, int]:
    """Counts by code over all tables, most frequent first."""
    total: dict[str, int] = {}
    for table in load.get("tables", {}).values():
        for code, count in table[name].items():
            total[code] = total.get(code, 0) + count
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
