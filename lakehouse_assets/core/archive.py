"""Make the keys that landed objects are archived under: readable, one per object, the same however often it is made.

Here: pure functions from a manifest's entry to a key of the lake. Not here: moving objects (`lambdas/moves3objects`).
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from lakehouse_assets.core.manifest import FileEntry

NAME_BYTES = 180
"""Limits a name so that, with etag and temporary suffix, it stays below the 255 bytes that file systems allow."""
UNSAFE = re.compile(r"[%/\\\x00-\x1f\x7f\ud800-\udfff]")


def archive_key(pipeline: str, entry: FileEntry, run_id: str, as_of: datetime) -> str:
    """Return an object's key, `archived/<pipeline>/<dataset>/<date>/<run>/<etag>-<name>`, which no other object has.

    >>> entry = FileEntry("readings", "readings/1.csv", "e1", 3, datetime(2025, 4, 1))
    >>> archive_key("weather", entry, "r1", datetime(2025, 4, 2))
    'archived/weather/readings/2025-04-02/r1/e1-1.csv'
    """
    # A multipart etag has a dash of its own, which must not read as the one before the name.
    etag = entry.etag.replace("-", "_")
    return f"archived/{pipeline}/{entry.dataset}/{as_of:%Y-%m-%d}/{run_id}/{etag}-{_name(entry)}"


def quarantine_key(pipeline: str, entry: FileEntry, run_id: str, as_of: datetime) -> str:
    """Return the key of a refused object: as `archive_key` makes it, but under `quarantine/`."""
    return "quarantine/" + archive_key(pipeline, entry, run_id, as_of).removeprefix("archived/")


def _name(entry: FileEntry) -> str:
    """Return a readable name that only this key of the dataset gets; drop the dataset's folder where that is plain."""
    dataset, key = entry.dataset, entry.key
    rest = key.removeprefix(f"{dataset}/")
    if rest == key:
        plain = key if key.startswith(f"{dataset}.") else f"/{key}"
    else:
        plain = key if rest.startswith((f"{dataset}.", f"{dataset}/", "/")) else rest
    return _shortened(UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", plain))


def _shortened(name: str) -> str:
    """Shorten a name to what file systems take; `%~` occurs in no other name."""
    if len(name.encode()) <= NAME_BYTES:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{name.encode()[: NAME_BYTES - 34].decode(errors='ignore')}%~{digest}"
