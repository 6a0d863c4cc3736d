"""What a load job is asked for: the arguments that a `GlueTask` declares, read the same way in both runtimes.

Belongs here: arguments in, the checked manifest and its work out. Not here: engine, lease and report, which differ
between the Glue job (`glue/jobs/lakehouse.py`) and this machine (`local.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NoReturn, get_args

import orjson

from lakehouse_assets.compute.reports import LOAD, REFUSED
from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import control_tables, landing_datasets, seeds, silver_tables
from lakehouse_assets.core.manifest import Manifest, utc_moment
from lakehouse_assets.core.request import Mode
from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.errors import BadRequest, RejectRatioExceeded
from lakehouse_assets.load.history import BEGUN, Begun
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.run import LoadInput, load
from lakehouse_assets.load.standing_rows import count_standing
from lakehouse_assets.progress import Progress
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder


class Parser(argparse.ArgumentParser):
    """Raise an error of our tree where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            BadRequest: always.
        """
        raise BadRequest(message=f"job `{self.prog}`: {message}")


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the job was asked for; arguments of Glue's own are left alone.

    Raises:
        BadRequest: one is missing, or has a value that is not allowed.
    """
    parser = Parser(prog="Lakehouse", description=__doc__, allow_abbrev=False)
    parser.add_argument("--run-id", required=True, help="the run that the manifest belongs to")
    parser.add_argument("--manifest-uri", required=True, help="where the frozen manifest lies")
    parser.add_argument("--lake-root", required=True, help="root of the lake")
    parser.add_argument("--as-of", type=utc_moment, help="the run's clock (default: the manifest's)")
    parser.add_argument("--run-mode", choices=get_args(Mode), help="the manifest's mode, to be sure")
    parser.add_argument("--fence", type=_fence, help="number of the run's hold that the job joins (default: its own)")
    parser.add_argument("--source-timezone", default="UTC", help="zone of text without offset, and of dates")
    return parser.parse_known_args(argv)[0]


def _fence(text: str) -> int | None:
    """Return a fence; 0 and no text are none, as a machine without a hold would give them."""
    return int(text or 0) or None


def manifest_of(asked: argparse.Namespace) -> Manifest:
    """Return the manifest, with the job's own arguments put in.

    Raises:
        BadRequest: it is no manifest, or of another run or mode.
        ObjectMissing: there is none.
    """
    folder, _, name = asked.manifest_uri.rpartition("/")
    try:
        found = Manifest.from_dict(orjson.loads(open_store(folder, create=False).read(name)))
    except (ValueError, KeyError, TypeError, BadRequest) as error:
        raise BadRequest(message=f"`{asked.manifest_uri}` is no manifest") from error
    for option, expected, got in (("--run-id", found.run_id, asked.run_id), ("--run-mode", found.mode, asked.run_mode)):
        if got not in {None, expected}:
            raise BadRequest(message=f"{option} is `{got}`, but `{asked.manifest_uri}` says `{expected}`")
    clock = {"as_of": asked.as_of} if asked.as_of else {}
    return replace(found, request=found.request.model_copy(update=clock))


def work_of(manifest: Manifest, lake: Lake, progress: Progress | None = None) -> LoadInput:
    """Return the manifest's load into all silver tables of its pipeline; it says in `progress` what it does."""
    landing = open_store(lake.resolve(manifest.landing), create=manifest.mode != "load")
    known = contracts(manifest.pipeline)
    return LoadInput(
        manifest=manifest,
        tables=silver_tables(known),
        datasets=landing_datasets(known),
        controls=control_tables(known, manifest.pipeline),
        lake=lake,
        landing=ManifestFiles(landing, lake.store),
        max_reject_ratio=manifest.request.max_reject_ratio,
        seeds=seeds(known, manifest.pipeline),
        progress=progress or Progress(),
    )


def load_and_keep(
    work: LoadInput, engine: Engine, fence: int, guard: Guard, folder: RunFolder, *, manifest: str
) -> LoadReport:
    """Run one load and keep its report in the run's folder, also when too many rejects stopped it before merging.

    The fence, which is kept before, says in which order loads have committed, whatever their clocks.

    Args:
        work: what to do.
        engine: where the SQL runs.
        fence: number of the hold of the pipeline under which it commits.
        guard: called before every commit.
        folder: of the run.
        manifest: where the manifest was read that says the load's files, for whoever does it again.

    Raises:
        LakehouseError: see `load`.
    """
    folder.keep(BEGUN, Begun(fence, datetime.now(UTC), PurePosixPath(manifest).stem))
    try:
        report = load(work, engine, guard)
        count_standing(work, engine, report)
    except RejectRatioExceeded as error:
        if isinstance(error.report, LoadReport):
            _keep(folder, error.report)
        raise
    _keep(folder, report)
    return report


def _keep(folder: RunFolder, report: LoadReport) -> None:
    if report.refused_files:
        folder.write(REFUSED, {"keys": sorted(report.refused_files)})
    folder.keep(LOAD, report)
