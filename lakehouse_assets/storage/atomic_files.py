"""Single files done safely: hashed in chunks, written at once or not at all, moved aside and back, locked.

What `FolderStore` is made of; nothing here knows keys, stores or our errors, an OSError stays one.
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
"""What a path that is not there (any more) raises."""

STAGED = re.compile(r"\.[0-9a-f]{32}\.tmp")
TAKEN = re.compile(r"\.(.+)\.taken", re.DOTALL)


def chunks_of(path: Path) -> Iterator[bytes]:
    """The content of a file, `CHUNK_BYTES` at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def md5_of(chunks: Iterable[bytes]) -> str:
    """MD5 of all chunks in hex: what S3 answers as etag of a simple put."""
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def staged(path: Path, chunks: Iterable[bytes]) -> Iterator[tuple[Path, str]]:
    """Write content beside its place, safe on disk before the caller gives it its name; (file, MD5 hex)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.with_name(f".{uuid4().hex}.tmp")
    try:
        yield file, _write(file, chunks)
        _sync_folder(path.parent)
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other threads and processes that lock this folder out; a killed holder gives it back."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def taken_path(path: Path) -> Path:
    """Where a file is moved aside to; the same for everybody, so that a killed mover's file is found again."""
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
    """Delete a file with this MD5 only; False when another one stays.

    It is moved aside first and looked at there, so that nobody can swap it between look and deletion.
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
    """All files below a folder but those being written; `recover` is called for each that was moved aside."""
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
    """Make a new name last: the archive deletes its source right after."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, GONE):
        raise error
