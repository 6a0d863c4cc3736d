"""Copy objects into a bucket: within S3 without a byte passing here, from any other store as a stream.

A copy keeps the etag of its source as metadata, since S3 gives it an etag of its own: always where source or copy
consists of parts or is encrypted by KMS, never to be relied on otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from lakehouse_assets.errors import ObjectMissing, PreconditionFailed
from lakehouse_assets.storage.aws import client
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.s3_objects import KNOWN_AS, WRITE, Found, Target, head, new_write
from lakehouse_assets.storage.s3_writing import RACES, Condition, is_race, is_refused, put_chunks, upload

COPY_BYTES = 5 * 1000**3
"""What S3 copies in one request at most: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
PART_BYTES = 512 << 20
ABSENT = Condition(if_absent=True)


def copy_within(source: Target, etag: str, target: Target) -> None:
    """Copy an object of S3 that still has this etag; a target that is such a copy already is left as it is.

    Raises:
        ObjectMissing: neither source nor target is there.
        PreconditionFailed: the source has another etag, or the target is another object.
    """
    if _is_there(target, etag):
        return
    found = _source(source, etag)
    metadata = {**found.metadata, WRITE: new_write(), KNOWN_AS: etag}
    for _ in range(RACES):
        with target.answering():
            try:
                _send(source, found, target, metadata)
            except ClientError as error:
                if is_race(error):
                    continue
                if not is_refused(error):
                    raise
            else:
                return
        # The source has changed, or the target is there: perhaps our own, if an answer was lost.
        if _is_there(target, etag):
            return
        _source(source, etag)
    raise PreconditionFailed(key=target.key, expected=ABSENT.expected)


def copy_stream(source: ObjectStore, source_key: str, etag: str, target: Target) -> None:
    """Copy an object of another store, as `copy_within` does.

    Raises:
        ObjectMissing, PreconditionFailed: as `copy_within`.
    """
    if _is_there(target, etag):
        return
    try:
        put_chunks(target, source.chunks_of(source_key, etag), ABSENT, metadata={KNOWN_AS: etag})
    except PreconditionFailed:
        if not _is_there(target, etag):
            raise


def _is_there(target: Target, etag: str) -> bool:
    """Say whether the target is a copy of what is meant.

    Raises:
        PreconditionFailed: it is another object.
    """
    found = head(target)
    if found is not None and not found.holds(etag):
        raise PreconditionFailed(key=target.key, expected=ABSENT.expected)
    return found is not None


def _source(source: Target, etag: str) -> Found:
    found = head(source)
    if found is None:
        raise ObjectMissing(key=source.key, store=source.place.uri)
    if found.etag != etag:
        raise PreconditionFailed(key=source.key, expected=f"etag {etag}")
    return found


def _send(source: Target, found: Found, target: Target, metadata: dict[str, str]) -> None:
    """Have S3 copy the object, in parts where it is too large for one request."""
    if found.size_bytes <= COPY_BYTES:
        kept = {**found.kind, "Metadata": metadata, "MetadataDirective": "REPLACE"}
        asked: dict[str, Any] = {"CopySource": source.names, "CopySourceIfMatch": found.etag, **kept}
        client().copy_object(**target.names, **asked, **ABSENT.arguments)
        return
    with upload(target, metadata, **found.kind) as begun:
        for start, stop in _ranges(found.size_bytes):
            begun.add_copy(source.names, found.etag, start, stop)
        begun.complete(ABSENT)


def _ranges(size: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of an object, from the first byte to before the last."""
    for start in range(0, size, PART_BYTES):
        yield start, min(start + PART_BYTES, size)
