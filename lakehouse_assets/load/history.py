"""Find the loads that made a pipeline's silver tables, and where the files that they read lie now.

A run's folder says which files it took and what it made of them; the archive, or else landing, holds the files by
content. Ledger and archive say which runs there were. Here: looking. Not here: loading them again (`redo`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from lakehouse_assets.core.archive import archive_key, quarantine_key
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.errors import StateDamaged
from lakehouse_assets.load.ledger import Known
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder

LOAD, BEGUN, FORGOTTEN = "load", "begun", "forgotten"
"""Name the pieces in a run's folder: what its load leaves at its end and at its beginning, and that rows of its files
were erased later, so that they count less now."""
Piece = TypeVar("Piece")
"""The type of what a piece is read as."""
Version = tuple[str, str, str]
"""Holds dataset, landing key and etag: one version of a landed file."""


@dataclass(frozen=True)
class Begun:
    """Hold under which hold of the pipeline a load commits, when it began, UTC, and by which piece it has its files.

    The number (`Lease.fence`) grows with every hold, so it gives the order of commits; clocks do not, since a run may
    be asked to have another one. The piece is the plan's manifest, or one that a step before the load has made of it.
    """

    fence: int
    at: datetime
    manifest: str = "manifest"


@dataclass(frozen=True)
class PastLoad:
    """Hold one load of the past.

    Attributes:
        manifest: what it was asked; its files are those that it read, and say where each of them lies now.
        report: what it did; None for one that died before its end.
        began: when, UTC.
        missing: files that it read and that are nowhere any more; one that lies in the archive with other content says
            where.
        lost: key of the corrected rows that it brought and that are gone, without which it cannot be done again.
        is_shorter: whether rows of its files were erased since.
    """

    manifest: Manifest
    report: LoadReport | None
    began: datetime
    missing: tuple[FileEntry, ...] = ()
    lost: str | None = None
    is_shorter: bool = False

    @property
    def was_refused(self) -> bool:
        """Say whether it stopped before merging, because of too many rejects: then rows of it went nowhere."""
        counts = [table.counts for table in self.report.tables.values()] if self.report else []
        return any(c.read + c.retried != c.valid + c.rejected + c.superseded + c.pending for c in counts)


@dataclass(frozen=True)
class History:
    """Look for the past loads of a pipeline in a lake.

    Attributes:
        pipeline: whose loads.
        lake: with the runs' folders and the archive.
        known: what the run ledger knows of them; nothing where it cannot be read.
        damaged: is told of each piece of a run's folder that cannot be read; the run is then done again as far as the
            others tell, or not at all. None where nothing may be left out.
    """

    pipeline: str
    lake: Lake
    known: Known = field(default_factory=Known)
    damaged: dict[str, StateDamaged] | None = None
    _found: dict[Version, str | None] = field(default_factory=dict, repr=False)

    def loads(self) -> list[PastLoad]:
        """Return all past loads in the order of their commits; files that are nowhere are in `missing`.

        Raises:
            StateDamaged: a piece of a run's folder cannot be read, and nothing may be left out.
        """
        loaded = [run_id for run_id, pieces in self._pieces.items() if self._has_loaded(run_id, pieces)]
        ran = [one for run_id in loaded if (one := self._ran(run_id)) is not None]
        # Loads of before fences were kept come first, by their clocks, which is all that is known of their order.
        ran.sort(key=lambda one: (one[2].fence, one[2].at))
        manifests = [manifest for manifest, _, _ in ran]
        return [self._placed(manifest, report, begun, manifests) for manifest, report, begun in ran]

    def missing_runs(self) -> dict[str, str]:
        """Return what is gone of runs that have loaded, as ledger or archive say, and cannot be done again."""
        runs = sorted({*self.known.loaded, *self.known.unfinished, *self._archived})
        pieces = {run_id: self._pieces.get(run_id, set()) for run_id in runs}
        needed = {run_id: ["manifest", *([] if run_id in self.known.unfinished else [LOAD])] for run_id in runs}
        gone = {run_id: [name for name in needed[run_id] if name not in pieces[run_id]] for run_id in runs}
        return {run_id: f"{names[0]}.json" for run_id, names in gone.items() if names}

    @cached_property
    def _pieces(self) -> dict[str, set[str]]:
        """Return by run which pieces its folder has."""
        found: dict[str, set[str]] = {}
        for key in self.lake.store.look(f"runs/{self.pipeline}/").keys:
            _, _, run_id, *names = key.split("/")
            found.setdefault(run_id, set()).add("/".join(names).removesuffix(".json"))
        return found

    @cached_property
    def _archived(self) -> set[str]:
        """Return the runs that have archived a file, or put one into quarantine."""
        keys = (self.lake.store.look(f"{top}/{self.pipeline}/").keys for top in ("archived", "quarantine"))
        return {key.split("/")[4] for some in keys for key in some}

    def _has_loaded(self, run_id: str, pieces: Iterable[str]) -> bool:
        if "manifest" not in pieces:
            return False
        return LOAD in pieces or run_id in {*self.known.unfinished, *self.known.loaded, *self._archived}

    def _ran(self, run_id: str) -> tuple[Manifest, LoadReport | None, Begun] | None:
        """Return what a run was asked, what it did, and when it began; None where nobody can tell what it was asked."""
        folder = RunFolder(self.lake.store, self.pipeline, run_id)
        begun = self._read(run_id, lambda: folder.report(BEGUN, Begun))
        manifest = self._read(run_id, lambda: folder.manifest(begun.manifest if begun else "manifest"))
        if manifest is None:
            return None
        report = self._read(run_id, lambda: folder.report(LOAD, LoadReport))
        return manifest, report, begun or Begun(0, manifest.as_of)

    def _read(self, run_id: str, read: Callable[[], Piece]) -> Piece | None:
        """Return a piece of a run's folder; None where it cannot be read, and that is noted."""
        try:
            return read()
        except StateDamaged as error:
            if self.damaged is None:
                raise
            self.damaged.setdefault(run_id, error)
            return None

    def _placed(
        self, manifest: Manifest, report: LoadReport | None, begun: Begun, manifests: Sequence[Manifest]
    ) -> PastLoad:
        unread = {*report.refused_files, *report.skipped_files} if report else set()
        placed, missing = list[FileEntry](), list[FileEntry]()
        for entry in (entry for entry in manifest.files if entry.key not in unread):
            now = self._place(entry, manifest, manifests)
            if now is not None:
                placed.append(now)
            else:
                missing.append(replace(entry, archived=self._other(entry, manifest, manifests)))
        corrected = manifest.selection.get("corrected")
        lost = corrected if corrected and not self.lake.store.has(corrected) else None
        is_shorter = FORGOTTEN in self._pieces[manifest.run_id]
        return PastLoad(replace(manifest, files=tuple(placed)), report, begun.at, tuple(missing), lost, is_shorter)

    def _place(self, entry: FileEntry, manifest: Manifest, manifests: Sequence[Manifest]) -> FileEntry | None:
        """Return the entry with the place where a file of its content lies; None when there is none."""
        version = (entry.dataset, entry.key, entry.etag)
        if version not in self._found:
            keys = _keys(entry, manifest, manifests)
            self._found[version] = next((key for key in keys if self._holds(key, entry.etag)), None)
        key = self._found[version]
        if key is not None:
            return replace(entry, archived=key)
        landing = open_store(self.lake.resolve(manifest.landing), create=False)
        there = replace(entry, archived=None)
        is_landed = landing.exists and ManifestFiles(landing, self.lake.store).is_unchanged(there)
        return there if is_landed else None

    def _other(self, entry: FileEntry, manifest: Manifest, manifests: Sequence[Manifest]) -> str | None:
        """Return the key in the archive where a file lies that is not what the entry says; None when there is none."""
        return next((key for key in _keys(entry, manifest, manifests) if self.lake.store.has(key)), None)

    def _holds(self, key: str, etag: str) -> bool:
        return self.lake.store.has(key) and self.lake.store.holds(key, etag)


def _keys(entry: FileEntry, manifest: Manifest, manifests: Sequence[Manifest]) -> Iterator[str]:
    """Yield the keys under which this version of a file may be archived, those of the run that asks first."""
    if entry.archived:
        yield entry.archived
    yield from _archived(entry, [manifest])
    yield from _archived(entry, manifests)


def _archived(entry: FileEntry, manifests: Sequence[Manifest]) -> Iterator[str]:
    """Yield the keys under which the runs that took this version of the file may have archived it."""
    for manifest in manifests:
        if any((one.key, one.etag) == (entry.key, entry.etag) for one in manifest.of(entry.dataset)):
            for key_of in (archive_key, quarantine_key):
                yield key_of(manifest.pipeline, entry, manifest.run_id, manifest.as_of)
