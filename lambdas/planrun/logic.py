"""Freeze the work of one run: list landing once, and add what earlier runs left to do.

Every later step takes the files of the manifest written here and never lists landing again. A run with nothing to do
is a success and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakehouse_assets.compute.load_engine import LoadEngine
from lakehouse_assets.compute.reports import PLAN, WHOLE_TABLES, PlanReport
from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import LOADED_BEFORE_GOLD
from lakehouse_assets.core.archive import archive_key
from lakehouse_assets.core.file_times import believed, doubts
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.landing import datasets, look
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets.storage.watch import give_back

NAMED = 10
"""Limits how many keys of each kind a report names, because a state machine carries it."""

if TYPE_CHECKING:
    from lambdas.planrun.left_over import LeftOver


@dataclass(frozen=True)
class Planned:
    """Hold the run to plan: its id, its pipeline, its request with clock and days fixed, and its stores.

    Attributes:
        request: `as_of` is set, and `window` where the pipeline works on days.
        landing: where files land.
        lake: the lake.
        engine: what loads, and up to which size a function does.
    """

    run_id: str
    pipeline: str
    request: RunRequest
    landing: ObjectStore
    lake: Lake
    engine: LoadEngine = field(default_factory=LoadEngine)

    @property
    def as_of(self) -> datetime:
        """Return the run's clock."""
        return self.request.as_of or datetime.now(UTC)


def plan(asked: Planned) -> PlanReport:
    """Write the manifest and say what there is to do.

    Raises:
        BadRequest: the request reprocesses a date under which nothing was archived.
        ContractInvalid: a contract that the load needs is broken; its files would be archived unread.
    """
    contracts(asked.pipeline).require_sound(*LOADED_BEFORE_GOLD)
    folder = RunFolder(asked.lake.store, asked.pipeline, asked.run_id)
    work, now = freeze(asked), datetime.now(UTC)
    files = believed(work.files, now)
    manifest = Manifest(asked.run_id, asked.pipeline, asked.lake.relative(asked.landing.uri), files, asked.request)
    folder.write("manifest", manifest.to_dict())
    # What reads tables is imported when they are read.
    from lakehouse_assets.engines.protocol import no_fence
    from lakehouse_assets.load.ledger import OpenLedger
    from lakehouse_assets.load.model_states import models_of
    from lakehouse_assets.load.soundness import require_sound
    from lakehouse_assets.load.take_over import take_over
    from lakehouse_assets.load.touch_all import touch_all
    from lambdas.planrun.left_over import left_over

    models = models_of(asked.pipeline, asked.lake)
    ledger = OpenLedger(models.ledger, models.lake)
    require_sound(contracts(asked.pipeline), asked.pipeline, asked.lake, ledger)
    states = models.states(ledger)
    if take_over(models, states, asked.run_id, asked.as_of):
        ledger = OpenLedger(models.ledger, models.lake)
        states = models.states(ledger)
    left = left_over(asked.pipeline, ledger, asked.as_of, states)
    if asked.request.full_refresh:
        touch_all(models.ledger, asked.lake, asked.run_id, asked.as_of, no_fence)
    is_asked = asked.request.mode == "replay" or asked.request.window is not None or asked.request.full_refresh
    report = PlanReport(
        run_id=asked.run_id,
        manifest=folder.key_of("manifest"),
        as_of=asked.as_of.isoformat(),
        mode=asked.request.mode,
        files={name: len(manifest.of(name)) for name in datasets(asked.pipeline)},
        bytes=sum(entry.size_bytes for entry in files),
        pending=left.pending,
        due=left.due,
        unacknowledged=left.unacknowledged,
        references=list(left.references),
        doubts=doubts(work.files, now),
        left_alone=dict(sorted(work.left_alone.items())[:NAMED]),
        left_alone_count=len(work.left_alone),
        given_back=work.given_back[:NAMED],
        models=left.models,
        since=_since(asked, files, left),
        has_work=bool(files or left.is_due or is_asked),
        engine=_engine(asked, files),
    )
    folder.keep(PLAN, report)
    return report


