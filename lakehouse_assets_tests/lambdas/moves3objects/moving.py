"""What the archive's tests move: files that were dropped and frozen."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.objects import ObjectStore

EVENT = Path(__file__).parents[2] / "events/moves3objects.json"
AS_OF = datetime(2025, 4, 2, 9, 0, tzinfo=UTC)
AT_NINE = RunRequest(as_of=AS_OF)
MANIFEST_KEY, REFUSED_KEY = "runs/ecommerce/r1/manifest.json", "runs/ecommerce/r1/refused.json"


def drop(landing: FolderStore, **contents: bytes) -> Manifest:
    """Put CSV files of the dataset orders into landing, and freeze them."""
    for name, content in contents.items():
        landing.put(f"orders/{name}.csv", content)
    files = [FileEntry("orders", found.key, found.etag, found.size_bytes, found.modified) for found in landing.list()]
    return Manifest("r1", "ecommerce", landing.uri, tuple(sorted(files)), AT_NINE)


def keys(store: ObjectStore) -> list[str]:
    """All keys of a store."""
    return [stored.key for stored in store.list()]


def entry(key: str, etag: str = "e1") -> FileEntry:
    """An entry of the dataset orders."""
    return FileEntry("orders", key, etag, 1, AS_OF)


def archived(content: bytes, name: str) -> str:
    """Where a file of run r1 goes."""
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return f"archived/ecommerce/orders/2025-04-02/r1/{etag}-{name}.csv"
