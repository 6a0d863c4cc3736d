"""Make a second lake of a lake without copying its data: by hard links in a folder, by copies within S3 in a bucket.

Every file of a lake but the databases in SQLite is written once and replaced by a rename or removed, never changed in
place; so both lakes may share it, and what either removes stays the other's. Not here: the places in Iceberg's metadata
(`relocation`), and who may write meanwhile.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.catalog import CATALOG_FILE, catalog_of
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.os_errors import storage_error

OWN = ("dagster", "leases", "notifications", "ticks", "watch")
"""Names what is about a lake's own runs and landing, and stays with it."""


@dataclass(frozen=True)
class Cloned:
    """Count what a clone holds: objects, and bytes that were copied for it; the others are shared."""

    objects: int
    copied_bytes: int


def clone(source: Lake, target: Lake, skipped: Iterable[str]) -> Cloned:
    """Fill a lake that is not there yet with what another one holds; what was made is removed when that fails.

    Args:
        source: the lake; nobody writes it meanwhile.
        target: where the clone is to be.
        skipped: keys of folders that stay with the source, such as its landing.

    Raises:
        BadRequest: the target is there, lies within the source, or in another kind of store or another file system.
    """
    require_apart(source, target)
    left_out = (*OWN, *skipped)
    if target.is_in_s3:
        return _copied(source, target, left_out)
    try:
        return _linked(Path(source.root), Path(target.root), left_out)
    except BaseException:
        shutil.rmtree(target.root, ignore_errors=True)
        raise


def require_apart(source: Lake, target: Lake) -> None:
    """Make sure that a clone can be made there.

    Raises:
        BadRequest: it cannot; says why.
    """
    if source.is_in_s3 != target.is_in_s3:
        problem = "a clone shares files with its lake, so both lie in folders or both in S3"
    elif f"{target.root}/".startswith(f"{source.root}/") or f"{source.root}/".startswith(f"{target.root}/"):
        problem = f"a clone does not lie in its lake `{source.root}`, nor around it"
    elif target.exists and (target.is_in_s3 or not _is_empty(Path(target.root))):
        problem = "there is something already"
    else:
        return
    raise BadRequest(message=f"`{target.root}`: {problem}")


def require_own_names(source: Lake) -> None:
    """Make sure that the clone's gold tables do not have the names of the lake's in the Glue catalog.

    Raises:
        BadRequest: they would.
    """
    if any(entry.root == source.root for entry in catalog_of(source.root).entries()):
        problem = f"the gold tables of a clone would have the names of those of `{source.root}`"
        raise BadRequest(message=f"{problem}; set LAKEHOUSE_DATABASE_PREFIX to one of the clone's own")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _linked(source: Path, target: Path, left_out: tuple[str, ...]) -> Cloned:
    target.mkdir(parents=True, exist_ok=True)
    objects = copied = 0
    for path in _files(source, source, left_out):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.name == CATALOG_FILE and path.parent == source:
            _copy_database(path, place)
            copied += place.stat().st_size
        else:
            _link(path, place)
        objects += 1
    return Cloned(objects, copied)


def _files(folder: Path, top: Path, left_out: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files below a folder, a folder at a time; links to folders are followed."""
    with os.scandir(folder) as found:
        for entry in found:
            path = Path(entry.path)
            if path.relative_to(top).as_posix() in left_out:
                continue
            if entry.is_dir():
                yield from _files(path, top, left_out)
            elif entry.is_file():
                yield path


def _link(path: Path, place: Path) -> None:
    try:
        place.hardlink_to(path.resolve())
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
            raise storage_error(str(place), error) from error
        problem = f"a file of `{path.parent}` cannot be linked there ({error.strerror}), and a clone shares its files"
        way = "choose a folder in the same file system, or copy the lake and `lakehouse relocate` the copy"
        raise BadRequest(message=f"`{place.parent}`: {problem}; {way}") from error


def _copy_database(path: Path, place: Path) -> None:
    """Copy a database that others may be reading, whole or not at all."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as old, closing(sqlite3.connect(place)) as new:
        old.backup(new)


def _copied(source: Lake, target: Lake, left_out: tuple[str, ...]) -> Cloned:
    """Copy every object within S3; no byte passes through this machine."""
    objects = copied = 0
    for stored in source.store.list():
        if not stored.key.startswith(tuple(f"{folder}/" for folder in left_out)):
            target.store.copy_from(source.store, stored.key, source_etag=stored.etag, key=stored.key)
            objects, copied = objects + 1, copied + stored.size_bytes
    return Cloned(objects, copied)
