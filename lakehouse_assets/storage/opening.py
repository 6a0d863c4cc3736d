"""The only door to a store: a URI or a path in, the store that serves it out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lakehouse_assets.errors import BadRequest

if TYPE_CHECKING:
    from lakehouse_assets.storage.objects import ObjectStore


def open_store(uri: str, *, create: bool = True) -> ObjectStore:
    """The store at a `file://` URI or a plain path, whose adapter is imported then; `create` as in `FolderStore`.

    Raises:
        BadRequest: the URI has another scheme.
    """
    from lakehouse_assets.storage.folder import FolderStore

    return FolderStore(_folder(uri), create=create)


def place_of(uri: str) -> str:
    """A `file://` URI as a path; anything else as it is.

    >>> place_of("file:///data/my%20lake"), place_of("s3://bucket/lake"), place_of("lake")
    ('/data/my lake', 's3://bucket/lake', 'lake')
    """
    parts = urlsplit(uri)
    return url2pathname(parts.path) if parts.scheme == "file" else uri


def root_of(uri: str) -> str:
    """A place in the one way that it is written: an absolute folder without symbolic links, `..` and a last slash.

    Raises:
        BadRequest: as `open_store`.
    """
    return str(Path(_folder(uri)).resolve())


def is_same_place(one: str, other: str) -> bool:
    """Whether two places are one, by whatever names: links, `..`, or two mounts of one folder."""
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
