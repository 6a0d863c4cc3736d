"""Find the loads that made a pipeline's silver tables, and where the files that they read lie now.

A run's folder says which files it took and what it made of them; the archive, or else landing, holds the files by
content. Here: looking. Not here: loading them again (`rebuild`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lakehouse_assets.core.archive import archive_key, quarantine_key
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder

LOAD = "load"
"""Names the piece in a run's folder that its load left."""
Version = tuple[str, str, str]
"""Holds dataset, landing key and etag: one version of a landed file."""


@dataclass(frozen=True)
class PastLoad:
    """Hold one load of the past.

    Attributes:
        manifest: what it was asked; its files are those that it read, and say where each of them lies now.
        report: what it did; None for one that died before its end.
        missing: files that it read and that are nowhere any more.
    """

    manifest: Manifest
    report: LoadReport | None
    missing: tuple[FileEntry, ...] = ()

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
        unfinished: ids of runs that died after they had begun to write, as far as the run ledger knows.
    """

    pipeline: str
    lake: Lake
    unfinished: frozenset[str] = frozenset()
    _found: dict[Version, str | None] = field(default_factory=dict, repr=False)

    def loads(self) -> list[PastLoad]:
        """Return all past loads in the order of their clocks; files that are nowhere are in `missing`."""
        found = list(self._ran())
        manifests = [manifest for manifest, _ in found]
        return [self._placed(manifest, report, manifests) for manifest, report in found]

    def _ran(self) -> Iterator[tuple[Manifest, LoadReport | None]]:
        listed = self.lake.store.list(f"runs/{self.pipeline}/")
        written = {o.key.split("/")[2]: o.modified for o in listed if o.key.endswith("/manifest.json")}
        folders = [RunFolder(self.lake.store, self.pipeline, run_id) for run_id in written]
        ran = [(folder.manifest(), folder.report(LOAD, LoadReport)) for folder in folders]
        ran.sort(key=lambda pair: (pair[0].as_of, written[pair[0].run_id]))
        yield from (pair for pair in ran if pair[1] is not None or pair[0].run_id in self.unfinished)

    def _placed(self, manifest: Manifest, report: LoadReport | None, manifests: Sequence[Manifest]) -> PastLoad:
        unread = {*report.refused_files, *report.skipped_files} if report else set()
        placed, missing = list[FileEntry](), list[FileEntry]()
        for entry in (entry for entry in manifest.files if entry.key not in unread):
            now = self._place(entry, manifest, manifests)
            (missing if now is None else placed).append(now or entry)
        return PastLoad(replace(manifest, files=tuple(placed)), report, tuple(missing))

    def _place(self, entry: FileEntry, manifest: Manifest, manifests: Sequence[Manifest]) -> FileEntry | None:
        """Return the entry with the place where a file of its content lies; None when there is none."""
        version = (entry.dataset, entry.key, entry.etag)
        if version not in self._found:
            keys = [entry.archived, *_archived(entry, [manifest]), *_archived(entry, manifests)]
            self._found[version] = next((key for key in keys if key and self._holds(key, entry.etag)), None)
        key = self._found[version]
        if key is not None:
            return replace(entry, archived=key)
        landing = open_store(self.lake.resolve(manifest.landing), create=False)
        there = replace(entry, archived=None)
        is_landed = landing.exists and ManifestFiles(landing, self.lake.store).is_unchanged(there)
        return there if is_landed else None

    def _holds(self, key: str, etag: str) -> bool:
        stored = self.lake.store.stat(key) if self.lake.store.has(key) else None
        return stored is not None and stored.etag == etag


def _archived(entry: FileEntry, manifests: Sequence[Manifest]) -> Iterator[str]:
    """Yield the keys under which the runs that took this version of the file may have archived it."""
    for manifest in manifests:
        if any((one.key, one.etag) == (entry.key, entry.etag) for one in manifest.of(entry.dataset)):
            for key_of in (archive_key, quarantine_key):
                yield key_of(manifest.pipeline, entry, manifest.run_id, manifest.as_of)
