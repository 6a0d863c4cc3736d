"""The files of a manifest, read from folders: landed ones where they landed, archived ones from the lake.

Belongs here: where an entry lies now, and whether it is still the object that was listed. Not here: which files a run
takes (`core/manifest.py`), and what is in them (`load/landing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lakehouse_assets.compute.files import GONE
from lakehouse_assets.compute.storage import FolderStore
from lakehouse_assets.core.manifest import FileEntry


@dataclass(frozen=True)
class FolderLanding:
    """Where the load reads the files of one manifest; see `load.landing.Landing`.

    Attributes:
        landing: the store that keys are relative to.
        lake: the store that holds entries with `archived` set.
    """

    landing: FolderStore
    lake: FolderStore

    def read(self, entry: FileEntry) -> bytes:
        """The object's bytes.

        Raises:
            ObjectMissing: it is not there (any more).
        """
        store, key = self._place(entry)
        return store.read(key)

    def uri(self, entry: FileEntry) -> str:
        """The object's path, as engines on this machine take it."""
        return str(self._path(entry))

    def is_unchanged(self, entry: FileEntry) -> bool:
        """Whether size and time of change (microseconds) are as listed; of an archived copy, the content."""
        if entry.archived is not None:
            stored = self.lake.stat(entry.archived)
            return stored is not None and stored.etag == entry.etag
        try:
            status = self._path(entry).stat()
        except GONE:
            return False
        if (status.st_size, datetime.fromtimestamp(status.st_mtime, UTC)) == (entry.size_bytes, entry.modified):
            return True
        stored = self.landing.stat(entry.key)
        return stored is not None and stored.etag == entry.etag

    def _path(self, entry: FileEntry) -> Path:
        store, key = self._place(entry)
        return store.path_of(key)

    def _place(self, entry: FileEntry) -> tuple[FolderStore, str]:
        return (self.landing, entry.key) if entry.archived is None else (self.lake, entry.archived)
