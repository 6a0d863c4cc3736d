"""Read the bytes of an object as a stream that goes on where it broke off, as long as the object is the same one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError

from lakehouse_assets.errors import ObjectMissing, PreconditionFailed, StorageUnavailable
from lakehouse_assets.storage.aws import ATTEMPTS, client
from lakehouse_assets.storage.s3_errors import code_of, is_absent, is_unmet
from lakehouse_assets.storage.s3_objects import Target, bare

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

CHUNK_BYTES = 1 << 20


def chunks(target: Target, start: int, stop: int | None, etag: str | None = None) -> Iterator[bytes]:
    """Yield the bytes of an object from `start` to before `stop`, a piece at a time.

    Args:
        target: the object.
        start: the first byte.
        stop: the byte to end before; None for all that is left.
        etag: which object is meant; None for the one that is there at the first byte.

    Raises:
        ObjectMissing: it is not there.
        PreconditionFailed: another object is there.
        StorageUnavailable: the stream broke off time and again without a further byte.
    """
    at, broken = start, 0
    while broken < ATTEMPTS and (stop is None or at < stop):
        answer = _begin(target, at, stop, etag)
        if answer is None:
            return
        etag, before = bare(answer["ETag"]), at
        try:
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                at += len(chunk)
                yield chunk
        except (HTTPClientError, IncompleteReadError) as error:
            # botocore tries requests again, but no answer whose head has arrived.
            broken, problem = (1 if at > before else broken + 1), str(error)
        except BotoCoreError as error:
            raise StorageUnavailable(store=target.uri, problem=str(error)) from error
        else:
            return
        finally:
            answer["Body"].close()
    if broken:
        raise StorageUnavailable(store=target.uri, problem=f"{problem} (tries: {broken})")


def _begin(target: Target, start: int, stop: int | None, etag: str | None) -> GetObjectOutputTypeDef | None:
    """Ask for the bytes; return None where the object ends before them."""
    asked: dict[str, Any] = {"IfMatch": etag} if etag else {}
    if start or stop is not None:
        asked["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
    with target.answering():
        try:
            return client().get_object(**target.names, **asked)
        except ClientError as error:
            if code_of(error) == "InvalidRange":
                return None
            if is_absent(error):
                raise ObjectMissing(key=target.key, store=target.place.uri) from error
            if is_unmet(error):
                raise PreconditionFailed(key=target.key, expected=f"etag {etag}") from error
            raise
