"""Move exactly the objects of one manifest out of landing into the archive, slice by slice.

Here: the move itself over two object stores. Not here: the keys that objects are archived under (`core/archive.py`),
what belongs to a run (the manifest says it) and to which call (`slices`), and the Lambda's event beyond its typed form.
Where the stores can do it, an object is moved together with whoever still writes it, and watched (`storage/watch.py`).
Else nothing is ever deleted that was not archived: copy needs the manifest's etag, deletion needs the same one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from lakehouse_assets.compute.reports import ARCHIVE, ArchiveReport, ArchiveSlice, Left
from lakehouse_assets.core.archive import archive_key, quarantine_key
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.errors import (
    BadRequest,
    LakehouseError,
    ObjectMissing,
    PreconditionFailed,
    StorageUnavailable,
    Transient,
    remembered,
)
from lakehouse_assets.storage.objects import ObjectStore, StoredObject
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets.storage.watch import Watched, WatchList

SLICE_OBJECTS = 500
LISTED = 20
"""How many left objects an answer names; the report in the run's folder names all."""
BUDGET_SECONDS = 600.0
"""Default limit in seconds of one slice, below Lambda's 900 s:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

VANISHED = "gone before it could be archived"
CHANGED = "changed after the manifest was written; the new version stays for the next run"
WRITTEN = "still being written; it stays for the next run"
REPLACED = "archived, and replaced by a new version meanwhile, which stays for the next run"

Target = Callable[[str, FileEntry, str, datetime], str]


@dataclass(frozen=True)
class MoveResult:
    """Report what one slice did.

    Attributes:
        moved: landing keys, in the manifest's order.
        left: what stays in landing.
        bytes: size of what was moved.
        token: where the next slice starts; None when the manifest is done.
        broken: why the slice ended before its time: a store cannot be used any more.
    """

    moved: list[str]
    left: list[Left]
    bytes: int
    token: str | None
    broken: LakehouseError | None = None


@dataclass(frozen=True)
class MoveRequest:
    """Hold the Lambda's event, typed; `refused` is the key of the list of objects that go to quarantine, or empty."""

    manifest_key: str
    landing: str
    lake: str
    token: str | None
    refused: str
    budget_seconds: float

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read `manifest_key`, `landing` and `lake`; optional: `token`, `refused`, `budget_seconds`.

        Raises:
            BadRequest: one of the three needed fields is missing, or `refused` is no key.
        """
        missing = [name for name in ("manifest_key", "landing", "lake") if not event.get(name)]
        if missing:
            raise BadRequest(message=f"the event lacks {' and '.join(f'`{name}`' for name in missing)}")
        if event.get("refused") and not isinstance(event["refused"], str):
            raise BadRequest(message="`refused` is the key of a list in the lake, not the list; emit the machine anew")
        return cls(
            manifest_key=event["manifest_key"],
            landing=event["landing"],
            lake=event["lake"],
            token=event.get("token"),
            refused=event.get("refused") or "",
            budget_seconds=float(event.get("budget_seconds", BUDGET_SECONDS)),
        )


def target_of(refused: Collection[str]) -> Target:
    """Return the function that gives an object's key in the lake: in quarantine if refused, else in the archive."""

    def target(pipeline: str, entry: FileEntry, run_id: str, as_of: datetime) -> str:
        key_of = quarantine_key if entry.key in refused else archive_key
        return key_of(pipeline, entry, run_id, as_of)

    return target


def move_objects(  # noqa: PLR0913 - what, from where, where to, and the three limits of a slice
    manifest: Manifest,
    landing: ObjectStore,
    lake: ObjectStore,
    *,
    token: str | None = None,
    budget_seconds: float = BUDGET_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    target: Target = archive_key,
) -> MoveResult:
    """Move the manifest's objects in order, from `token` on, until the slice is full or its time is up; at least one.

    One object that fails keeps no other from its place: it is left, with the error. Only stores that do not answer any
    more end a slice.

    Args:
        manifest: what to move, but for files that were read from the archive; other objects are not looked at.
        landing: the store that objects are moved from.
        lake: the store that objects are moved to.
        token: where to start, as the slice before said; None for the first slice.
        budget_seconds: no further object is begun after this long.
        clock: seconds from any start.
        target: gives an object's key in the lake.

    Raises:
        BadRequest: the token is not of this manifest.
    """
    deadline = clock() + budget_seconds
    todo = _from(tuple(entry for entry in manifest.files if entry.archived is None), token)
    keys = {e: target(manifest.pipeline, e, manifest.run_id, manifest.as_of) for e in todo[:SLICE_OBJECTS]}
    moved, left, broken = list[FileEntry](), list[Left](), None
    with _watched(WatchList(lake, manifest.pipeline), keys):
        for entry, key in keys.items():
            try:
                stays = _move(entry, landing, lake, key)
            except LakehouseError as error:
                broken = _broken(landing, lake)
                if broken:
                    break
                stays = Left(entry.key, str(error), type(error).__name__)
            if stays is None:
                moved.append(entry)
            else:
                left.append(stays)
            if clock() >= deadline:
                break
    rest = todo[len(moved) + len(left) :]
    size = sum(entry.size_bytes for entry in moved)
    return MoveResult([entry.key for entry in moved], left, size, rest[0].key if rest else None, broken)


