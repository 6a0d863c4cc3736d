"""Keep what the landing sensor remembers: in Dagster's cursor, or in the lake where that would be large.

Dagster keeps a cursor with every tick, and it grows with the files that stay in landing: 10 MB for 100,000 of them. The
lake's object is named by its content, so a cursor always means exactly what its tick decided, whatever became of later
ticks. One that is gone means that nothing is remembered: its files are offered once more.
"""

from __future__ import annotations

import hashlib

from lakehouse_assets.core.arrivals import Cursor
from lakehouse_assets.errors import ObjectMissing
from lakehouse_assets.storage.lake import Lake

INLINE = 64_000
"""Limits the characters of a cursor that Dagster keeps itself."""
KEPT = "kept in the lake: "
"""Begins a cursor that only names the object which holds it."""


def recall(text: str | None, lake: Lake) -> Cursor:
    """Return what `remember` has kept."""
    key = _key(text)
    if not key:
        return Cursor.parse(text)
    try:
        return Cursor.parse(lake.store.read(key).decode())
    except ObjectMissing:
        return Cursor()


def remember(cursor: Cursor, former: str | None, pipeline: str, lake: Lake) -> str:
    """Keep what is to be remembered, and return the cursor for Dagster.

    Args:
        cursor: what is to be remembered.
        former: the present cursor; its object stays, as the tick may yet fail.
        pipeline: whose sensor it is.
        lake: where large ones are kept, where there is one.
    """
    text, folder, key = cursor.dump(), f"sensor/{pipeline}/", ""
    if len(text) > INLINE and lake.exists:
        key = f"{folder}{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    if key == _key(former):
        return f"{KEPT}{key}" if key else text
    if key:
        lake.store.put(key, text.encode())
    for stored in lake.store.list(folder):
        if stored.key not in {key, _key(former)}:
            lake.store.delete(stored.key, if_match=stored.etag)
    return f"{KEPT}{key}" if key else text


def _key(text: str | None) -> str:
    """Return the key that a cursor names; empty for one that holds all itself."""
    return text.removeprefix(KEPT) if text and text.startswith(KEPT) else ""
