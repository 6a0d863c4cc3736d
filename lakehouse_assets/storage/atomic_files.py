"""Handle single files safely: hash in chunks, write at once or not at all, move aside and back.

`FolderStore` is built on these functions. They know no keys, stores or errors of ours: an OSError stays an OSError.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal
from uuid import uuid4

CHUNK_BYTES = 1 << 20
GONE = (FileNotFoundError, NotADirectoryError)
"""Errors that using a path raises when it is not there (any more)."""

Taking = Literal["moved", "occupied", "changed", "apart"]
"""Says what came of moving a file; `apart` when the target lies in another file system."""

NAME_BYTES = 255
"""How long a name may be on the file systems that there are."""
STAGED = re.compile(r"\.[0-9a-f]{32}\.tmp")
TAKEN = re.compile(r"\.(.+)\.taken", re.DOTALL)
TAKEN_INTO = re.compile(r"\.[0-9a-f]{32}\.taken")
"""Matches the folder that a file is moved aside into whose name has no room for more; there it keeps its name."""
NOTED = re.compile(r"\.(.+)\.copy-of", re.DOTALL)


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


def taken_path(path: Path) -> Path:
    """Return the path that a file is moved aside to.

    The path is the same for every process, so that the file of a killed one is found again. What is found aside tells
    the name: the path has it, or, where it is too long for that, the file lies under it in a folder of its own.
    """
    name = f".{path.name}.taken"
    return path.with_name(name) if _fits(name) else path.with_name(f".{_digest(path.name)}.taken") / path.name


def put_back(path: Path) -> None:
    """Give a file that was moved aside its name again, or `<MD5>-<name>` when somebody has used its name meanwhile."""
    taken = taken_path(path)
    if not taken.exists():
        return
    try:
        path.hardlink_to(taken)
    except FileExistsError:
        with suppress(FileExistsError):
            path.with_name(apart(md5_of(chunks_of(taken)), path.name)).hardlink_to(taken)
    _drop(path)


def apart(etag: str, name: str) -> str:
    """Return the name `<etag>-<name>`, which tells a file from another one that has its name.

    Of a name that leaves no room only the end is kept, which tells what kind of file it is.
    """
    room = NAME_BYTES - len(etag) - 1
    return f"{etag}-{os.fsencode(name)[-room:].decode(errors='ignore')}"


def note(path: Path, etag: str, md5: str) -> None:
    """Note beside a copy the etag of its source, where that is not the MD5 of the content; it holds for this MD5."""
    if etag != md5:
        with staged(_note_path(path), [f"{etag} {md5}".encode()]) as (file, _):
            file.replace(_note_path(path))


def noted(path: Path) -> tuple[str, str] | None:
    """Return what `note` has noted, or None."""
    try:
        etag, md5 = _note_path(path).read_text().split()
    except (*GONE, ValueError):
        return None
    return etag, md5


def _note_path(path: Path) -> Path:
    name = f".{path.name}.copy-of"
    return path.with_name(name if _fits(name) else f".{_digest(path.name)}.copy-of")


def _fits(name: str) -> bool:
    return len(os.fsencode(name)) <= NAME_BYTES


def _digest(name: str) -> str:
    return hashlib.md5(os.fsencode(name), usedforsecurity=False).hexdigest()


def _put_aside(path: Path) -> Path:
    """Move a file aside, and return where it is now.

    Raises:
        FileNotFoundError: there is no such file.
    """
    taken = taken_path(path)
    if taken.parent == path.parent:
        return path.rename(taken)
    path.lstat()
    taken.parent.mkdir(exist_ok=True)
    return path.rename(taken)


def _drop(path: Path) -> None:
    """Delete what was moved aside of a file, and the folder that was made for it."""
    taken = taken_path(path)
    taken.unlink()
    if taken.parent != path.parent:
        with suppress(OSError):
            taken.parent.rmdir()


def delete_if(path: Path, etag: str) -> bool:
    """Delete a file only if it has this MD5; return False when another file is there, which stays.

    The file is moved aside first and looked at there, so that nobody can swap it between look and deletion.
    """
    try:
        taken = _put_aside(path)
    except GONE:
        return True
    if md5_of(chunks_of(taken)) == etag:
        _drop(path)
        _note_path(path).unlink(missing_ok=True)
        return True
    put_back(path)
    return False


def take(path: Path, target: Path, is_meant: Callable[[Path], bool]) -> Taking:
    """Move a file to another folder, together with whoever writes it, and say what came of it.

    The file is moved aside first and looked at there, so that nobody can swap it between look and move. On every way
    out but success it has its name again.

    Args:
        path: the file.
        target: its new name, whose folder is there.
        is_meant: says whether the file, moved aside, is the one that is meant.

    Raises:
        FileNotFoundError: there is no such file.
    """
    taken, is_done = _put_aside(path), False
    try:
        if not is_meant(taken):
            return "changed"
        target.hardlink_to(taken)
        is_done = True
        _drop(path)
        _note_path(path).unlink(missing_ok=True)
    except FileExistsError:
        return "occupied"
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return "apart"
    finally:
        if not is_done:
            put_back(path)
    return "moved"


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
