"""Define what every object store can do, as a Protocol that leases, manifests, archive and messages use.

Here: listing, reading, and conditional put, copy and delete with the meaning that S3's conditional verbs have.
Not here: what the keys mean, and tables (engines read and write those themselves).
S3's verbs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, order=True)
class StoredObject:
    """Describe an object: key below the store's root, etag, bytes, UTC time of last change.

    The etag is another one when the content is. In a folder it is the MD5 of the content in hex; in S3 it is what S3
    gives, which nobody may take for an MD5. A copy may have another one than its source, see `ObjectStore.holds`.
    """

    key: str
    etag: str
    size_bytes: int
    modified: datetime


Listing = list[StoredObject]


@dataclass(frozen=True)
class Look:
    """Hold what a store has by name alone.

    Attributes:
        keys: of its objects, sorted.
        passed_over: what is no object that can be read, by key, with why.
        known: what the store told of its objects while it named them, by key; empty where telling means reading.
        deeper: folders that lie too deep to be looked into, and hold something; each ends with a slash.
    """

    keys: list[str]
    passed_over: dict[str, str]
    known: Mapping[str, StoredObject] = field(default_factory=dict)
    deeper: tuple[str, ...] = ()


class ObjectStore(Protocol):
    """Define the operations of every store; keys use `/` and are relative to `uri`.

    A store can be pickled: what arrives elsewhere opens the same objects there, by the same keys.
    """

    @property
    def uri(self) -> str:
        """Return the URI of the store's root."""
        ...

    @property
    def exists(self) -> bool:
        """Say whether the store can be used: the folder, or the bucket, is there."""
        ...

    def location(self, key: str) -> str:
        """Return the place where engines' own readers find an object, such as a path; the object need not exist."""
        ...

    def list(self, prefix: str = "") -> Listing:
        """Return all objects whose key starts with `prefix`, sorted by key, without folders."""
        ...

    def look(self, prefix: str = "", depth: int | None = None) -> Look:
        """Return what is there under `prefix` without reading any object, and what is no object that can be read.

        Args:
            prefix: begins all keys.
            depth: how many parts a key has at most; None for any number. Of what lies deeper only the folders are told.
        """
        ...

    def folders(self, folder: str) -> tuple[str, ...]:
        """Return the names of what lies right below a folder, such as `archived`, and holds something; sorted."""
        ...

    def has_any(self, prefix: str = "") -> bool:
        """Say whether there is an object whose key starts with `prefix`."""
        ...

    def has(self, key: str) -> bool:
        """Say whether there is an object under `key`; unlike `stat` this never reads the object."""
        ...

    def size(self, key: str) -> int | None:
        """Return the size of the object under `key`, bytes, or None when there is none; never reads the object."""
        ...

    def sizes(self, keys: Sequence[str]) -> Iterator[int | None]:
        """Yield what `size` says of each of these keys, in their order, with as few requests as the store can."""
        ...

    def stat(self, key: str) -> StoredObject | None:
        """Describe the object under `key` without its content, or return None when there is none."""
        ...

    def holds(self, key: str, etag: str) -> bool:
        """Say whether the object under `key` has this etag, or is a copy, made by `copy_from`, of one that had it."""
        ...

    def is_unchanged(self, listed: StoredObject) -> bool:
        """Say whether the object is still the one that was listed, cheaply where its size and time tell."""
        ...

    def is_being_written(self, key: str) -> bool | None:
        """Say whether somebody is writing this very object now; None where the store cannot tell.

        A store that shows an object only when it is whole always says False.
        """
        ...

    def read(self, key: str) -> bytes:
        """Return the content of one object.

        Raises:
            ObjectMissing: there is no object under `key`.
        """
        ...

    def chunks(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Return the bytes of one object from `start` to before `stop`, a piece at a time.

        So no whole object is held in memory, and a part of a large one costs what the part does.

        Args:
            key: of the object.
            start: the first byte, counted from 0; there are none from the end of the object on.
            stop: the byte to end before; None, or one behind the end, for all that is left.

        Raises:
            ObjectMissing: there is no object under `key`.
        """
        ...

    def chunks_of(self, key: str, etag: str) -> Iterator[bytes]:
        """Return all bytes of the object that has this etag, a piece at a time.

        Whoever takes the last one knows that all were of that object.

        Raises:
            ObjectMissing: there is no object under `key`.
            PreconditionFailed: another object is there; a folder finds that out when all bytes are read.
        """
        ...

    def put(self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> str:
        """Write one object at once or not at all, and return its etag.

        Raises:
            PreconditionFailed: with `if_absent` an object is there, or the object there has not the etag `if_match`.
        """
        ...

    def put_chunks(
        self, key: str, chunks: Iterable[bytes], *, if_absent: bool = False, if_match: str | None = None
    ) -> str:
        """Write one object of pieces, as `put` does, and return its etag; no whole object is held in memory.

        Nothing is written when taking a piece fails.

        Raises:
            PreconditionFailed: as `put`.
        """
        ...

    def rewrite(self, key: str, chunks: Iterable[bytes], *, known_as: str) -> None:
        """Put other content in the place of an object, which `holds` knows by the etag of what it was as well.

        Args:
            key: of the object.
            chunks: its new content.
            known_as: the etag by which others know what was there.
        """
        ...

    def forget_old(self, prefix: str) -> int:
        """Delete what the store keeps of objects that were deleted or replaced; return how many such versions.

        Args:
            prefix: begins their keys.
        """
        ...

    def copy_from(self, source: ObjectStore, source_key: str, *, source_etag: str, key: str) -> None:
        """Copy an object of `source` that still has `source_etag`; a target that already has it is left as it is.

        Raises:
            ObjectMissing: neither source nor target is there.
            PreconditionFailed: the source has another etag, or the target exists with another one.
        """
        ...

    def take_from(self, source: ObjectStore, listed: StoredObject, *, key: str) -> bool:
        """Move an object of `source` that is still as it was listed, so that whoever writes it goes on writing it here.

        Return False, with nothing done, where these two stores cannot do that: copy and delete then. A target that has
        the content already, and a source that is gone then, are a success.

        Raises:
            ObjectMissing: neither source nor target is there.
            PreconditionFailed: the source is another object now, or the target exists with other content.
        """
        ...

    def delete(self, key: str, *, if_match: str) -> bool:
        """Delete the object only if it has the etag `if_match`; return True when it is gone, or was gone before.

        Raises:
            PreconditionFailed: another object is there now; it stays.
        """
        ...
