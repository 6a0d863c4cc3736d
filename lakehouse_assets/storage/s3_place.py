"""Hold a place in S3, `s3://bucket/prefix`, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.urls import S3, s3_place


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
        try:
            return cls(*s3_place(uri))
        except ValueError as error:
            raise BadRequest(message=f"`{uri}` cannot be used: {error}") from error

    @property
    def uri(self) -> str:
        """Return the place in its one spelling.

        >>> S3Place.read("s3://bucket/lake/").uri, S3Place.read("s3://bucket").uri
        ('s3://bucket/lake', 's3://bucket')
        """
        return f"{S3}{self.bucket}/{self.prefix}".rstrip("/")

    def full(self, key: str) -> str:
        """Return the key within the bucket, given one below the prefix."""
        return f"{self.prefix}/{key}" if self.prefix else key

    def below(self, full: str) -> str:
        """Return the key below the prefix, given one within the bucket."""
        return full.removeprefix(f"{self.prefix}/") if self.prefix else full
