"""Delete the versions that a versioned bucket keeps of objects that were deleted or replaced.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakehouse_assets.core.batches import in_batches
from lakehouse_assets.errors import StorageUnavailable
from lakehouse_assets.storage.aws import client
from lakehouse_assets.storage.s3_errors import answering
from lakehouse_assets.storage.s3_place import S3Place

AT_ONCE = 1_000
"""So many versions one request deletes at most."""


def forget_old(place: S3Place, prefix: str) -> int:
    """Delete all versions but the newest of the objects below a prefix, and all marks of deletion; return how many.

    Raises:
        StorageUnavailable: some of them cannot be deleted.
        AccessDenied and the other errors of `s3_errors`: listing or deleting versions is not allowed.
    """
    count = 0
    for some in in_batches(_old(place, prefix), AT_ONCE):
        with answering(place.uri):
            told = client().delete_objects(Bucket=place.bucket, Delete={"Objects": some, "Quiet": True})
        if told.get("Errors"):
            first = told["Errors"][0]
            problem = f"a version of `{first.get('Key')}` cannot be deleted: {first.get('Message')}"
            raise StorageUnavailable(store=place.uri, problem=problem)
        count += len(some)
    return count


def _old(place: S3Place, prefix: str) -> Iterator[Any]:
    """Yield key and version of what is not the newest; of an object whose newest version is a deletion, everything."""
    with answering(place.uri):
        pages = client().get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=place.bucket, Prefix=place.full(prefix)):
            for item in page.get("Versions", ()):
                if not item["IsLatest"]:
                    yield {"Key": item["Key"], "VersionId": item["VersionId"]}
            for mark in page.get("DeleteMarkers", ()):
                yield {"Key": mark["Key"], "VersionId": mark["VersionId"]}
