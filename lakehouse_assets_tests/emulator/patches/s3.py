"""Hold what MiniStack does other than AWS and we need, a patch each; `test_patches.py` shows each gap.

This runs in the environment of `.emulator`, so MiniStack is imported only when a patch is applied.
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

from typing import Any

SMALLEST_PART = 5 << 20


def copy_onto_existing() -> None:
    """Have a copy look at If-None-Match and If-Match of its target, which MiniStack ignores.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    from ministack.services import s3

    copy = s3._copy_object

    def checked(bucket: str, key: str, headers: dict[str, str]) -> Any:
        there = (s3._ensure_bucket(bucket) or {}).get("objects", {}).get(key)
        conditions = {name: headers[name] for name in ("if-match", "if-none-match") if name in headers}
        return s3._check_put_preconditions(conditions, there) or copy(bucket, key, headers)

    s3._copy_object = checked


def too_small_parts() -> None:
    """Have an upload refused whose parts, but for the last, are below 5 MiB, which MiniStack takes.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
    """
    from ministack.services import s3

    complete = s3._complete_multipart_upload

    def checked(
        bucket: str, key: str, body: bytes, query: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Any:
        parts = s3._multipart_uploads.get(s3._qp(query, "uploadId"), {}).get("parts", {})
        before_last = sorted(parts)[:-1]
        if any(len(parts[number]["body"]) < SMALLEST_PART for number in before_last):
            return s3._error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", 400)
        return complete(bucket, key, body, query, headers)

    s3._complete_multipart_upload = checked
