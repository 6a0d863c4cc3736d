"""Walk a folder as an object store sees it: links are followed, and what is no file is named, with why.

Like `atomic_files` it knows no keys, stores or errors of ours.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from lakehouse_assets.storage.atomic_files import GONE, NOTED, STAGED, TAKEN, TAKEN_INTO

CIRCLE = "a link that leads back to where it lies"
DEAD_END = "a link to something that is not there"
DEEPER = "a folder, deeper than is looked"
NO_FILE = {
    stat.S_IFIFO: "a pipe, no regular file",
    stat.S_IFSOCK: "a socket, no regular file",
    stat.S_IFCHR: "a device, no regular file",
    stat.S_IFBLK: "a device, no regular file",
}

Identity = tuple[int, int]
"""Holds device and inode, which tell one folder from every other, whatever links lead to it."""


def walk(top: Path, recover: Callable[[Path], None], depth: int | None = None) -> Iterator[tuple[Path, str | None]]:
    """Yield everything below a folder but folders and files being written: the path, and why it is no file, or None.

    Args:
        top: where to begin; a folder that is not there holds nothing.
        recover: called for each file that was moved aside, before it is yielded under its name.
        depth: how many levels are looked at; None for all. Links that lead round end by themselves. A folder that is
            not looked into is named, with `DEEPER`, if it holds something.

    Raises:
        OSError: a folder cannot be read.
    """
    try:
        identity = _identity(top.stat())
    except GONE:
        return
    yield from _below(top, recover, depth, frozenset({identity}))


def _below(
    folder: Path, recover: Callable[[Path], None], depth: int | None, above: frozenset[Identity]
) -> Iterator[tuple[Path, str | None]]:
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except GONE:
        return
    for entry in entries:
        taken = TAKEN.fullmatch(entry.name)
        if TAKEN_INTO.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            yield from _aside(folder / entry.name, recover)
        elif taken:
            recover(folder / taken[1])
            yield folder / taken[1], None
        elif STAGED.fullmatch(entry.name) or NOTED.fullmatch(entry.name):
            continue
        elif entry.is_file(follow_symlinks=False):
            yield folder / entry.name, None
        else:
            yield from _other(folder / entry.name, recover, depth, above)


def _aside(folder: Path, recover: Callable[[Path], None]) -> Iterator[tuple[Path, str | None]]:
    """Yield the file that was moved aside into a folder, under the name that it has again."""
    try:
        names = [file.name for file in folder.iterdir()]
    except GONE:
        return
    for name in names:
        recover(folder.parent / name)
        yield folder.parent / name, None


def _other(
    path: Path, recover: Callable[[Path], None], depth: int | None, above: frozenset[Identity]
) -> Iterator[tuple[Path, str | None]]:
    """Yield what a folder, a link or something else stands for."""
    try:
        status = path.stat()
    except OSError as error:
        if path.is_symlink():
            yield path, CIRCLE if error.errno == errno.ELOOP else DEAD_END if isinstance(error, GONE) else str(error)
        return
    if not stat.S_ISDIR(status.st_mode):
        yield path, NO_FILE.get(stat.S_IFMT(status.st_mode))
    elif _identity(status) in above:
        yield path, CIRCLE
    elif depth == 1:
        if _holds_something(path):
            yield path, DEEPER
    else:
        further = None if depth is None else depth - 1
        yield from _below(path, recover, further, above | {_identity(status)})


def _holds_something(folder: Path) -> bool:
    """Say whether a folder holds more than hidden files; of one that cannot be read nobody knows, so it does."""
    try:
        with os.scandir(folder) as found:
            return any(not entry.name.startswith(".") for entry in found)
    except GONE:
        return False
    except OSError:
        return True


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino
