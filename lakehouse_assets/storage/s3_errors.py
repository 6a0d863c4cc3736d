"""Say in our own errors what S3 and botocore refuse: one sentence that names bucket, key or right, and no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

from lakehouse_assets.errors import (
    AccessDenied,
    BucketMissing,
    CredentialsUnusable,
    LakehouseError,
    RegionWrong,
    SettingsInvalid,
    StorageRefused,
    StorageUnavailable,
)
from lakehouse_assets.storage.s3_place import S3Place

RIGHTS = {
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CopyObject": "s3:GetObject on the source and s3:PutObject on the target",
    "DeleteObject": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "UploadPartCopy": "s3:GetObject on the source and s3:PutObject on the target",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
}
"""Says which right an operation needs: conditional puts and deletes need s3:GetObject too."""
DENIED = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "Forbidden"}
EXPIRED = {"ExpiredToken", "TokenRefreshRequired", "ExpiredTokenException"}
UNKNOWN = {
    "InvalidAccessKeyId": "the access key id is not known",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key id",
    "InvalidToken": "the session token is not valid",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "InvalidClientTokenId": "the access key id is not known",
    "UnrecognizedClientException": "the access key id is not known",
}
ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
BUSY = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException"}
BUSY |= {"500", "502", "503", "504", "RequestLimitExceeded", "BandwidthLimitExceeded", "OperationAborted"}
NO_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.ConfigNotFound,
    aws.ConfigParseError,
    aws.SSOError,
    aws.TokenRetrievalError,
    aws.MetadataRetrievalError,
    aws.InvalidConfigError,
    aws.UnknownCredentialError,
    aws.LoginError,
)
LOG_IN = "log in again, or correct AWS_PROFILE or the keys that are set"


def code_of(error: ClientError) -> str:
    """Return the code by which S3 names an error, such as `NoSuchKey`, or `404` where an answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """Return the HTTP status of an error."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_absent(error: ClientError) -> bool:
    """Say whether S3 says that there is no such object; a missing bucket is another thing."""
    return code_of(error) in {"NoSuchKey", "404", "NotFound"}


def is_unmet(error: ClientError) -> bool:
    """Say whether S3 says that a condition of the request does not hold."""
    return status_of(error) == 412  # noqa: PLR2004 - HTTP's own number


@contextmanager
def answering(uri: str, place: str | None = None) -> Iterator[None]:
    """Turn what S3 or botocore raises into our errors.

    Args:
        uri: of the store.
        place: URI of the object that is asked for; None for the store as a whole.
    """
    try:
        yield
    except ClientError as error:
        raise client_error(uri, place or uri, error) from error
    except NO_CREDENTIALS as error:
        raise unusable(error) from error
    except BotoCoreError as error:
        raise StorageUnavailable(store=place or uri, problem=_first_line(error)) from error


@contextmanager
def finding_credentials() -> Iterator[None]:
    """Turn what botocore raises about profiles, credentials and variables into our errors."""
    try:
        yield
    except BotoCoreError as error:
        if isinstance(error, aws.ValidationError):
            raise SettingsInvalid(problems=f"AWS' variables: {_first_line(error)}") from error
        raise unusable(error) from error
    except ValueError as error:
        said = "it holds a user or a password" if "@" in str(error) else _first_line(error)
        raise SettingsInvalid(problems=f"AWS_ENDPOINT_URL cannot be used: {said}") from error


def unusable(error: BotoCoreError) -> CredentialsUnusable:
    """Return the error for credentials that are not there or cannot be had."""
    return CredentialsUnusable(problem=_first_line(error), way_out=LOG_IN)


def client_error(uri: str, place: str, error: ClientError) -> LakehouseError:
    """Return the error that says what S3 refused."""
    code, operation = code_of(error), error.operation_name
    bucket = S3Place.read(uri).bucket
    if code == "NoSuchBucket" or (operation == "HeadBucket" and is_absent(error)):
        return BucketMissing(bucket=bucket, store=uri)
    if code in EXPIRED | UNKNOWN.keys():
        problem = UNKNOWN.get(code, "they have expired")
        return CredentialsUnusable(problem=f"{problem} ({code})", way_out=LOG_IN)
    if code in ELSEWHERE:
        return RegionWrong(bucket=bucket, region=_region(error))
    if code in DENIED:
        return AccessDenied(place=place, problem=f"{operation} needs {RIGHTS.get(operation, operation)}")
    return _refused(place, error)


def _refused(place: str, error: ClientError) -> LakehouseError:
    """Return the error for what is not about who asks for which bucket: whether to try again says S3's status."""
    code, operation = code_of(error), error.operation_name
    if code in BUSY or status_of(error) >= 500:  # noqa: PLR2004 - HTTP's own number
        tries = int(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) + 1
        return StorageUnavailable(store=place, problem=f"{code} to {operation} (tries: {tries})")
    said = str(error.response.get("Error", {}).get("Message", "")).partition("\n")[0]
    return StorageRefused(place=place, operation=operation, problem=f"{code}: {said}")


def _region(error: ClientError) -> str:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region") or error.response.get("Error", {}).get("Region") or "another region")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].partition("?")[0]
