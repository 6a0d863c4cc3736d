"""Open the store that serves a URI or a path; every store of the project is opened here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lakehouse_assets.errors import BadRequest

if TYPE_CHECKING:
    from lakehouse_assets.storage.objects import ObjectStore


def open_store(uri: str, *, create: bool = True) -> ObjectStore:
    """Return the store at a `file://` URI or a path, importing its adapter only now; `create` as in `FolderStore`.

    Raises:
        BadRequest: the URI has another scheme.
    """
    from lakehouse_assets.storage.folder import FolderStore

    return FolderStore(_folder(uri), create=create)


def place_of(uri: str) -> str:
    """Return a `file://` URI as a path, and anything else as it is.

    >>> place_of("file:///data/my%20lake"), place_of("s3://bucket/lake"), place_of("lake")
    ('/data/my lake', 's3://bucket/lake', 'lake')
    """
    parts = urlsplit(uri)
    return url2pathname(parts.path) if parts.scheme == "file" else uri


def root_of(uri: str) -> str:
    """Return the one spelling of a place: an absolute folder without symbolic links, `..` and a last slash.

    Raises:
        BadRequest: as `open_store`.
    """
    return str(Path(_folder(uri)).resolve())


def is_same_place(one: str, other: str) -> bool:
    """Say whether two names mean one place, also through links, `..`, or two mounts of one folder."""
    if one == other or "://" in one + other:
        return one == other
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is not there, or cannot be looked at
        return False


def _folder(uri: str) -> str:
    place = place_of(uri)
    if "://" in place:
        raise BadRequest(message=f"`{uri}`: only folders are supported; the S3 adapter comes with the production tier")
    return place
