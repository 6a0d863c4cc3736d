"""Note in the lake that an erasure has begun, so that one that was killed is ended by the next, whoever that erases.

The note names nobody. Rows that are gone cannot say any more that older versions hold them; the note does.
"""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from lakehouse_assets.storage.objects import ObjectStore


def is_unfinished(store: ObjectStore, pipeline: str) -> bool:
    """Say whether an erasure of this pipeline has begun and not ended."""
    return store.stat(_key(pipeline)) is not None


def begin(store: ObjectStore, pipeline: str) -> None:
    """Note that an erasure begins."""
    store.put(_key(pipeline), orjson.dumps({"begun_at": datetime.now(UTC)}))


def end(store: ObjectStore, pipeline: str) -> None:
    """Take the note away."""
    note = store.stat(_key(pipeline))
    if note is not None:
        store.delete(_key(pipeline), if_match=note.etag)


def _key(pipeline: str) -> str:
    return f"leases/{pipeline}.forgetting.json"
