"""List the landed objects of a pipeline, and read the files of a manifest from where they are now.

Belongs here: listing landing, where an entry lies (landing, or the archive in the lake), and whether it is still the
object that was listed. Not here: which dataset a key belongs to (`core/manifest.py`), and what is in a file (`load`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import landing_datasets
from lakehouse_assets.core.manifest import IN_FLIGHT, FileEntry, dataset_of, leads_into
from lakehouse_assets.errors import AccessDenied
from lakehouse_assets.storage.objects import ObjectStore, StoredObject

STRANGE = "it is of no dataset"
WRITTEN = "a process is still writing it; it is taken when that is done"


@dataclass(frozen=True)
class ManifestFiles:
    """Read the files of one manifest for the load, from landing or the archive; see `load.source_files.LandedObjects`.

    Attributes:
        landing: the store that keys are relative to.
        lake: the store that holds entries with `archived` set.
    """

    landing: ObjectStore
    lake: ObjectStore

    def chunks(self, entry: FileEntry, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Return the bytes of the entry's object from `start` to before `stop`, a piece at a time.

        Raises:
            ObjectMissing: the object is not there (any more).
        """
        store, key = self._place(entry)
        return store.chunks(key, start, stop)

    def uri(self, entry: FileEntry) -> str:
        """Return the place where engines' own readers find the entry's object."""
        store, key = self._place(entry)
        return store.location(key)

    def is_unchanged(self, entry: FileEntry) -> bool:
        """Say whether the object is as it was listed.

        An archived copy has a time of its own, so only its content (etag) is compared.
        """
        if entry.archived is not None:
            return self.lake.holds(entry.archived, entry.etag)
        return self.landing.is_unchanged(StoredObject(entry.key, entry.etag, entry.size_bytes, entry.modified))

    def _place(self, entry: FileEntry) -> tuple[ObjectStore, str]:
        return (self.landing, entry.key) if entry.archived is None else (self.lake, entry.archived)


def datasets(pipeline: str) -> tuple[str, ...]:
    """Return the names of a pipeline's landing datasets."""
    return tuple(landing_datasets(contracts(pipeline)))


@dataclass(frozen=True)
class Landed:
    """Hold one look at landing: files that can be taken, and what is left alone there, by key, with why."""

    entries: list[FileEntry]
    left_alone: dict[str, str]


def look(pipeline: str, landing: ObjectStore) -> Landed:
    """Look at what the `files` patterns of the contracts of a pipeline's datasets match.

    Left alone are files of no dataset, folders that lie too deep for any, files that a process is writing, as far as
    the system shows it, those that this user may not read, links that lead nowhere, and what is no regular file. Only
    files of a dataset are read.

    Raises:
        StorageUnavailable: landing, or a folder in it, cannot be read.
    """
    patterns = _patterns(pipeline)
    depth = max((glob.count("/") + 1 for globs in patterns.values() for glob in globs), default=1)
    seen, entries = landing.look(depth=depth), list[FileEntry]()
    left_alone = {key: why for key, why in seen.passed_over.items() if not IN_FLIGHT.search(key)}
    left_alone |= dict.fromkeys(strangers(pipeline, seen.keys), STRANGE)
    left_alone |= {folder: _why_not_in(folder, patterns) for folder in strange_folders(pipeline, seen.deeper)}
    for key in seen.keys:
        name = dataset_of(key, patterns)
        if name is None:
            continue
        if landing.is_being_written(key):
            left_alone[key] = WRITTEN
            continue
        try:
            item = seen.known.get(key) or landing.stat(key)
        except AccessDenied as error:
            left_alone[key] = f"it may not be read: {error.facts['problem']}"
            continue
        if item:
            entries.append(FileEntry(name, item.key, item.etag, item.size_bytes, item.modified))
    return Landed(entries, left_alone)


def landed(pipeline: str, landing: ObjectStore) -> list[FileEntry]:
    """Return the files in landing that can be taken, see `look`."""
    return look(pipeline, landing).entries


def strangers(pipeline: str, keys: Iterable[str]) -> list[str]:
    """Return those keys that are of no dataset, of whichever pipeline, and are not being written either.

    Several pipelines may have one landing, so what belongs to another one is nobody's stranger.
    """
    from lakehouse_assets.contracts.packages import pipelines

    unknown = [key for key in keys if not IN_FLIGHT.search(key) and dataset_of(key, _patterns(pipeline)) is None]
    others = [_patterns(name) for name in pipelines() if name != pipeline] if unknown else []
    return sorted(key for key in unknown if all(dataset_of(key, patterns) is None for patterns in others))


def strange_folders(pipeline: str, folders: Iterable[str]) -> list[str]:
    """Return those folders in which no dataset has files, of whichever pipeline, and that are not hidden either."""
    from lakehouse_assets.contracts.packages import pipelines

    unknown = [folder for folder in folders if not IN_FLIGHT.search(folder)]
    globs = [glob for name in {pipeline, *pipelines()} if unknown for some in _patterns(name).values() for glob in some]
    return sorted(folder for folder in unknown if not any(leads_into(glob, folder) for glob in globs))


def _why_not_in(folder: str, patterns: Mapping[str, tuple[str, ...]]) -> str:
    """Say why nothing is taken from a folder: it lies among a dataset's files, or where no dataset has any."""
    above = f"{folder.rstrip('/').rpartition('/')[0]}/"
    is_among = any(
        leads_into(glob, above) and glob.count("/") == above.count("/") for some in patterns.values() for glob in some
    )
    return f"a folder; files lie directly in {above}" if is_among else "a folder in which no dataset has files"


def _patterns(pipeline: str) -> dict[str, tuple[str, ...]]:
    return {name: dataset.files for name, dataset in landing_datasets(contracts(pipeline)).items()}
