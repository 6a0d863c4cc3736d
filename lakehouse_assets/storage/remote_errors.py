"""Recognise in what the engines' libraries say that S3 or Glue refused something, and say it in our own errors.

DuckDB, delta-rs and pyarrow reach S3 by clients of their own, which know texts alone; so they are told by their words.
What boto3 says is in `s3_errors.py`. A missing object is no error of the store: what it means is known by who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lakehouse_assets.errors import (
    AccessDenied,
    BucketMissing,
    CredentialsUnusable,
    LakehouseError,
    RegionWrong,
    StorageUnavailable,
)

OF_S3 = re.compile(
    r"\bAWS Error\b|Generic S3 error|Error performing (GET|PUT|POST|HEAD|DELETE)\b|HTTP Error: |for HTTP [A-Z]+ to '"
)
"""What only an error of a client of S3 says: pyarrow's, delta-rs' and DuckDB's, in this order."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PLACES = (
    re.compile(r"(?P<place>s3://[^\s'\"`?]+)"),
    re.compile(r"key '(?P<key>[^']*)' in bucket '(?P<bucket>[^']*)'"),
    re.compile(r"https?://(?P<place>[^\s'\"`?]+)"),
)
# Both spellings: words for pyarrow, the code of S3 or the HTTP status for the others.
CREDENTIALS = re.compile(
    r"\b(ExpiredToken|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|TokenRefreshRequired|RequestTimeTooSkewed|"
    r"INVALID_ACCESS_KEY_ID|SIGNATURE_DOES_NOT_MATCH|INVALID_CLIENT_TOKEN_ID|UNRECOGNIZED_CLIENT)\b"
)
BUCKET = re.compile(r"\b(NoSuchBucket|NO_SUCH_BUCKET)\b")
REGION = re.compile(r"\b(PermanentRedirect|AuthorizationHeaderMalformed|incorrectly configured region|301\b)")
DENIED = re.compile(r"\b(AccessDenied|ACCESS_DENIED|HTTP 403|403 Forbidden|HTTP status 403)\b")
BUSY = re.compile(
    r"\b(SlowDown|SLOW_DOWN|SERVICE_UNAVAILABLE|THROTTLING|REQUEST_TIMEOUT|INTERNAL_FAILURE|NETWORK_CONNECTION|"
    r"HTTP (status )?(429|5\d\d)|5\d\d [A-Z]\w+|429 Too Many|HTTP error|curlCode|Could not connect|Timeout was reached|"
    r"error sending request|connection (closed|reset)|[Cc]onnection error)\b"
)
GLUE_CATALOG = "the Glue catalog"
LOG_IN = "log in again, or correct AWS_PROFILE or the keys that are set"
MEANINGS: tuple[tuple[re.Pattern[str], Callable[[str, str], LakehouseError]], ...] = (
    (CREDENTIALS, lambda place, said: CredentialsUnusable(problem=f"S3 says {said} of `{place}`", way_out=LOG_IN)),
    (BUCKET, lambda place, _: BucketMissing(bucket=_bucket(place), store=place)),
    (REGION, lambda place, _: RegionWrong(bucket=_bucket(place), region="another region")),
    (DENIED, lambda place, said: AccessDenied(place=place, problem=f"S3 says {said}")),
    (BUSY, lambda place, said: StorageUnavailable(store=place, problem=said)),
)
"""Holds what words mean, the most telling first, given the place and the words that were found."""


def remote_error(error: BaseException) -> LakehouseError | None:
    """Return the error that says what S3 or Glue refused; None when the error is about something else."""
    if type(error).__module__.startswith("botocore."):
        return _of_boto(error)
    text = " ".join(COLOUR.sub("", str(error)).split())
    if not OF_S3.search(text):
        return None
    place = _place(text)
    return next((make(place, found[0]) for words, make in MEANINGS if (found := words.search(text))), None)


def _of_boto(error: BaseException) -> LakehouseError | None:
    """Return the same for an error of boto3 that comes out of a library, such as of pyiceberg's client of Glue."""
    from botocore.exceptions import BotoCoreError, ClientError

    from lakehouse_assets.storage.service_errors import service_error

    return service_error(error, "glue", GLUE_CATALOG) if isinstance(error, (BotoCoreError, ClientError)) else None


def _place(text: str) -> str:
    """Return the object that a text names, without the query of its URL, in which signatures would be."""
    for pattern in PLACES:
        if found := pattern.search(text):
            named = found.groupdict()
            return named.get("place") or f"s3://{named['bucket']}/{named['key']}"
    return "S3"


def _bucket(place: str) -> str:
    return place.removeprefix("s3://").partition("/")[0]
