"""Say in our own errors what a service of AWS other than S3 refuses, also where a library hands the refusal on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from lakehouse_assets.errors import (
    AccessDenied,
    CredentialsUnusable,
    LakehouseError,
    ServiceRefused,
    ServiceUnavailable,
)
from lakehouse_assets.storage import s3_errors

DENIED = s3_errors.DENIED | {"AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"}
BUSY = s3_errors.BUSY | {
    "InternalServiceException",
    "InternalServerException",
    "InternalServiceError",
    "InternalFailure",
    "OperationTimeoutException",
    "ResourceNotReadyException",
    "ServiceException",
    "ServiceUnavailableException",
    "Throttled",
    "ThrottledException",
    "TooManyRequestsException",
}


@contextmanager
def answering(service: str, place: str) -> Iterator[None]:
    """Turn what a service or botocore raise into our errors.

    Args:
        service: by which rights name it, such as `glue`.
        place: what is asked, in words, such as `the Glue catalog`.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise service_error(error, service, place) from error


def service_error(error: ClientError | BotoCoreError, service: str, place: str) -> LakehouseError:
    """Return the error that says what a service refused."""
    if isinstance(error, s3_errors.NO_CREDENTIALS):
        return s3_errors.unusable(error)
    if not isinstance(error, ClientError):
        return ServiceUnavailable(service=place, problem=_first_line(error))
    code, operation = s3_errors.code_of(error), error.operation_name
    if code in s3_errors.EXPIRED | s3_errors.UNKNOWN.keys():
        problem = s3_errors.UNKNOWN.get(code, "they have expired")
        return CredentialsUnusable(problem=f"{problem} ({code})", way_out=s3_errors.LOG_IN)
    if code in DENIED:
        return AccessDenied(place=place, problem=f"{operation} needs {service}:{RIGHTS.get(operation, operation)}")
    if code in BUSY or s3_errors.status_of(error) >= 500:  # noqa: PLR2004 - HTTP's own number
        return ServiceUnavailable(service=place, problem=f"{code} to {operation}")
    said = str(error.response.get("Error", {}).get("Message", "")).partition("\n")[0]
    return ServiceRefused(service=place, operation=operation, problem=f"{code}: {said[:SAID]}")


RIGHTS = {"Invoke": "InvokeFunction"}
"""Names rights that are not called as their operation is."""
SAID = 500
"""Limits the characters of what a service says: some repeat what they were asked, which may be a page of SQL."""


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].partition("?")[0]