def _engine(asked: Planned, files: tuple[FileEntry, ...]) -> str:
    """Return what loads; a run over days pulls its pages later, and whoever names them knows their size."""
    if asked.request.window is not None and asked.request.mode == "load":
        return asked.engine.asked
    return asked.engine.of(len(files), sum(entry.size_bytes for entry in files))


def taken_before(asked: Planned, already: str) -> PlanReport:
    """Return the plan of a run whose tick another one has taken: there is nothing to do, and why.

    It is kept unless there is a plan: two executions for one tick are of one run id.
    """
    folder = RunFolder(asked.lake.store, asked.pipeline, asked.run_id)
    report = PlanReport(
        run_id=asked.run_id,
        manifest=folder.key_of("manifest"),
        as_of=asked.as_of.isoformat(),
        mode=asked.request.mode,
        has_work=False,
        already=already,
    )
    if folder.read(PLAN) is None:
        folder.keep(PLAN, report)
    return report


def _since(asked: Planned, files: tuple[FileEntry, ...], left: LeftOver) -> str:
    """Return the oldest time of a file whose rows this run may touch, for its checks to look at what came since.

    A replay touches rows of any time. The first run of a week that gets as far checks whole tables, and so does one
    that builds gold anew.
    """
    if asked.request.mode == "replay" or not left.is_checked or left.models or left.references:
        return WHOLE_TABLES
    times = [entry.modified for entry in files] + ([left.oldest] if left.oldest else [])
    return max(min(times, default=asked.as_of), datetime.fromisoformat(WHOLE_TABLES)).isoformat()


@dataclass(frozen=True)
class Work:
    """Hold the exact objects of a run, sorted by dataset and key, and what was met beside them.

    Attributes:
        files: the objects.
        left_alone: what is left in landing, by key, with why.
        given_back: landing keys of archived files that were written on since and are back.
    """

    files: tuple[FileEntry, ...]
    left_alone: Mapping[str, str] = field(default_factory=dict)
    given_back: list[str] = field(default_factory=list)


def freeze(asked: Planned) -> Work:
    """Return what this run works on."""
    request = asked.request
    if request.mode == "replay":
        return Work(())
    if request.mode == "reprocess":
        return Work(archived_on(asked))
    returned = give_back(asked.pipeline, asked.lake.store, asked.landing)
    wanted = None if request.files is None else set(request.files)
    seen = look(asked.pipeline, asked.landing)
    files = sorted(entry for entry in seen.entries if wanted is None or (entry.key, entry.etag) in wanted)
    return Work(tuple(files), seen.left_alone, returned)


def archived_on(asked: Planned) -> tuple[FileEntry, ...]:
    """Return the files archived on the request's date, as their runs' manifests describe them.

    Raises:
        BadRequest: nothing was archived on that date.
    """
    pipeline, date, store = asked.pipeline, asked.request.date, asked.lake.store
    folders = [f"archived/{pipeline}/{name}/{date}/" for name in datasets(pipeline)]
    keys = {key for folder in folders for key in store.look(folder).keys}
    entries = {key: entry for run in runs_of(keys) for key, entry in _entries(pipeline, run, keys, store)}
    if not entries:
        there = f"the dates are the folders of archived/{pipeline}/<dataset>/"
        raise BadRequest(message=f"nothing was archived on {date}; {there}")
    return tuple(sorted(replace(entry, archived=key) for key, entry in entries.items()))


def runs_of(keys: Collection[str]) -> list[str]:
    """Return the run ids in archive keys, `archived/<pipeline>/<dataset>/<date>/<run>/<name>`."""
    return sorted({key.split("/")[4] for key in keys})


def _entries(pipeline: str, run_id: str, keys: Collection[str], lake: ObjectStore) -> list[tuple[str, FileEntry]]:
    manifest = RunFolder(lake, pipeline, run_id).manifest()
    named = [(archive_key(pipeline, entry, run_id, manifest.as_of), entry) for entry in manifest.files]
    return [(key, entry) for key, entry in named if key in keys]
