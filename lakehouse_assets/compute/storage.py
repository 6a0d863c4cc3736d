"""Objects in a store: what a store can do (Protocol), and a local folder that does it.

Here: listing, reading, and conditional put, copy and delete with the meaning that S3's conditional verbs have,
so that leases, manifests, archive and messages are written once for a folder and for S3. Not here: what the keys
mean, and tables (engines read and write those themselves).
S3's verbs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from lakehouse_assets.errors import BadRequest, ObjectMissing, PreconditionFailed, StorageUnavailable

CHUNK_BYTES = 1 << 20
RACY_NS = 100_000_000
"""A file changed less than this ago may change again within one tick of its clock, so its etag is not cached yet."""

OURS = re.compile(r"\.[0-9a-f]{32}\.tmp")
TAKEN = re.compile(r"\.(.+)\.taken", re.DOTALL)
GONE = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, order=True)
class StoredObject:
    """One object: key below the store's root, etag (MD5 hex of the content), size in bytes, UTC time of last change."""

    key: str
    etag: str
    size_bytes: int
    modified: datetime


Listing = list[StoredObject]


class ObjectStore(Protocol):
    """What every store can do; keys use `/` and are relative to `uri`."""

    @property
    def uri(self) -> str:
        """Where the store is."""
        ...

    def list(self, prefix: str = "") -> Listing:
        """All objects whose key starts with `prefix`, sorted by key, without folders."""
        ...

    def stat(self, key: str) -> StoredObject | None:
        """The object under `key` without its content, or None."""
        ...

    def read(self, key: str) -> bytes:
        """The content of one object.

        Raises:
            ObjectMissing: there is none.
        """
        ...

    def put(self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> str:
        """Write one object at once or not at all, and answer its etag.

        Raises:
            PreconditionFailed: `if_absent` and there is one, or the one there has not the etag `if_match`.
        """
        ...

    def copy_from(self, source: ObjectStore, source_key: str, *, source_etag: str, key: str) -> None:
        """Copy an object of `source` that still has `source_etag`; a target that already has it is left as it is.

        Raises:
            ObjectMissing: neither source nor target is there.
            PreconditionFailed: the source has another etag, or the target exists with another one.
        """
        ...

    def delete(self, key: str, *, if_match: str) -> bool:
        """Delete the object with that etag only; True when it is gone, also when it was gone before.

        Raises:
            PreconditionFailed: another object is there now; it stays.
        """
        ...


class FolderStore(ObjectStore):
    """A folder as an object store, for any number of processes on one machine.

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

    @property
    def uri(self) -> str:
        """The root as a `file://` URI."""
        return self.root.as_uri()

    def path_of(self, key: str) -> Path:
        """The file of a key.

        Raises:
            BadRequest: the key is empty or absolute, or leads out of the store.
        """
        if "\0" in key or any(part in {"", ".", ".."} for part in key.split("/")):
            raise BadRequest(message=f"`{key}` is not a key; keys are relative paths without `.`, `..` and empty parts")
        return self.root / key

    def list(self, prefix: str = "") -> Listing:
        """See `ObjectStore.list`.

        Raises:
            StorageUnavailable: the root is missing, or a folder below it cannot be read.
        """
        folder = prefix.rpartition("/")[0]
        top = self.path_of(folder) if folder else self.root
        with self._answering():
            keys = {path.relative_to(self.root).as_posix() for path in self._files(top)}
            found = (self.stat(key) for key in keys if key.startswith(prefix))
            return sorted(stored for stored in found if stored)

    def stat(self, key: str) -> StoredObject | None:
        """See `ObjectStore.stat`."""
        path = self.path_of(key)
        with self._answering():
            try:
                status = path.stat()
                if not path.is_file():
                    return None
                etag = self._etag(path, status)
            except GONE:
                return None
        return StoredObject(key, etag, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def read(self, key: str) -> bytes:
        """See `ObjectStore.read`."""
        path = self.path_of(key)
        with self._answering():
            try:
                return path.read_bytes()
            except GONE as error:
                raise ObjectMissing(key=key, store=self.uri) from error

    def put(self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> str:
        """See `ObjectStore.put`."""
        with self._answering(), self._staged(key, [data]) as (staged, etag), self._locked():
            if if_match is not None:
                self._require(key, if_match)
            if if_absent:
                self._link(staged, key)
            else:
                staged.replace(self.path_of(key))
        return etag

    def copy_from(self, source: ObjectStore, source_key: str, *, source_etag: str, key: str) -> None:
        """See `ObjectStore.copy_from`."""
        if self._holds(key, source_etag):
            return
        with self._answering(), self._staged(key, _content(source, source_key)) as (staged, etag), self._locked():
            if etag != source_etag:
                raise PreconditionFailed(key=source_key, expected=f"etag {source_etag}")
            if not self._holds(key, source_etag):
                self._link(staged, key)

    def delete(self, key: str, *, if_match: str) -> bool:
        """See `ObjectStore.delete`.

        The file is moved aside first and looked at there, so that nobody can swap it between look and deletion.
        """
        path = self.path_of(key)
        taken = path.with_name(f".{path.name}.taken")
        with self._answering(), self._locked():
            _put_back(taken, path)
            if self.stat(key) is None:
                return True
            self._require(key, if_match)
            path.rename(taken)
            if _md5(_chunks(taken)) != if_match:
                _put_back(taken, path)
                raise PreconditionFailed(key=key, expected=f"etag {if_match}")
            taken.unlink()
        return True

    def _files(self, top: Path) -> Iterator[Path]:
        for folder, _, names in os.walk(top, onerror=_raise_unless_gone):
            for name in names:
                if OURS.fullmatch(name):
                    continue
                taken = TAKEN.fullmatch(name)
                if taken:
                    self._recover(Path(folder, name), Path(folder, taken[1]))
                yield Path(folder, taken[1] if taken else name)

    def _recover(self, taken: Path, path: Path) -> None:
        """Put back what a killed deletion left aside; a living one holds the lock, and nothing is left after it."""
        with self._locked():
            _put_back(taken, path)

    def _etag(self, path: Path, status: os.stat_result) -> str:
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._etags.get(path)
        if known and known[0] == signature:
            return known[1]
        etag = _md5(_chunks(path))
        if time.time_ns() - status.st_ctime_ns > RACY_NS:
            self._etags[path] = (signature, etag)
        return etag

    def _holds(self, key: str, etag: str) -> bool:
        stored = self.stat(key)
        return stored is not None and stored.etag == etag

    def _require(self, key: str, etag: str) -> None:
        if not self._holds(key, etag):
            raise PreconditionFailed(key=key, expected=f"etag {etag}")

    def _link(self, staged: Path, key: str) -> None:
        try:
            self.path_of(key).hardlink_to(staged)
        except FileExistsError as error:
            raise PreconditionFailed(key=key, expected="absent") from error

    @contextmanager
    def _staged(self, key: str, chunks: Iterable[bytes]) -> Iterator[tuple[Path, str]]:
        """Write the content beside its place, on disk before it gets its name; (file, etag)."""
        path = self.path_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f".{uuid4().hex}.tmp")
        try:
            with staged.open("xb") as file:
                etag = _md5(_written(chunks, file.write))
                file.flush()
                os.fsync(file.fileno())
            yield staged, etag
            _sync_folder(path.parent)
        finally:
            staged.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        root = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(root, fcntl.LOCK_EX)
            yield
        finally:
            os.close(root)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._translated():
            self.root.stat()
            yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageUnavailable(store=self.uri, problem=f"{error.strerror}: {error.filename}") from error


def open_store(uri: str, *, create: bool = True) -> ObjectStore:
    """The store at a `file://` URI or a plain path; `create` as in `FolderStore`.

    Raises:
        BadRequest: the URI has another scheme.
    """
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return FolderStore(url2pathname(parts.path), create=create)
    if "://" in uri:
        raise BadRequest(message=f"`{uri}`: only folders are supported; the S3 adapter comes with the production tier")
    return FolderStore(uri, create=create)


def _content(source: ObjectStore, key: str) -> Iterator[bytes]:
    """Content of an object, in chunks where the store is a folder."""
    if source.stat(key) is None:
        raise ObjectMissing(key=key, store=source.uri)
    if not isinstance(source, FolderStore):
        yield source.read(key)
        return
    try:
        yield from _chunks(source.path_of(key))
    except GONE as error:
        raise ObjectMissing(key=key, store=source.uri) from error


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _md5(chunks: Iterable[bytes]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _written(chunks: Iterable[bytes], write: Callable[[bytes], int]) -> Iterator[bytes]:
    for chunk in chunks:
        write(chunk)
        yield chunk


def _sync_folder(folder: Path) -> None:
    """Make the new name last: the archive deletes the source right after."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put_back(taken: Path, path: Path) -> None:
    """Give a file that was moved aside its name again, unless its uploader has put a newer one there meanwhile."""
    if not taken.exists():
        return
    with suppress(FileExistsError):
        path.hardlink_to(taken)
    taken.unlink()


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, GONE):
        raise error
