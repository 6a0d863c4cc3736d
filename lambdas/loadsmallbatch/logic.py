"""Run a load job's arguments on the embedded engine, under the hold of the run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from lakehouse_assets.compute.job_arguments import arguments, load_and_keep, manifest_of, work_of
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.held import holding
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.runs import RunFolder


def load_small(given: Mapping[str, str], fence: int | None) -> dict[str, Any]:
    """Run one load as the arguments ask for it, and return its summary.

    Args:
        given: arguments of the Glue job, by option.
        fence: of the execution's hold; without one the load holds the pipeline by itself.

    Raises:
        LakehouseError: see `load`, and `manifest_of`.
    """
    # What reads tables is imported when they are read.
    from lakehouse_assets.engines.connection import limits_of
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.settings import read_settings

    asked = arguments([f"{name}={value}" for name, value in given.items()])
    manifest, lake = manifest_of(asked), open_lake(asked.lake_root)
    lake.require_here()
    folder = RunFolder(lake.store, manifest.pipeline, manifest.run_id)
    with (
        holding(lake.store, manifest.pipeline, manifest.run_id, fence or asked.fence) as lease,
        closing(DuckEngine(lake, zone=asked.source_timezone, **limits_of(read_settings()))) as engine,
    ):
        work = work_of(manifest, lake)
        report = load_and_keep(work, engine, lease.fence, lease.check, folder, manifest=asked.manifest_uri)
    return summary(report)


def summary(report: LoadReport) -> dict[str, Any]:
    """Return what became of the rows in all tables together; the report has each of them."""
    counts = [part.counts for part in report.tables.values()]
    names = ("read", "retried", "inserted", "updated", "unchanged", "rejected", "pending")
    rows = {name: sum(getattr(one, name) for one in counts) for name in names}
    return {"engine": report.engine, "seconds": round(report.seconds, 3), "rows": rows}
