"""The only door to a store: a URI or a path in, the store that serves it out."""

from __future__ import annotations

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
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return FolderStore(url2pathname(parts.path), create=create)
    if "://" in uri:
        raise BadRequest(message=f"`{uri}`: only folders are supported; the S3 adapter comes with the production tier")
    return FolderStore(uri, create=create)
