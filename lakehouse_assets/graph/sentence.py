"""Let what we refuse or miss reach the UI as the one sentence that says it, without a stack of calls.

Dagster shows the stack of every error, with two exceptions: it hands on, as it is, what another process has told of an
error. So an error of ours is told that way. One that nobody foresaw keeps its stack, since nothing else explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterUserCodeProcessError
from dagster_shared.error import SerializableErrorInfo

from lakehouse_assets.errors import LakehouseError, Transient


class _HandedOnError(DagsterUserCodeProcessError):
    """What another process told of an error, which is not known when this is made."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args, user_code_process_error_infos=[])  # type: ignore[no-untyped-call] # Dagster's has no types


class ToldError(dg.Failure, _HandedOnError):
    """An error of ours, as steps, sensors, schedules and the code location raise it: its sentence is all that is shown.

    Args:
        error: what went wrong.
        metadata: where more is to be read of it.
    """

    def __init__(self, error: BaseException, metadata: Mapping[str, Any] | None = None) -> None:
        name = type(error).__name__
        super().__init__(f"{name}: {error}", metadata, allow_retries=False)
        self.user_code_process_error_infos = [SerializableErrorInfo(str(error), [], name)]


def step_failure(error: LakehouseError, metadata: Mapping[str, Any] | None = None) -> dg.Failure:
    """Return what a step raises of an error of ours: Dagster tries a step again for a plain failure only.

    One that is transient therefore shows its stack, should its retries run out.
    """
    if isinstance(error, Transient):
        return dg.Failure(f"{type(error).__name__}: {error}", metadata, allow_retries=True)
    return ToldError(error, metadata)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn an error of ours into what the UI shows as one sentence.

    Raises:
        ToldError: for each error of ours.
    """
    try:
        yield
    except LakehouseError as error:
        raise ToldError(error) from error
