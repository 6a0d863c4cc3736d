"""Write objects of S3 at once or not at all, under a condition, and know one's own when the answer was lost.

A request whose answer is lost is sent again, by botocore, and meets its own object: S3 answers 412. So on 412 the
object that is there is asked for the number of its writing before it is called somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lakehouse_assets.errors import PreconditionFailed
from lakehouse_assets.storage.atomic_files import md5_of
from lakehouse_assets.storage.aws import client
from lakehouse_assets.storage.s3_errors import code_of, is_absent, is_unmet
from lakehouse_assets.storage.s3_objects import KNOWN_AS, WRITE, Target, bare, head, new_write

PART_BYTES = 8 << 20
LARGE_PART_BYTES = 64 << 20
SMALL_PARTS = 1000
"""How many parts are small before they grow, so that 10,000 of them, S3's limit, hold more than half a terabyte."""
RACES = 10
"""How often a request is sent again that S3 could not decide because of another one at the same time (409)."""


@dataclass(frozen=True)
class Condition:
    """Hold what must be true of the object that is there for a write to happen; by default nothing."""

    if_absent: bool = False
    if_match: str | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the condition as S3's requests name it."""
        absent: dict[str, Any] = {"IfNoneMatch": "*"} if self.if_absent else {}
        return absent | ({"IfMatch": self.if_match} if self.if_match is not None else {})

    @property
    def expected(self) -> str:
        """Return what must be there, in words."""
        return "absent" if self.if_absent else f"etag {self.if_match}"


def put_chunks(
    target: Target,
    chunks: Iterable[bytes],
    condition: Condition,
    *,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write one object of pieces, in one request where it is small, and return its etag.

    Args:
        target: what is written.
        chunks: its content.
        condition: what must be there.
        metadata: what is kept with it; the MD5 of its content where it is small and nothing else is said.

    Raises:
        PreconditionFailed: the condition does not hold.
    """
    write, parts = new_write(), _parts(chunks)
    first, second = next(parts, b""), next(parts, None)
    kept = {**(metadata or {}), WRITE: write}
    if second is None:
        kept.setdefault(KNOWN_AS, md5_of([first]))
        return decided(target, write, condition, lambda: _put(target, first, kept, condition))
    with upload(target, kept) as begun:
        for part in chain((first, second), parts):
            begun.add(part)
        return decided(target, write, condition, lambda: begun.complete(condition))


def decided(target: Target, write: str, condition: Condition, send: Callable[[], str]) -> str:
    """Send a write under a condition and return the etag of what it wrote, also where its answer was lost.

    Raises:
        PreconditionFailed: what is there is not of this writing.
    """
    for _ in range(RACES):
        with target.answering():
            try:
                return send()
            except ClientError as error:
                if is_race(error):
                    continue
                if not is_refused(error):
                    raise
        found = head(target)
        if found is not None and found.is_by(write):
            return found.etag
        break
    raise PreconditionFailed(key=target.key, expected=condition.expected)


def is_race(error: ClientError) -> bool:
    """Say whether S3 could not decide, because another request changes the object at the same time."""
    return code_of(error) in {"ConditionalRequestConflict", "OperationAborted"}


def is_refused(error: ClientError) -> bool:
    """Say whether the condition does not hold, or what was to be completed is gone: completed, then, or never there."""
    return is_unmet(error) or is_absent(error) or code_of(error) == "NoSuchUpload"


class Upload:
    """Send an object in parts, which becomes visible when it is completed."""

    def __init__(self, target: Target, number: str) -> None:
        self._named: dict[str, Any] = {**target.names, "UploadId": number}
        self._target, self._etags = target, list[str]()

    def add(self, data: bytes) -> None:
        """Send the next part."""
        with self._target.answering():
            told = client().upload_part(**self._named, PartNumber=self._next, Body=data)
        self._etags.append(told["ETag"])

    def add_copy(self, source: Mapping[str, Any], etag: str, start: int, stop: int) -> None:
        """Have S3 copy the next part from another object, if that still has this etag.

        Raises:
            ClientError: as S3 says it.
        """
        told = client().upload_part_copy(
            **self._named,
            PartNumber=self._next,
            CopySource={"Bucket": source["Bucket"], "Key": source["Key"]},
            CopySourceIfMatch=etag,
            CopySourceRange=f"bytes={start}-{stop - 1}",
        )
        self._etags.append(told["CopyPartResult"]["ETag"])

    def complete(self, condition: Condition) -> str:
        """Make the object visible and return its etag.

        Raises:
            ClientError: as S3 says it.
        """
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(self._etags, 1)]
        asked: Any = {**self._named, **condition.arguments, "MultipartUpload": {"Parts": parts}}
        return bare(client().complete_multipart_upload(**asked)["ETag"])

    def abort(self) -> None:
        """Drop the parts; a completed upload has none."""
        client().abort_multipart_upload(**self._named)

    @property
    def _next(self) -> int:
        return len(self._etags) + 1


@contextmanager
def upload(target: Target, metadata: Mapping[str, str], **also: str) -> Iterator[Upload]:
    """Begin an upload in parts; what was not completed is dropped on every way out.

    Args:
        target: what is written.
        metadata: what is kept with it.
        also: further arguments of S3's request.
    """
    asked: Any = {**target.names, **also, "Metadata": dict(metadata)}
    with target.answering():
        begun = Upload(target, client().create_multipart_upload(**asked)["UploadId"])
    try:
        yield begun
    except BaseException:
        with suppress(ClientError, BotoCoreError):  # a rule of the bucket drops what is left
            begun.abort()
        raise


def _put(target: Target, data: bytes, metadata: Mapping[str, str], condition: Condition) -> str:
    asked: Any = {**target.names, **condition.arguments, "Body": data, "Metadata": dict(metadata)}
    return bare(client().put_object(**asked)["ETag"])


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces that S3 takes as parts; only the last one is smaller."""
    held, number = bytearray(), 0
    for chunk in chunks:
        held += chunk
        while len(held) >= (size := PART_BYTES if number < SMALL_PARTS else LARGE_PART_BYTES):
            yield bytes(held[:size])
            del held[:size]
            number += 1
    if held:
        yield bytes(held)
