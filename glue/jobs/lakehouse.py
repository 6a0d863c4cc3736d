"""Run the Glue job `Lakehouse`: load one manifest on Spark and keep the load's report in the run's folder.

    spark-submit glue/jobs/lakehouse.py --run-id R --manifest-uri LAKE/runs/PIPELINE/R/manifest.json --lake-root LAKE

Everything comes in as arguments; Glue's own are ignored. The session is the one that Glue configured. The job ends
with status 1 and one sentence when the load fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing

from lakehouse_assets.compute.job_arguments import arguments, load_and_keep, manifest_of, work_of
from lakehouse_assets.engines.exhaustion import exhausted
from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.progress import Progress, told
from lakehouse_assets.storage.held import holding
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.runs import RunFolder


def main(argv: Sequence[str] | None = None) -> None:
    """Run the load and print its summary, or end with status 1 and one sentence."""
    try:
        report = run(arguments(argv))
    except Exception as error:  # the outer edge of the job
        known = error if isinstance(error, LakehouseError) else exhausted(error)
        if known is None:
            raise
        # The machine sees one error name for every failed job; it finds the class in the cause.
        raise SystemExit(f"{type(known).__name__}: {known}") from error
    sys.stdout.write(summary(report) + "\n")


def run(asked: argparse.Namespace) -> LoadReport:
    """Run one load, keep its report in the run's folder, and return it.

    Raises:
        LakehouseError: see `load`, and `manifest_of`.
    """
    from pyspark.sql import SparkSession

    manifest = manifest_of(asked)
    lake = open_lake(asked.lake_root)
    lake.require_here()
    spark = SparkSession.builder.getOrCreate()
    with (
        holding(lake.store, manifest.pipeline, manifest.run_id, asked.fence) as lease,
        closing(SparkEngine(spark, lake, zone=asked.source_timezone)) as engine,
    ):
        folder = RunFolder(lake.store, manifest.pipeline, manifest.run_id)
        progress = Progress()
        with told(progress, say):
            work = work_of(manifest, lake, progress)
            return load_and_keep(work, engine, lease.fence, lease.check, folder, manifest=asked.manifest_uri)


def say(line: str) -> None:
    """Write a line of progress to stdout, which is the job's log."""
    sys.stdout.write(f"lakehouse: {line}\n")
    sys.stdout.flush()


def summary(report: LoadReport) -> str:
    """Return one line that says what became of the rows of each table."""
    tables = (
        f"{name}: {t.counts.read + t.counts.retried} read, {t.counts.inserted} new, {t.counts.updated} updated, "
        f"{t.counts.unchanged} unchanged, {t.counts.rejected} rejected, {t.counts.pending} pending"
        for name, t in report.tables.items()
    )
    return f"lakehouse: run {report.run_id} took {report.seconds:.1f} s; {'; '.join(tables)}"


if __name__ == "__main__":
    main()
