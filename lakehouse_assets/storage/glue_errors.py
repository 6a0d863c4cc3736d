"""Say in our own errors what the Glue catalog refuses, also where the refusal comes out of pyiceberg."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from lakehouse_assets.errors import (
    AccessDenied,
    CredentialsUnusable,
    LakehouseError,
    StorageRefused,
    StorageUnavailable,
)
from lakehouse_assets.storage import s3_errors

NAMED = "the Glue catalog"
DENIED = s3_errors.DENIED | {"AccessDeniedException"}
BUSY = s3_errors.BUSY | {"InternalServiceException", "OperationTimeoutException", "ResourceNotReadyException"}


@contextmanager
def answering() -> Iterator[None]:
    """Turn what Glue or botocore raise into our errors."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise glue_error(error) from error


def glue_error(error: ClientError | BotoCoreError) -> LakehouseError:
    """Return the error that says what Glue refused."""
    if isinstance(error, s3_errors.NO_CREDENTIALS):
        return s3_errors.unusable(error)
    if not isinstance(error, ClientError):
        return StorageUnavailable(store=NAMED, problem=_first_line(error))
    code, operation = s3_errors.code_of(error), error.operation_name
    if code in s3_errors.EXPIRED | s3_errors.UNKNOWN.keys():
        problem = s3_errors.UNKNOWN.get(code, "they have expired")
        return CredentialsUnusable(problem=f"{problem} ({code})", way_out=s3_errors.LOG_IN)
    if code in DENIED:
        return AccessDenied(place=NAMED, problem=f"{operation} needs glue:{operation}")
    if code in BUSY or s3_errors.status_of(error) >= 500:  # noqa: PLR2004 - HTTP's own number
        return StorageUnavailable(store=NAMED, problem=f"{code} to {operation}")
    said = str(error.response.get("Error", {}).get("Message", "")).partition("\n")[0]
    return StorageRefused(place=NAMED, operation=operation, problem=f"{code}: {said}")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].partition("?")[0]
