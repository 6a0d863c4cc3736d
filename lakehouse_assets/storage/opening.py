"""The only door to a store: a URI or a path in, the store that serves it out."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.objects import ObjectStore


def open_store(uri: str, *, create: bool = True) -> ObjectStore:
    """The store at a `file://` URI or a plain path; `create` as in `FolderStore`.

    Raises:
        BadRequest: the URI has another scheme.
    """
    return FolderStore(_folder(uri), create=create)


def root_of(uri: str) -> str:
    """A place in the one way that it is written: an absolute folder without symbolic links, `..` and a last slash.

    Raises:
        BadRequest: as `open_store`.
    """
    return str(Path(_folder(uri)).resolve())


def _folder(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return url2pathname(parts.path)
    if "://" in uri:
        raise BadRequest(message=f"`{uri}`: only folders are supported; the S3 adapter comes with the production tier")
    return uri
