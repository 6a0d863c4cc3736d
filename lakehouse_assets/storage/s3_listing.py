"""List what a prefix of a bucket holds, page by page, and to a depth without paging through what lies deeper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakehouse_assets.storage.aws import client
from lakehouse_assets.storage.objects import Listing, StoredObject
from lakehouse_assets.storage.s3_errors import answering
from lakehouse_assets.storage.s3_objects import bare, moment
from lakehouse_assets.storage.s3_place import S3Place

PAGE_KEYS = 1000
"""What S3 lists in one answer at most."""
LAST = "\U0010ffff"
"""Sorts behind every other character of a key, as S3 sorts them: by their bytes in UTF-8."""


def pages(place: S3Place, prefix: str, size: int = PAGE_KEYS, behind: str = "") -> Iterator[Listing]:
    """Yield pages of the objects whose key starts with a prefix, in S3's order.

    Args:
        place: where, which keys are relative to.
        prefix: of the keys.
        size: how many objects a page has at most.
        behind: the key, or text, that all keys come after; empty for all keys.
    """
    asked: Any = {"Bucket": place.bucket, "Prefix": place.full(prefix), "MaxKeys": size}
    if behind:
        asked["StartAfter"] = place.full(behind)
    with answering(place.uri):
        for page in client().get_paginator("list_objects_v2").paginate(**asked):
            yield [_stored(place, item) for item in page.get("Contents", ())]


def shallow(place: S3Place, prefix: str, depth: int) -> tuple[Listing, tuple[str, ...]]:
    """Return the objects whose key has so many parts at most, and the folders that hold something deeper.

    A page that ends in such a folder is followed by one that begins behind it, so that a folder costs one request
    more, however much it holds.
    """
    found, deeper = Listing(), dict[str, None]()
    behind: str | None = ""
    while behind is not None:
        begun, behind = behind, None
        for page in pages(place, prefix, PAGE_KEYS, begun):
            found += [one for one in page if not _folder(one.key, depth)]
            deeper |= {_folder(one.key, depth): None for one in page if _folder(one.key, depth) and _is_file(one.key)}
            last = _folder(page[-1].key, depth) if len(page) == PAGE_KEYS else ""
            if last in deeper and last + LAST != begun:
                behind = last + LAST
                break
    return found, tuple(deeper)


def _folder(key: str, depth: int) -> str:
    """Return the folder at a depth that a key lies in, or below; empty for a key that has no more parts.

    >>> _folder("readings/old/2024/1.csv", 2), _folder("readings/1.csv", 2)
    ('readings/old/', '')
    """
    parts = key.split("/")
    return "".join(f"{part}/" for part in parts[:depth]) if len(parts) > depth else ""


def _is_file(key: str) -> bool:
    """Say whether an object is no placeholder of a folder, and not hidden.

    >>> [_is_file(key) for key in ("old/1.csv", "old/", "old/.keep")]
    [True, False, False]
    """
    return not key.endswith("/") and not key.rpartition("/")[2].startswith(".")


def _stored(place: S3Place, item: Any) -> StoredObject:  # noqa: ANN401 - as boto3 answers it
    key = place.below(item["Key"])
    return StoredObject(key, bare(item["ETag"]), item["Size"], moment(item["LastModified"]))
