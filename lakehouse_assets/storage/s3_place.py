"""Read and spell places in S3, `s3://bucket/prefix`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from lakehouse_assets.errors import BadRequest

SCHEME = "s3://"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# What needs no quoting in a URI, no escaping in a glob, and is spelt alike by every engine.
PREFIX = re.compile(r"[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*")


def is_s3(place: str) -> bool:
    """Say whether a place is in S3.

    >>> is_s3("s3://bucket/lake"), is_s3("/data/lake")
    (True, False)
    """
    return place.startswith(SCHEME)


@dataclass(frozen=True)
class S3Place:
    """Hold a bucket and a prefix of keys, which is empty for the whole bucket and has no slash at its end."""

    bucket: str
    prefix: str

    @classmethod
    def read(cls, uri: str) -> Self:
        """Read `s3://bucket/prefix`; slashes at the end do not count.

        Raises:
            BadRequest: it has no bucket, or a prefix that not every engine spells alike.
        """
        bucket, _, prefix = uri.removeprefix(SCHEME).partition("/")
        prefix = prefix.rstrip("/")
        if not is_s3(uri) or not BUCKET.fullmatch(bucket):
            raise BadRequest(message=f"`{uri}` names no bucket; a place in S3 is written `s3://bucket/prefix`")
        if prefix and (not PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
            problem = "a prefix consists of letters, digits and `-`, `_`, `.`, `=`, with one `/` between its parts"
            raise BadRequest(message=f"`{uri}` cannot be used: {problem}")
        return cls(bucket, prefix)

    @property
    def uri(self) -> str:
        """Return the place in its one spelling.

        >>> S3Place.read("s3://bucket/lake/").uri, S3Place.read("s3://bucket").uri
        ('s3://bucket/lake', 's3://bucket')
        """
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def full(self, key: str) -> str:
        """Return the key within the bucket, given one below the prefix."""
        return f"{self.prefix}/{key}" if self.prefix else key

    def below(self, full: str) -> str:
        """Return the key below the prefix, given one within the bucket."""
        return full.removeprefix(f"{self.prefix}/") if self.prefix else full
