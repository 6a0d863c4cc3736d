"""Each gap of the emulator that we need closed is one, and its patch closes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from lakehouse_assets.storage.aws import client
from lakehouse_assets_tests.emulator.fixtures import BUCKET, empty_bucket
from lakehouse_assets_tests.emulator.running import Emulator, running

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="module")
def unpatched(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator as it comes, but for whichever patch a test is not about."""
    del emulator  # whose fixture says where there is none
    with running("copy_onto_existing", "too_small_parts") as started:
        yield started


@pytest.fixture(params=["as it comes", "patched"])
def served(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[S3Client, bool]:
    """A client with an empty bucket, and whether the emulator has its patches."""
    is_patched = request.param == "patched"
    emulator = request.getfixturevalue("emulator" if is_patched else "unpatched")
    empty_bucket(emulator, emulator.url, monkeypatch)
    return client(), is_patched


def test_copy_onto_existing(served: tuple[S3Client, bool]) -> None:
    """S3 refuses to copy onto an object where none may be, by 412; the emulator copies."""
    s3, is_patched = served
    for key in ("a", "b"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    asked = {"Bucket": BUCKET, "Key": "b", "CopySource": {"Bucket": BUCKET, "Key": "a"}, "IfNoneMatch": "*"}
    if is_patched:
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.copy_object(**asked)  # type: ignore[arg-type]
    else:
        s3.copy_object(**asked)  # type: ignore[arg-type]
    assert s3.get_object(Bucket=BUCKET, Key="b")["Body"].read() == (b"b" if is_patched else b"a")


def test_too_small_parts(served: tuple[S3Client, bool]) -> None:
    """S3 refuses an upload with a part below 5 MiB that is not the last; the emulator takes it."""
    s3, is_patched = served
    named = {"Bucket": BUCKET, "Key": "a"}
    number = s3.create_multipart_upload(**named)["UploadId"]
    etags = [
        s3.upload_part(**named, UploadId=number, PartNumber=part, Body=b"x" * size)["ETag"]
        for part, size in ((1, (5 << 20) - 1), (2, 1))
    ]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    asked = {**named, "UploadId": number, "MultipartUpload": {"Parts": parts}}
    if is_patched:
        with pytest.raises(ClientError, match="EntityTooSmall"):
            s3.complete_multipart_upload(**asked)  # type: ignore[arg-type]
    else:
        assert s3.complete_multipart_upload(**asked)["ETag"].endswith('-2"')  # type: ignore[arg-type]
