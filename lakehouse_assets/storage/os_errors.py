"""Say in our own errors what the operating system refuses: no room, no right to write, or a store that is not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from lakehouse_assets.errors import AccessDenied, DiskFull, LakehouseError, ReadOnly, StorageUnavailable
from lakehouse_assets.storage.atomic_files import STAGED

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EACCES, errno.EPERM}


def storage_error(store: str, error: OSError) -> LakehouseError:
    """Return the error that says what went wrong in a store, and where in it, as far as the system tells.

    Args:
        store: URI of the store.
        error: what the system said.
    """
    # A file of our own that is just being written says nothing to anybody.
    is_named = error.filename and not STAGED.fullmatch(Path(os.fsdecode(error.filename)).name)
    place, problem = str(error.filename) if is_named else _plain(store), error.strerror or str(error)
    if error.errno in NO_ROOM:
        return DiskFull(place=f"`{place}`", problem=problem)
    if error.errno in DENIED:
        return AccessDenied(place=place, problem=problem)
    if error.errno == errno.EROFS:
        return ReadOnly(place=place, problem=problem)
    return StorageUnavailable(store=store, problem=f"{problem}: {place}")


def _plain(store: str) -> str:
    """Return a store on this machine as people call it."""
    from lakehouse_assets.storage.opening import place_of

    return place_of(store)


def require_writable(folder: Path) -> None:
    """Make sure that this user may write into a folder, or into the one above it that is there already.

    Raises:
        ReadOnly, AccessDenied: they may not.
    """
    there = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    if os.access(there, os.W_OK | os.X_OK):
        return
    is_read_only = bool(os.statvfs(there).f_flag & os.ST_RDONLY)
    code = errno.EROFS if is_read_only else errno.EACCES
    raise storage_error(folder.as_uri(), OSError(code, os.strerror(code), str(folder)))
