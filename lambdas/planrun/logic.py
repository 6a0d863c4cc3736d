"""Freezing the work of one run: the landing list once, plus what earlier runs left to do.

Everything downstream takes the manifest written here, never "whatever is there now". Nothing to do is a success
that says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.core.archive import archive_key
from lakehouse_assets.core.manifest import FileEntry, Manifest, Mode, utc_moment
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.load.ledger import backlog
from lakehouse_assets.load.side import SideTable
from lakehouse_assets.load.work import PENDING_DAYS
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.landing import datasets, landed
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.runs import RunFolder


@dataclass(frozen=True)
class PlanRequest:
    """What a run is asked to do.

    Attributes:
        files: the exact (key, etag) pairs that a sensor saw; None takes everything that is in landing.
        date: for a reprocess: the UTC date under which the files were archived.
        selection: for a replay: see `Manifest.selection`.
    """

    run_id: str
    pipeline: str
    as_of: datetime
    mode: Mode = "load"
    files: tuple[tuple[str, str], ...] | None = None
    date: str | None = None
    selection: Mapping[str, str] = field(default_factory=dict)
    max_reject_ratio: float | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """A request from a Lambda event."""
        known = {name: event[name] for name in ("run_id", "pipeline")}
        files = event.get("files")
        return cls(
            **known,
            as_of=utc_moment(event["as_of"]),
            mode=event.get("mode") or "load",
            files=None if files is None else tuple((key, etag) for key, etag in files),
            date=event.get("date"),
            selection=event.get("selection") or {},
            max_reject_ratio=event.get("max_reject_ratio"),
        )


def plan(request: PlanRequest, landing: ObjectStore, lake: Lake) -> dict[str, Any]:
    """Write the manifest and say what there is to do.

    Returns: run_id, manifest (key), as_of, files, bytes, pending and due (rows), unacknowledged (runs), has_work.

    Raises:
        BadRequest: a reprocess of a date under which nothing was archived.
    """
    folder = RunFolder(lake.store, request.pipeline, request.run_id)
    files = freeze(request, landing, lake.store)
    manifest = Manifest(
        run_id=request.run_id,
        pipeline=request.pipeline,
        as_of=request.as_of,
        landing=landing.uri,
        files=files,
        mode=request.mode,
        selection=dict(request.selection),
        max_reject_ratio=request.max_reject_ratio,
    )
    folder.write("manifest", manifest.to_dict())
    pending, due, behind = left_over(request.pipeline, lake, request.as_of)
    answer = {
        "run_id": request.run_id,
        "manifest": folder.key("manifest"),
        "as_of": request.as_of.isoformat(),
        "mode": request.mode,
        "files": {name: len(manifest.of(name)) for name in datasets(request.pipeline)},
        "bytes": sum(entry.size_bytes for entry in files),
        "pending": pending,
        "due": due,
        "unacknowledged": behind,
        "has_work": bool(files or due or behind or request.mode == "replay"),
    }
    folder.write("plan", answer)
    return answer


def freeze(request: PlanRequest, landing: ObjectStore, lake: ObjectStore) -> tuple[FileEntry, ...]:
    """The exact objects of this run."""
    if request.mode == "replay":
        return ()
    if request.mode == "reprocess":
        return archived_on(request, lake)
    wanted = None if request.files is None else set(request.files)
    return tuple(
        sorted(
            entry for entry in landed(request.pipeline, landing) if wanted is None or (entry.key, entry.etag) in wanted
        )
    )


def archived_on(request: PlanRequest, lake: ObjectStore) -> tuple[FileEntry, ...]:
    """Files archived on the request's date, as their runs' manifests describe them.

    Raises:
        BadRequest: there are none.
    """
    folders = [f"archived/{request.pipeline}/{name}/{request.date}/" for name in datasets(request.pipeline)]
    keys = {item.key for folder in folders for item in lake.list(folder)}
    entries = {key: entry for run in runs_of(keys) for key, entry in _entries(request.pipeline, run, keys, lake)}
    if not entries:
        there = f"the dates are the folders of archived/{request.pipeline}/<dataset>/"
        raise BadRequest(message=f"nothing was archived on {request.date}; {there}")
    return tuple(sorted(replace(entry, archived=key) for key, entry in entries.items()))


def runs_of(keys: Collection[str]) -> list[str]:
    """Run ids in archive keys, `archived/<pipeline>/<dataset>/<date>/<run>/<name>`."""
    return sorted({key.split("/")[4] for key in keys})


def _entries(pipeline: str, run_id: str, keys: Collection[str], lake: ObjectStore) -> list[tuple[str, FileEntry]]:
    manifest = RunFolder(lake, pipeline, run_id).manifest()
    named = [(archive_key(pipeline, entry, run_id, manifest.as_of), entry) for entry in manifest.files]
    return [(key, entry) for key, entry in named if key in keys]


def left_over(pipeline: str, lake: Lake, as_of: datetime) -> tuple[int, int, int]:
    """Rows that wait for a parent, those of them that are due, and runs that some gold table has not acknowledged.

    Every run tries all waiting rows against all of silver, so without a new file only their age can make them due.
    """
    known = contracts(pipeline)
    pending, ledger = known[f"side.{pipeline}_pending"], known[f"side.{pipeline}_run_ledger"]
    return *_pending_rows(pending, lake, as_of), len(_behind(known, ledger, lake))


def _pending_rows(contract: Contract, lake: Lake, as_of: datetime) -> tuple[int, int]:
    side = SideTable(contract, lake)
    side.ensure()
    limit = as_of.replace(tzinfo=None) - timedelta(days=PENDING_DAYS)
    counted = f"count(*) AS pending, count(*) FILTER (first_seen <= TIMESTAMP '{limit}') AS due"
    row = side.read(columns=counted).to_pylist()[0]
    return row["pending"], row["due"]


def _behind(known: Mapping[str, Contract], ledger: Contract, lake: Lake) -> set[str]:
    gold = [c for c in known.values() if c.layer == "gold"]
    return {run for table in gold for run in backlog(ledger, lake, table).runs}
