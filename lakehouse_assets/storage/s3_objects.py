"""Look at single objects of a bucket, and say whose they are by what is kept with them.

Each object that is written here carries a number of its writing, by which a writer whose answer was lost knows its own
object. It also carries the etag by which its content is known elsewhere, since S3 gives a copy an etag of its own, and
one that is no MD5 to what is encrypted by a key of KMS: that of its source, or the MD5 of what was written at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from botocore.exceptions import ClientError

from lakehouse_assets.storage.aws import client
from lakehouse_assets.storage.s3_errors import answering, is_absent
from lakehouse_assets.storage.s3_place import S3Place

WRITE = "lakehouse-write"
"""Names the metadata that holds the number of a writing."""
KIND = ("ContentType", "ContentEncoding")
KNOWN_AS = "lakehouse-known-as"
"""Names the metadata that holds the etag by which the content is known."""


@dataclass(frozen=True)
class Found:
    """Hold what S3 says of one object; `kind` is its content type and encoding, by the names that requests take."""

    etag: str
    size_bytes: int
    modified: datetime
    metadata: Mapping[str, str]
    kind: Mapping[str, str]

    def is_by(self, write: str) -> bool:
        """Say whether the object was written by the writing with this number."""
        return self.metadata.get(WRITE) == write

    def holds(self, etag: str) -> bool:
        """Say whether the object has this etag, or its content is known by it."""
        return etag in (self.etag, self.metadata.get(KNOWN_AS))


@dataclass(frozen=True)
class Target:
    """Name one object: its place, its key below it, and the names that requests take."""

    place: S3Place
    key: str

    @property
    def names(self) -> dict[str, Any]:
        """Return bucket and key as S3's requests name them."""
        return {"Bucket": self.place.bucket, "Key": self.place.full(self.key)}

    @property
    def uri(self) -> str:
        """Return the object's URI."""
        return f"{self.place.uri}/{self.key}"

    def answering(self) -> Any:  # noqa: ANN401 - a context manager
        """Turn what S3 raises about this object into our errors."""
        return answering(self.place.uri, self.uri)


def new_write() -> str:
    """Return a number that no other writing has."""
    return uuid4().hex


def bare(etag: str) -> str:
    """Return an etag without the quotes that S3 writes around it.

    >>> bare('"5d41"')
    '5d41'
    """
    return etag.strip('"')


def moment(told: datetime) -> datetime:
    """Return a time of S3 in UTC and whole seconds, which is as exactly as all its answers have it."""
    return told.astimezone(UTC).replace(microsecond=0)


def head(target: Target) -> Found | None:
    """Return what S3 says of an object, without its content; None where there is none.

    Raises:
        AccessDenied, StorageUnavailable and the other errors of `s3_errors`.
    """
    with target.answering():
        try:
            told = client().head_object(**target.names)
        except ClientError as error:
            if is_absent(error):
                return None
            _explain(target)
            raise
    answer = cast("dict[str, Any]", told)
    kind: dict[str, str] = {name: answer[name] for name in KIND if name in answer}
    return Found(bare(told["ETag"]), told["ContentLength"], moment(told["LastModified"]), told["Metadata"], kind)


def _explain(target: Target) -> None:
    """Ask again for the first byte: unlike an answer to HEAD, this one has a body that says what is wrong."""
    client().get_object(**target.names, Range="bytes=0-0")["Body"].close()
