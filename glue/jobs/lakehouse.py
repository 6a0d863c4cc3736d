"""What the Glue job `Lakehouse` starts: one load of one manifest on Spark, report out.

    spark-submit glue/jobs/lakehouse.py --run-id R --manifest-uri LAKE/runs/ecommerce/R/manifest.json --lake-root LAKE

Everything comes in as arguments; Glue's own are ignored. The session is the one that Glue configured. Ends with
status 1 and one sentence when the load fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import orjson

from lakehouse_assets.compute.landing import FolderLanding
from lakehouse_assets.compute.lease import Lease, lease_key
from lakehouse_assets.compute.local import silver_tables
from lakehouse_assets.compute.runs import RunFolder
from lakehouse_assets.compute.storage import FolderStore, ObjectStore, open_store
from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.manifest import Manifest, Mode
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets.errors import BadRequest, LakehouseError
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.run import Work, load
from lakehouse_assets.load.work import side_tables


def main(argv: Sequence[str] | None = None) -> None:
    """Load, or end with status 1 and one sentence."""
    try:
        report = run(arguments(argv))
    except LakehouseError as error:
        # The machine sees one error name for every failed job; it finds the class in the cause.
        raise SystemExit(f"{type(error).__name__}: {error}") from error
    sys.stdout.write(summary(report) + "\n")


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """What the job was asked for; arguments of Glue's own are left alone."""
    parser = argparse.ArgumentParser(prog="lakehouse", description=__doc__, allow_abbrev=False)
    parser.add_argument("--run-id", required=True, help="the run that the manifest belongs to")
    parser.add_argument("--manifest-uri", required=True, help="where the frozen manifest lies")
    parser.add_argument("--lake-root", required=True, help="root of the lake")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="the run's clock (default: the manifest's)")
    parser.add_argument("--mode", choices=get_args(Mode), help="the manifest's mode, to be sure")
    parser.add_argument("--max-reject-ratio", type=float, help="overrides the contracts for this run")
    parser.add_argument("--source-timezone", default="UTC", help="zone of text without offset, and of dates")
    return parser.parse_known_args(argv)[0]


def run(asked: argparse.Namespace) -> LoadReport:
    """One load; its report is kept in the run's folder.

    Raises:
        LakehouseError: see `load`, and `manifest_of`.
    """
    from pyspark.sql import SparkSession

    manifest = manifest_of(asked)
    lake = open_store(asked.lake_root)
    spark = SparkSession.builder.getOrCreate()
    with (
        guarded(lake, manifest) as guard,
        closing(SparkEngine(spark, _path(lake), zone=asked.source_timezone)) as engine,
    ):
        report = load(work_of(manifest, lake), engine, guard)
    RunFolder(lake, manifest.pipeline, manifest.run_id).write("load", report.to_dict())
    return report


def manifest_of(asked: argparse.Namespace) -> Manifest:
    """The manifest, with the job's own arguments put in.

    Raises:
        BadRequest: it is no manifest, or of another run or mode.
        ObjectMissing: there is none.
    """
    folder, _, name = asked.manifest_uri.rpartition("/")
    try:
        found = Manifest.from_dict(orjson.loads(open_store(folder, create=False).read(name)))
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(message=f"`{asked.manifest_uri}` is no manifest") from error
    for option, expected, got in (("--run-id", found.run_id, asked.run_id), ("--mode", found.mode, asked.mode)):
        if got not in {None, expected}:
            raise BadRequest(message=f"{option} is `{got}`, but `{asked.manifest_uri}` says `{expected}`")
    return replace(found, **_overrides(asked))


def _overrides(asked: argparse.Namespace) -> dict[str, Any]:
    as_of = asked.as_of and (asked.as_of if asked.as_of.tzinfo else asked.as_of.replace(tzinfo=UTC))
    given = {"as_of": as_of, "max_reject_ratio": asked.max_reject_ratio}
    return {name: value for name, value in given.items() if value is not None}


def work_of(manifest: Manifest, lake: ObjectStore) -> Work:
    """The manifest's load into its pipeline's silver tables."""
    known = contracts(manifest.pipeline)
    landing = open_store(manifest.landing, create=manifest.mode != "load")
    return Work(
        manifest=manifest,
        tables=silver_tables(known),
        side=side_tables(known, manifest.pipeline),
        lake=_path(lake),
        landing=FolderLanding(_folder(landing), _folder(lake)),
        max_reject_ratio=manifest.max_reject_ratio,
    )


@contextmanager
def guarded(lake: ObjectStore, manifest: Manifest) -> Iterator[Guard]:
    """What asks the pipeline's lease whether this run may commit; in a lake without a lease everybody may.

    The run's other steps may hold the lease already; then it is shared and left to them.

    Raises:
        LeaseHeld: another run has it.
    """
    if lake.stat(lease_key(manifest.pipeline)) is None:
        yield lambda: None
        return
    with Lease(lake, manifest.pipeline).acquire(manifest.run_id) as lease:
        yield lease.check


def _folder(store: ObjectStore) -> FolderStore:
    if not isinstance(store, FolderStore):
        raise BadRequest(message=f"`{store.uri}` is no folder")
    return store


def _path(store: ObjectStore) -> str:
    return str(_folder(store).root)


def summary(report: LoadReport) -> str:
    """One line: what became of the rows of each table."""
    tables = (
        f"{name}: {t.counts.read + t.counts.retried} read, {t.counts.inserted} new, {t.counts.updated} updated, "
        f"{t.counts.unchanged} unchanged, {t.counts.rejected} rejected, {t.counts.pending} pending"
        for name, t in report.tables.items()
    )
    return f"lakehouse: run {report.run_id} took {report.seconds:.1f} s; {'; '.join(tables)}"


if __name__ == "__main__":
    main()
