"""Call a Lambda function and wait for its answer.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lakehouse_assets import interruption
from lakehouse_assets.compute.aws.failures import own_error, sentence_of
from lakehouse_assets.compute.costs import Usage, function_usage
from lakehouse_assets.errors import FunctionFailed, LakehouseError, ServiceUnavailable
from lakehouse_assets.storage.aws import client_of
from lakehouse_assets.storage.service_errors import answering

SPARE_SECONDS = 30
"""An answer is waited for so much longer than a function may take."""
PAYLOAD_BYTES = 6 << 20
"""The longest event: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
REPORT = re.compile(r"Billed Duration: (?P<ms>\d+) ms\s+Memory Size: (?P<mb>\d+) MB")
ENDED = re.compile(r"Task timed out|Runtime exited|RequestId: \S+ Error: Runtime|Sandbox\.")
"""Matches what Lambda itself says when a function's process ended; another try gets another process."""


@dataclass(frozen=True)
class Answer:
    """Hold what came back: the payload, whether it is an error, and what the call has used as far as that is known."""

    payload: Any
    is_error: bool
    seconds: float
    memory_mb: int

    def usage(self, region: str) -> tuple[Usage, ...]:
        """Return what the call has used; only that it was made, where Lambda did not say how long and with how much."""
        used = function_usage(self.seconds, self.memory_mb, region)
        return used if self.memory_mb else used[1:]


def request_of(function: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Invoke takes; the end of the log comes with the answer, as it says what the call has used.

    Raises:
        FunctionFailed: the event is longer than Lambda takes.
    """
    data = json.dumps(event).encode()
    if len(data) > PAYLOAD_BYTES:
        problem = f"its event has {len(data):,} bytes, and Lambda takes {PAYLOAD_BYTES:,}"
        raise FunctionFailed(function=function, problem=problem)
    return {"FunctionName": function, "Payload": data, "LogType": "Tail"}


def parsed(told: Mapping[str, Any], seconds: float) -> Answer:
    """Return an answer as Lambda gave it.

    Args:
        told: the answer, its payload read.
        seconds: how long it took, in case that Lambda does not say what it charges.
    """
    tail = base64.b64decode(told.get("LogResult") or "").decode(errors="replace")
    report = REPORT.search(tail)
    payload = json.loads(told["Payload"] or b"null")
    if report is None:
        return Answer(payload, "FunctionError" in told, seconds, 0)
    return Answer(payload, "FunctionError" in told, int(report["ms"]) / 1000, int(report["mb"]))


def error_of(function: str, payload: Any) -> LakehouseError:  # noqa: ANN401 - any JSON value
    """Return the error that a function has raised, in its own sentence; no stack trace gets into a message."""
    text = json.dumps(payload)
    own = own_error(text)
    if own is not None:
        return own
    said = sentence_of(text)
    if ENDED.search(said):
        return ServiceUnavailable(service=f"function `{function}`", problem=said)
    return FunctionFailed(function=function, problem=said)


class Functions:
    """Call functions whose names begin with a prefix."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def call(self, name: str, event: Mapping[str, Any], timeout_seconds: int) -> Answer:
        """Call a function and return its answer, good or bad.

        botocore sends a call again whose answer got lost, as Step Functions and Lambda itself do; every function here
        bears that.

        Raises:
            FunctionFailed: the event is too long.
            ServiceUnavailable, ServiceRefused, AccessDenied: it cannot be called.
        """
        interruption.check()
        function = f"{self.prefix}{name}"
        started = time.monotonic()
        with answering("lambda", f"function `{function}`"):
            client = client_of("lambda", read_seconds=timeout_seconds + SPARE_SECONDS)
            told = client.invoke(**request_of(function, event))
            told = {**told, "Payload": told["Payload"].read()}
        return parsed(told, time.monotonic() - started)

    def require_good(self, name: str, answer: Answer) -> dict[str, Any]:
        """Return the values of a good answer.

        Raises:
            LakehouseError: what the function has raised; `FunctionFailed` where that is none of ours.
        """
        if answer.is_error:
            raise error_of(f"{self.prefix}{name}", answer.payload)
        values: dict[str, Any] = answer.payload
        return values
