"""Serve a local folder as an object store, with the meaning that S3's conditional verbs have."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lakehouse_assets.core.file_times import moment_of
from lakehouse_assets.errors import ObjectMissing, PreconditionFailed
from lakehouse_assets.storage import writers
from lakehouse_assets.storage.atomic_files import (
    GONE,
    Taking,
    chunks_of,
    delete_if,
    md5_of,
    note,
    noted,
    put_back,
    staged,
    take,
)
from lakehouse_assets.storage.keys import require_key
from lakehouse_assets.storage.locks import locked
from lakehouse_assets.storage.objects import Listing, Look, ObjectStore, StoredObject
from lakehouse_assets.storage.os_errors import storage_error
from lakehouse_assets.storage.walking import DEEPER, walk

RACY_NS = 100_000_000
"""A file changed less than this ago may change again within one tick of its clock, so its etag is not cached yet."""
UNREADABLE_NAME = "its name is no UTF-8"


class FolderStore(ObjectStore):
    """Serve a folder as an object store, for any number of processes on one machine.

    Changes made through this class are serialised by a lock on the root folder, which a killed process gives back.
    Other programs may drop files at any time: a file they swap in is never deleted for its predecessor, provided
    they write under another name and rename; one that is rewritten in place needs the sensor's quiet period.

    Args:
        root: the folder that keys are relative to.
        create: make the folder; otherwise a missing one raises StorageUnavailable when it is used.
    """

    def __init__(self, root: Path | str, *, create: bool = True) -> None:
        self.root = Path(root).absolute()
        self._etags: dict[Path, tuple[tuple[int, ...], str]] = {}
        if create:
            with self._translated():
                self.root.mkdir(parents=True, exist_ok=True)

    def __getstate__(self) -> dict[str, object]:
        # Etags are known by inode numbers and times, which mean nothing to another process on another machine.
        return {"root": self.root, "_etags": {}}

    @property
    def uri(self) -> str:
        """Return the root as a `file://` URI."""
        return self.root.as_uri()

    @property
    def exists(self) -> bool:
        """Say whether the folder is there."""
        return self.root.is_dir()

    def location(self, key: str) -> str:
        """Return the path of a key's file as text.

        Raises:
            BadRequest: as `path_of`.
        """
        return str(self.path_of(key))

    def path_of(self, key: str) -> Path:
        """Return the path of a key's file, whether the file is there or not.

        Raises:
            BadRequest: the key is empty or absolute, or leads out of the store.
        """
        return self.root / require_key(key)

    def list(self, prefix: str = "") -> Listing:
        """See `ObjectStore.list`.

        Raises:
            StorageUnavailable: the root is missing, or a folder below it cannot be read.
        """
        found = (self.stat(key) for key in self.look(prefix).keys)
        return sorted(stored for stored in found if stored)

    def look(self, prefix: str = "", depth: int | None = None) -> Look:
        """See `ObjectStore.look`; links are followed, and what leads nowhere or is no regular file is passed over."""
        folder = prefix.rpartition("/")[0]
        top = self.path_of(folder) if folder else self.root
        levels = None if depth is None else depth - folder.count("/") - bool(folder)
        with self._answering():
            found = ((path.relative_to(self.root).as_posix(), why) for path, why in walk(top, self._recover, levels))
            named = {key: why for key, why in found if key.startswith(prefix)}
        deeper = {key for key, why in named.items() if why == DEEPER and _is_utf8(key)}
        odd = {key: why or UNREADABLE_NAME for key, why in named.items() if why or not _is_utf8(key)}
        keys = sorted(key for key in named if key not in odd)
        passed_over = {key: why for key, why in odd.items() if key not in deeper}
        return Look(keys, passed_over, deeper=tuple(f"{key}/" for key in sorted(deeper)))

    def folders(self, folder: str) -> tuple[str, ...]:
        """See `ObjectStore.folders`; an empty folder counts too."""
        with self._answering():
            try:
                return tuple(sorted(path.name for path in self.path_of(folder).iterdir() if path.is_dir()))
            except GONE:
                return ()

    def has_any(self, prefix: str = "") -> bool:
        """See `ObjectStore.has_any`."""
        return bool(self.look(prefix).keys)

    def has(self, key: str) -> bool:
        """See `ObjectStore.has`."""
        with self._answering():
            return self.path_of(key).is_file()

    def stat(self, key: str) -> StoredObject | None:
        """See `ObjectStore.stat`."""
        path = self.path_of(key)
        with self._answering():
            try:
                status = path.stat()
                if not stat.S_ISREG(status.st_mode):
                    return None
                etag = self._etag(path, status)
            except GONE:
                return None
        return StoredObject(key, etag, status.st_size, moment_of(status.st_mtime))

    def holds(self, key: str, etag: str) -> bool:
        """See `ObjectStore.holds`."""
        stored = self.stat(key)
        return stored is not None and (stored.etag == etag or noted(self.path_of(key)) == (etag, stored.etag))

    def size(self, key: str) -> int | None:
        """See `ObjectStore.size`."""
        return next(self.sizes([key]))

    def sizes(self, keys: Sequence[str]) -> Iterator[int | None]:
        """See `ObjectStore.sizes`; places are texts, since a run asks for the thousands of files of its tables."""
        root = f"{self.root}/"
        with self._answering():
            for key in keys:
                try:
                    status = os.stat(root + require_key(key))  # noqa: PTH116 - a third of what a `Path` takes
                except GONE:
                    yield None
                else:
                    yield status.st_size if stat.S_ISREG(status.st_mode) else None

    def is_being_written(self, key: str) -> bool | None:
        """See `ObjectStore.is_being_written`; only processes of this machine can be seen."""
        return writers.is_being_written(self.path_of(key))

    def is_unchanged(self, listed: StoredObject) -> bool:
        """Say whether size and time of change (microseconds) are as listed, or else whether the content is."""
        return _is_as_listed(self.path_of(listed.key), listed) or self.holds(listed.key, listed.etag)

    def read(self, key: str) -> bytes:
        """See `ObjectStore.read`."""
        path = self.path_of(key)
        with self._answering():
            try:
                return path.read_bytes()
            except GONE as error:
                raise ObjectMissing(key=key, store=self.uri) from error

    def chunks(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """See `ObjectStore.chunks`."""
        path = self.path_of(key)
        with self._answering():
            try:
                yield from chunks_of(path, start, stop)
            except GONE as error:
                raise ObjectMissing(key=key, store=self.uri) from error

    def chunks_of(self, key: str, etag: str) -> Iterator[bytes]:
        """See `ObjectStore.chunks_of`."""
        found = hashlib.md5(usedforsecurity=False)
        for chunk in self.chunks(key):
            found.update(chunk)
            yield chunk
        if found.hexdigest() != etag:
            raise PreconditionFailed(key=key, expected=f"etag {etag}")

    def put(self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> str:
        """See `ObjectStore.put`."""
        return self.put_chunks(key, [data], if_absent=if_absent, if_match=if_match)

    def put_chunks(
        self, key: str, chunks: Iterable[bytes], *, if_absent: bool = False, if_match: str | None = None
    ) -> str:
        """See `ObjectStore.put_chunks`."""
        with self._answering(), staged(self.path_of(key), chunks) as (file, etag), locked(self.root):
            if if_match is not None:
                self._require(key, if_match)
            if if_absent:
                self._link(file, key)
            else:
                file.replace(self.path_of(key))
        return etag

    def rewrite(self, key: str, chunks: Iterable[bytes], *, known_as: str) -> None:
        """See `ObjectStore.rewrite`; a process that is killed before the file's turn leaves it as it was."""
        path = self.path_of(key)
        with self._answering(), staged(path, chunks) as (file, etag), locked(self.root):
            note(path, known_as, etag)
            file.replace(path)

    def forget_old(self, prefix: str) -> int:
        """Return 0: a folder keeps nothing of what was deleted."""
        del prefix
        return 0

    def copy_from(self, source: ObjectStore, source_key: str, *, source_etag: str, key: str) -> None:
        """See `ObjectStore.copy_from`."""
        if self.holds(key, source_etag):
            return
        content = source.chunks_of(source_key, source_etag)
        with self._answering(), staged(self.path_of(key), content) as (file, etag), locked(self.root):
            if not self.holds(key, source_etag):
                # The note first: without the file it says nothing, and a copy without its note would be a stranger.
                note(self.path_of(key), source_etag, etag)
                self._link(file, key)

    def take_from(self, source: ObjectStore, listed: StoredObject, *, key: str) -> bool:
        """See `ObjectStore.take_from`: folders of one file system can do it, for files that are no links."""
        if not isinstance(source, FolderStore) or source.path_of(listed.key).is_symlink():
            return False
        target = self.path_of(key)
        with self._answering():
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            became = source.give(listed, target)
        except GONE as error:
            if self.holds(key, listed.etag):
                return True
            raise ObjectMissing(key=listed.key, store=source.uri) from error
        if became == "changed":
            raise PreconditionFailed(key=listed.key, expected=f"etag {listed.etag}")
        if became == "occupied":
            if not self.holds(key, listed.etag):
                raise PreconditionFailed(key=key, expected="absent")
            return source.delete(listed.key, if_match=listed.etag)
        return became == "moved"

    def give(self, listed: StoredObject, target: Path) -> Taking:
        """Move a file to a path if it is still as listed, and say what came of it.

        Raises:
            FileNotFoundError: the file is gone.
        """
        path = self.path_of(listed.key)
        with self._answering(GONE), locked(self.root):
            put_back(path)
            return take(path, target, lambda moved: _is_as_listed(moved, listed) or _has(moved, listed.etag))

    def delete(self, key: str, *, if_match: str) -> bool:
        """See `ObjectStore.delete`."""
        path = self.path_of(key)
        with self._answering(), locked(self.root):
            put_back(path)
            found = self.stat(key)
            if found is None:
                return True
            if found.etag != if_match or not delete_if(path, if_match):
                raise PreconditionFailed(key=key, expected=f"etag {if_match}")
        return True

    def _recover(self, path: Path) -> None:
        """Put back what a killed deletion left aside; a living one holds the lock, and nothing is left after it."""
        with locked(self.root):
            put_back(path)

    def _etag(self, path: Path, status: os.stat_result) -> str:
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._etags.get(path)
        if known and known[0] == signature:
            return known[1]
        etag = md5_of(chunks_of(path))
        if time.time_ns() - status.st_ctime_ns > RACY_NS:
            self._etags[path] = (signature, etag)
        return etag

    def _require(self, key: str, etag: str) -> None:
        if not self.holds(key, etag):
            raise PreconditionFailed(key=key, expected=f"etag {etag}")

    def _link(self, file: Path, key: str) -> None:
        try:
            self.path_of(key).hardlink_to(file)
        except FileExistsError as error:
            raise PreconditionFailed(key=key, expected="absent") from error

    @contextmanager
    def _answering(self, passed: tuple[type[OSError], ...] = ()) -> Iterator[None]:
        with self._translated():
            self.root.stat()
        with self._translated(passed):
            yield

    @contextmanager
    def _translated(self, passed: tuple[type[OSError], ...] = ()) -> Iterator[None]:
        try:
            yield
        except passed:
            raise
        except OSError as error:
            raise storage_error(self.uri, error) from error


def _is_as_listed(path: Path, listed: StoredObject) -> bool:
    """Say whether size and time of change (microseconds) of a file are as listed."""
    try:
        status = path.stat()
    except GONE:
        return False
    return (status.st_size, moment_of(status.st_mtime)) == (listed.size_bytes, listed.modified)


def _has(path: Path, etag: str) -> bool:
    return md5_of(chunks_of(path)) == etag


def _is_utf8(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
