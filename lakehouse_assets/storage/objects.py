"""What every object store can do, as a Protocol; leases, manifests, archive and messages are written against it once.

Here: listing, reading, and conditional put, copy and delete with the meaning that S3's conditional verbs have.
Not here: what the keys mean, and tables (engines read and write those themselves).
S3's verbs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, order=True)
class StoredObject:
    """One object: key below the store's root, etag (MD5 hex of the content), size in bytes, UTC time of last change."""

    key: str
    etag: str
    size_bytes: int
    modified: datetime


Listing = list[StoredObject]


class ObjectStore(Protocol):
    """What every store can do; keys use `/` and are relative to `uri`."""

    @property
    def uri(self) -> str:
        """Where the store is."""
        ...

    @property
    def exists(self) -> bool:
        """Whether the store can be used: the folder, or the bucket, is there."""
        ...

    def location(self, key: str) -> str:
        """Where engines' own readers find an object, such as a path; it need not be there."""
        ...

    def list(self, prefix: str = "") -> Listing:
        """All objects whose key starts with `prefix`, sorted by key, without folders."""
        ...

    def has(self, key: str) -> bool:
        """Whether there is an object under `key`; unlike `stat` this never reads it."""
        ...

    def stat(self, key: str) -> StoredObject | None:
        """The object under `key` without its content, or None."""
        ...

    def is_unchanged(self, listed: StoredObject) -> bool:
        """Whether the object is still the one that was listed; cheaply where its size and time tell."""
        ...

    def read(self, key: str) -> bytes:
        """The content of one object.

        Raises:
            ObjectMissing: there is none.
        """
        ...

    def chunks(self, key: str) -> Iterator[bytes]:
        """The content of one object, a piece at a time, so that no whole object is held in memory.

        Raises:
            ObjectMissing: there is none.
        """
        ...

    def put(self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> str:
        """Write one object at once or not at all, and answer its etag.

        Raises:
            PreconditionFailed: `if_absent` and there is one, or the one there has not the etag `if_match`.
        """
        ...

    def copy_from(self, source: ObjectStore, source_key: str, *, source_etag: str, key: str) -> None:
        """Copy an object of `source` that still has `source_etag`; a target that already has it is left as it is.

        Raises:
            ObjectMissing: neither source nor target is there.
            PreconditionFailed: the source has another etag, or the target exists with another one.
        """
        ...

    def delete(self, key: str, *, if_match: str) -> bool:
        """Delete the object with that etag only; True when it is gone, also when it was gone before.

        Raises:
            PreconditionFailed: another object is there now; it stays.
        """
        ...