def keep(
    folder: RunFolder, token: str | None, result: MoveResult, refused: frozenset[str] = frozenset()
) -> ArchiveReport:
    """Add one slice to the archive's report in the run's folder; a slice that is done again replaces itself.

    Args:
        folder: the run's folder.
        token: what the slice began with.
        result: what the slice did.
        refused: keys of the objects that went to quarantine, if they were moved.
    """
    before = (folder.report(ARCHIVE, ArchiveReport) if token else None) or ArchiveReport()
    this = ArchiveSlice(len(result.moved), result.bytes, tuple(result.left), len(refused.intersection(result.moved)))
    report = ArchiveReport({**before.slices, token or "": this})
    folder.keep(ARCHIVE, report)
    return report


def require_all(report: ArchiveReport) -> None:
    """Make sure that no object was left because moving it failed.

    Raises:
        LakehouseError: one was; it is the error of the first.
    """
    left = report.failed
    if left:
        raise remembered(left.error, left.why) or Transient(message=left.why)


def answer(report: ArchiveReport, token: str | None) -> dict[str, Any]:
    """Return the function's answer: totals so far, the first objects that were left, where the next slice starts."""
    return {
        "moved": report.moved,
        "bytes": report.bytes,
        "refused": report.refused,
        "left": len(report.left),
        "left_files": [{"key": left.key, "why": left.why} for left in report.left[:LISTED]],
        "token": token,
        "done": token is None,
    }


@contextmanager
def _watched(watch: WatchList, keys: Mapping[FileEntry, str]) -> Iterator[None]:
    """Have the files of a slice watched from before they are moved, until nobody can write them any more.

    What was not moved is not there under its key, and so not watched any longer than the next look.
    """
    now = datetime.now(UTC)
    slice_ = {Watched.of(entry, key, now) for entry, key in keys.items()}
    watch.change(add=slice_)
    yield
    there = {watched for watched in slice_ if watch.lake.has(watched.key)}
    open_ = {watched for watched in there if watch.lake.is_being_written(watched.key) is not False}
    watch.change(add=open_, drop={watched.key for watched in slice_ - open_})


def _broken(*stores: ObjectStore) -> LakehouseError | None:
    """Return why one of the stores cannot be used; None where an error was of one object alone."""
    try:
        gone = next((store.uri for store in stores if not store.exists), None)
    except LakehouseError as error:
        return error
    return StorageUnavailable(store=gone, problem="it is not there any more") if gone else None


def _move(entry: FileEntry, landing: ObjectStore, lake: ObjectStore, key: str) -> Left | None:
    """Move one object; return it with the reason when it stays in landing, else None.

    Raises:
        PreconditionFailed: the target holds other content.
        LakehouseError: a store does not take or give it.
    """
    why = _why_left(entry, landing, lake, key)
    return None if why is None else Left(entry.key, why)


def _why_left(entry: FileEntry, landing: ObjectStore, lake: ObjectStore, key: str) -> str | None:
    listed = StoredObject(entry.key, entry.etag, entry.size_bytes, entry.modified)
    if landing.is_being_written(entry.key):
        return WRITTEN
    try:
        if lake.take_from(landing, listed, key=key):
            return None
        lake.copy_from(landing, entry.key, source_etag=entry.etag, key=key)
    except ObjectMissing:
        return VANISHED
    except PreconditionFailed:
        if lake.stat(key) is not None:
            raise
        return CHANGED
    try:
        landing.delete(entry.key, if_match=entry.etag)
    except PreconditionFailed:
        return REPLACED
    return None


def _from(files: tuple[FileEntry, ...], token: str | None) -> tuple[FileEntry, ...]:
    if token is None:
        return files
    keys = [entry.key for entry in files]
    if token not in keys:
        raise BadRequest(message=f"token `{token}` is not of this manifest of {len(keys)} files")
    return files[keys.index(token) :]
