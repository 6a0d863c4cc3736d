"""Note in the lake that an erasure has begun, and so that older versions of its tables are still to be deleted.

Rows that are gone cannot say any more that older versions hold them; the note does, and the next erasure deletes these,
whoever it is of. What else a killed one has left needs its own condition again. The note names nobody.
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
    """Take the note away, where there is one."""
    note = store.stat(_key(pipeline))
    if note is not None:
        store.delete(_key(pipeline), if_match=note.etag)


def _key(pipeline: str) -> str:
    return f"leases/{pipeline}.forgetting.json"
