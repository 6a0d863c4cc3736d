"""Open the store that serves a URI or a path; every store of the project is opened here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lakehouse_assets.errors import BadRequest, BucketMissing
from lakehouse_assets.storage.s3_place import S3Place
from lakehouse_assets.urls import is_s3

if TYPE_CHECKING:
    from lakehouse_assets.storage.objects import ObjectStore


def open_store(uri: str, *, create: bool = True) -> ObjectStore:
    """Return the store at an `s3://` or `file://` URI or a path, importing its adapter only now.

    Args:
        uri: the place.
        create: make a folder that is absent; a bucket is never made.

    Raises:
        BadRequest: the URI has another scheme, or no place in S3 is written so.
    """
    if is_s3(uri):
        from lakehouse_assets.storage.s3 import S3Store

        return S3Store(uri)
    from lakehouse_assets.storage.folder import FolderStore

    return FolderStore(_folder(uri), create=create)


def place_of(uri: str) -> str:
    """Return a `file://` URI as a path, and anything else as it is.

    >>> place_of("file:///data/my%20lake"), place_of("s3://bucket/lake"), place_of("lake")
    ('/data/my lake', 's3://bucket/lake', 'lake')
    """
    parts = urlsplit(uri)
    return url2pathname(parts.path) if parts.scheme == "file" else uri


def root_of(uri: str) -> str:
    """Return the one spelling of a place: `s3://bucket/prefix`, or an absolute folder without symbolic links and `..`.

    No place has a slash at its end.

    Raises:
        BadRequest: as `open_store`.
    """
    if is_s3(uri):
        return S3Place.read(uri).uri
    return str(Path(_folder(uri)).resolve())


def is_same_place(one: str, other: str) -> bool:
    """Say whether two places as `root_of` spells them are one, also through links, or two mounts of one folder."""
    if one == other or "://" in one + other:
        return one == other
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is not there, or cannot be looked at
        return False


def require_place(place: str) -> None:
    """Make sure that a lake may be at a place as `root_of` spells it: in a folder, there or not, or a bucket.

    Raises:
        BadRequest: there is a file, or one where a folder above it would be.
        BucketMissing, RegionUnknown, RegionWrong, CredentialsUnusable, AccessDenied: the bucket cannot be used.
    """
    if is_s3(place):
        if not open_store(place).exists:
            raise no_bucket(place)
        return
    there = next((path for path in (Path(place), *Path(place).parents) if path.exists()), None)
    if there is not None and not there.is_dir():
        inside = "" if there == Path(place) else f" cannot be there: `{there}`"
        raise BadRequest(message=f"the lake `{place}`{inside} is a file, not a folder")


def no_landing(place: str) -> BadRequest | BucketMissing:
    """Return the error for a landing that is not there."""
    return no_bucket(place) if is_s3(place) else BadRequest(message=f"landing `{place}` is not a folder")


def no_bucket(place: str) -> BucketMissing:
    """Return the error for a place whose bucket is not there."""
    return BucketMissing(bucket=S3Place.read(place).bucket, store=place)


def require_writable(place: str) -> None:
    """Make sure that a lake at a place can be written; which rights there are in S3 shows with the first write.

    Raises:
        ReadOnly, AccessDenied: it cannot.
    """
    from lakehouse_assets.storage import os_errors

    if not is_s3(place):
        os_errors.require_writable(Path(place))


def _folder(uri: str) -> str:
    place = place_of(uri)
    if "://" in place:
        raise BadRequest(message=f"`{uri}`: a place is a folder, or `s3://bucket/prefix`")
    return place
