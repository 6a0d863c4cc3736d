"""Serve a prefix of an S3 bucket as an object store, with conditional puts, copies and deletes.

Belongs here: reading, listing and deleting. Writing is in `s3_writing.py`, copying in `s3_copying.py`, and how S3 is
reached in `aws.py`. An etag is whatever S3 gives: of an object written in parts, or encrypted with a key of KMS, it is
not the MD5 of the content, so nobody may take it for one. Whether an object is a copy of another one, `holds` says.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lakehouse_assets.errors import BucketMissing, PreconditionFailed, RegionWrong
from lakehouse_assets.storage import s3_reading
from lakehouse_assets.storage.aws import client
from lakehouse_assets.storage.keys import is_key, require_key
from lakehouse_assets.storage.objects import Listing, Look, ObjectStore, StoredObject
from lakehouse_assets.storage.s3_copying import copy_stream, copy_within
from lakehouse_assets.storage.s3_errors import answering
from lakehouse_assets.storage.s3_listing import PAGE_KEYS, pages, shallow
from lakehouse_assets.storage.s3_objects import KNOWN_AS, Target, head
from lakehouse_assets.storage.s3_place import S3Place
from lakehouse_assets.storage.s3_versions import forget_old
from lakehouse_assets.storage.s3_writing import RACES, Condition, is_race, is_refused, put_chunks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FEW_KEYS = 10
ODD_KEY = "its key has an empty part, or one of dots"


class S3Store(ObjectStore):
    """Serve a prefix of a bucket as an object store, for any number of processes on any number of machines.

    It holds no connection and no secret, so it can be pickled; each process finds its own (`storage/aws.py`).

    Args:
        uri: `s3://bucket/prefix`.

    Raises:
        BadRequest: no place in S3 is written so.
    """

    def __init__(self, uri: str) -> None:
        self.place = S3Place.read(uri)

    def __repr__(self) -> str:
        return f"S3Store({self.uri!r})"

    @property
    def uri(self) -> str:
        """Return the root as `s3://bucket/prefix`."""
        return self.place.uri

    @property
    def exists(self) -> bool:
        """Say whether the bucket is there.

        Raises:
            RegionWrong: it lies in another region than the one that is set.
            AccessDenied, CredentialsUnusable, StorageUnavailable: it cannot be asked.
        """
        try:
            with answering(self.uri):
                _require_bucket(client(), self.place.bucket)
        except BucketMissing:
            return False
        return True

    def location(self, key: str) -> str:
        """Return the URI of a key.

        Raises:
            BadRequest: it is no key.
        """
        return self._target(key).uri

    def list(self, prefix: str = "") -> Listing:
        """See `ObjectStore.list`; objects that are placeholders of folders, and those without a key, are left out."""
        return sorted(stored for stored in self._pages(prefix) if is_key(stored.key))

    def look(self, prefix: str = "", depth: int | None = None) -> Look:
        """See `ObjectStore.look`; what was listed is known without another request.

        A folder that lies too deep takes no request for what it holds beyond its first page.
        """
        found, deeper = (list(self._pages(prefix)), ()) if depth is None else shallow(self.place, prefix, depth)
        known = {one.key: one for one in sorted(found) if is_key(one.key)}
        odd = {one.key: ODD_KEY for one in found if one.key not in known and not one.key.endswith("/")}
        odd |= {folder: ODD_KEY for folder in deeper if not is_key(folder[:-1])}
        return Look(list(known), odd, known, tuple(folder for folder in deeper if folder not in odd))

    def folders(self, folder: str) -> tuple[str, ...]:
        """See `ObjectStore.folders`; one request for a thousand of them, however much they hold."""
        prefix = self.place.full(f"{folder}/")
        asked: Any = {"Bucket": self.place.bucket, "Prefix": prefix, "Delimiter": "/"}
        with answering(self.uri):
            pages = client().get_paginator("list_objects_v2").paginate(**asked)
            found = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())]
        return tuple(sorted(key.removeprefix(prefix).rstrip("/") for key in found))

    def has_any(self, prefix: str = "") -> bool:
        """See `ObjectStore.has_any`; one small request, unless the first keys are of folders."""
        return any(is_key(one.key) for one in self._pages(prefix, FEW_KEYS))

    def has(self, key: str) -> bool:
        """See `ObjectStore.has`."""
        return head(self._target(key)) is not None

    def size(self, key: str) -> int | None:
        """See `ObjectStore.size`."""
        found = head(self._target(key))
        return None if found is None else found.size_bytes

    def sizes(self, keys: Sequence[str]) -> Iterator[int | None]:
        """See `ObjectStore.sizes`: of many keys the folder that holds them all is listed, a thousand to a request."""
        if len(keys) <= FEW_KEYS:
            return map(self.size, keys)
        wanted, folder = set(keys), os.path.commonpath(keys)
        found = {one.key: one.size_bytes for one in self._pages(folder and f"{folder}/") if one.key in wanted}
        return map(found.get, keys)

    def stat(self, key: str) -> StoredObject | None:
        """See `ObjectStore.stat`."""
        found = head(self._target(key))
        return None if found is None else StoredObject(key, found.etag, found.size_bytes, found.modified)

    def holds(self, key: str, etag: str) -> bool:
        """See `ObjectStore.holds`; a copy knows the etag of its source."""
        found = head(self._target(key))
        return found is not None and found.holds(etag)

    def is_unchanged(self, listed: StoredObject) -> bool:
        """See `ObjectStore.is_unchanged`; an object that was written again with the same content is unchanged."""
        return self.holds(listed.key, listed.etag)

    def is_being_written(self, key: str) -> bool | None:
        """See `ObjectStore.is_being_written`: S3 shows objects only when they are whole."""
        del key
        return False

    def read(self, key: str) -> bytes:
        """See `ObjectStore.read`."""
        return b"".join(self.chunks(key))

    def chunks(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """See `ObjectStore.chunks`; a stream that breaks off is taken up again where it was.

        Raises:
            PreconditionFailed: it broke off, and another object is there now.
        """
        return s3_reading.chunks(self._target(key), start, stop)

    def chunks_of(self, key: str, etag: str) -> Iterator[bytes]:
        """See `ObjectStore.chunks_of`."""
        return s3_reading.chunks(self._target(key), 0, None, etag)

    def put(self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> str:
        """See `ObjectStore.put`."""
        return self.put_chunks(key, [data], if_absent=if_absent, if_match=if_match)

    def put_chunks(
        self, key: str, chunks: Iterable[bytes], *, if_absent: bool = False, if_match: str | None = None
    ) -> str:
        """See `ObjectStore.put_chunks`."""
        return put_chunks(self._target(key), chunks, Condition(if_absent, if_match))

    def rewrite(self, key: str, chunks: Iterable[bytes], *, known_as: str) -> None:
        """See `ObjectStore.rewrite`."""
        put_chunks(self._target(key), chunks, Condition(), metadata={KNOWN_AS: known_as})

    def forget_old(self, prefix: str) -> int:
        """See `ObjectStore.forget_old`: older versions and marks of deletion, where the bucket is versioned."""
        return forget_old(self.place, prefix)

    def copy_from(self, source: ObjectStore, source_key: str, *, source_etag: str, key: str) -> None:
        """See `ObjectStore.copy_from`; within S3 no byte passes here."""
        if isinstance(source, S3Store):
            copy_within(source._target(source_key), source_etag, self._target(key))  # noqa: SLF001 - our own class
        else:
            copy_stream(source, source_key, source_etag, self._target(key))

    def take_from(self, source: ObjectStore, listed: StoredObject, *, key: str) -> bool:
        """Return False, since S3 cannot move an object."""
        del source, listed, key
        return False

    def delete(self, key: str, *, if_match: str) -> bool:
        """See `ObjectStore.delete`."""
        target = self._target(key)
        for _ in range(RACES):
            with target.answering():
                try:
                    client().delete_object(**target.names, IfMatch=if_match)
                except ClientError as error:
                    if not is_race(error) and not is_refused(error):
                        raise
                else:
                    return True
            found = head(target)
            if found is None:  # also when it was deleted by this call and the answer was lost
                return True
            if found.etag != if_match:
                break
        raise PreconditionFailed(key=key, expected=f"etag {if_match}")

    def _target(self, key: str) -> Target:
        return Target(self.place, require_key(key))

    def _pages(self, prefix: str, size: int = PAGE_KEYS) -> Iterator[StoredObject]:
        """Yield all objects whose key starts with the prefix, in S3's order, asking for so many at a time."""
        for page in pages(self.place, prefix, size):
            yield from page


@lru_cache(maxsize=16)  # A bucket that was there is asked for once by each client; buckets do not move.
def _require_bucket(asking: S3Client, bucket: str) -> None:
    """Make sure that a bucket is there, and where it is meant to be.

    Raises:
        RegionWrong: it lies in another region; boto3 would follow it there, the engines cannot.
        ClientError: as S3 says it.
    """
    try:
        told = asking.head_bucket(Bucket=bucket)
    except ClientError:
        # Unlike an answer to HEAD, this one has a body that says what is wrong.
        asking.list_objects_v2(Bucket=bucket, MaxKeys=1)
        raise
    lies = told.get("BucketRegion")
    if lies not in {None, asking.meta.region_name}:
        raise RegionWrong(bucket=bucket, region=lies)
