"""Handle single files safely: hash in chunks, write at once or not at all, move aside and back, lock.

`FolderStore` is built on these functions. They know no keys, stores or errors of ours: an OSError stays an OSError.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

CHUNK_BYTES = 1 << 20
GONE = (FileNotFoundError, NotADirectoryError)
"""Errors that using a path raises when it is not there (any more)."""

STAGED = re.compile(r"\.[0-9a-f]{32}\.tmp")
TAKEN = re.compile(r"\.(.+)\.taken", re.DOTALL)


def chunks_of(path: Path, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Yield the content of a file from byte `start` to before `stop` (None: to its end), `CHUNK_BYTES` at a time."""
    with path.open("rb") as file:
        file.seek(start)
        at = start
        while chunk := file.read(CHUNK_BYTES if stop is None else max(0, min(CHUNK_BYTES, stop - at))):
            yield chunk
            at += len(chunk)


def md5_of(chunks: Iterable[bytes]) -> str:
    """Return the MD5 of all chunks in hex, which S3 also gives as the etag of a simple put."""
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def staged(path: Path, chunks: Iterable[bytes]) -> Iterator[tuple[Path, str]]:
    """Write content to a file beside its place, safe on disk, and yield (file, MD5 hex).

    The caller then gives the file its name; what is left of it is deleted on exit.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.with_name(f".{uuid4().hex}.tmp")
    try:
        yield file, _write(file, chunks)
        _sync_folder(path.parent)
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder against all who lock it here; a killed process gives its lock back."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def taken_path(path: Path) -> Path:
    """Return the path that a file is moved aside to.

    The path is the same for every process, so that the file of a killed one is found again.
    """
    return path.with_name(f".{path.name}.taken")


def put_back(path: Path) -> None:
    """Give a file that was moved aside its name again, or `<MD5>-<name>` when somebody has used its name meanwhile."""
    taken = taken_path(path)
    if not taken.exists():
        return
    try:
        path.hardlink_to(taken)
    except FileExistsError:
        with suppress(FileExistsError):
            path.with_name(f"{md5_of(chunks_of(taken))}-{path.name}").hardlink_to(taken)
    taken.unlink()


def delete_if(path: Path, etag: str) -> bool:
    """Delete a file only if it has this MD5; return False when another file is there, which stays.

    The file is moved aside first and looked at there, so that nobody can swap it between look and deletion.
    """
    try:
        taken = path.rename(taken_path(path))
    except GONE:
        return True
    if md5_of(chunks_of(taken)) == etag:
        taken.unlink()
        return True
    put_back(path)
    return False


def walk(top: Path, recover: Callable[[Path], None]) -> Iterator[Path]:
    """Yield all files below a folder except those being written; call `recover` for each one that was moved aside."""
    for folder, _, names in os.walk(top, onerror=_raise_unless_gone):
        for name in names:
            taken = TAKEN.fullmatch(name)
            path = Path(folder, taken[1] if taken else name)
            if taken:
                recover(path)
            if not STAGED.fullmatch(name):
                yield path


def _write(path: Path, chunks: Iterable[bytes]) -> str:
    with path.open("xb") as file:
        etag = md5_of(_written(chunks, file.write))
        file.flush()
        os.fsync(file.fileno())
    return etag


def _written(chunks: Iterable[bytes], write: Callable[[bytes], int]) -> Iterator[bytes]:
    for chunk in chunks:
        write(chunk)
        yield chunk


def _sync_folder(folder: Path) -> None:
    """Make a new name in the folder survive a power failure, because the archive deletes its source right after."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, GONE):
        raise error
