"""Let machines call Glue and Athena, and wait for their jobs (`.sync`), which MiniStack does not know.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from .jobs import ENDED
from .stopping import CURRENT, STOPPED, pause

POLL_SECONDS = 0.1
MOMENTS = ("StartedOn", "LastModifiedOn", "CompletedOn", "SubmissionDateTime", "CompletionDateTime")


def glue_and_athena_tasks() -> None:
    """Add the integrations, and all that the answer of a function's call has."""
    from ministack.services import stepfunctions

    dispatch, invoke = stepfunctions._SERVICE_DISPATCH, stepfunctions._invoke_resource
    dispatch["arn:aws:states:::glue:startJobRun"] = glue_job
    dispatch["arn:aws:states:::athena:startQueryExecution"] = athena_query
    for action in ("getQueryResults", "getQueryExecution", "stopQueryExecution"):
        dispatch[f"arn:aws:states:::athena:{action}"] = lambda _, given, action=action: call("athena", action, given)

    def invoked(resource: str, given: Any) -> Any:
        answer = invoke(resource, given)
        if "states:::lambda:invoke" in resource and isinstance(answer, dict):
            return {"ExecutedVersion": "$LATEST", "SdkHttpMetadata": {"HttpStatusCode": 200}, **answer}
        return answer

    stepfunctions._invoke_resource = invoked


def call(service: str, action: str, given: dict[str, Any]) -> dict[str, Any]:
    """Call an action of a service as a machine does; its errors bear the service's name."""
    from ministack.services import stepfunctions

    found: dict[str, Any] = stepfunctions._invoke_aws_sdk_integration(
        f"arn:aws:states:::aws-sdk:{service}:{action}", given
    )
    return found


def glue_job(resource: str, given: dict[str, Any]) -> dict[str, Any]:
    """Start a run of a job and, where that is asked, wait for its end.

    Raises:
        _ExecutionError: the run did not succeed; the cause is Glue's record of it.
    """
    started = call("glue", "startJobRun", given)
    if ".sync" not in resource:
        return {"JobName": given["JobName"], **started}
    asked = {"JobName": given["JobName"], "RunId": started["JobRunId"]}
    stop = {"JobName": given["JobName"], "JobRunIds": [started["JobRunId"]]}
    while (run := call("glue", "getJobRun", asked)["JobRun"])["JobRunState"] not in ENDED:
        wait(lambda: call("glue", "batchStopJobRun", stop))
    return ended(in_milliseconds(run), succeeded=run["JobRunState"] == "SUCCEEDED")


def athena_query(resource: str, given: dict[str, Any]) -> dict[str, Any]:
    """Start a query and, where that is asked, wait for its end.

    Raises:
        _ExecutionError: it did not succeed; the cause is Athena's record of it, the query's text included.
    """
    started = call("athena", "startQueryExecution", given)
    if ".sync" not in resource:
        return started
    while True:
        found = call("athena", "getQueryExecution", started)
        state = found["QueryExecution"]["Status"]["State"]
        if state not in ("QUEUED", "RUNNING"):
            return ended(in_milliseconds(found), succeeded=state == "SUCCEEDED")
        wait(lambda: call("athena", "stopQueryExecution", started))


def wait(stop: Any) -> None:
    """Wait a moment; where the part of the execution is given up, stop the job and end.

    Raises:
        _ExecutionError: that part is given up.
    """
    from ministack.services.stepfunctions import _ExecutionError

    if pause(POLL_SECONDS):
        return
    part = CURRENT.get()
    if part and part.is_aborted():
        stop()
    raise _ExecutionError(STOPPED, "")


def ended(record: dict[str, Any], *, succeeded: bool) -> dict[str, Any]:
    """Return a job's record, or fail with it.

    Raises:
        _ExecutionError: the job did not succeed.
    """
    from ministack.services.stepfunctions import _ExecutionError

    if not succeeded:
        raise _ExecutionError("States.TaskFailed", json.dumps(record, separators=(",", ":")))
    return record


def in_milliseconds(value: Any) -> Any:
    """Return a record with its moments in milliseconds, as machines get them, and without what is null.

    >>> in_milliseconds({"Id": "a", "StartedOn": 1.5, "CompletedOn": None})
    {'Id': 'a', 'StartedOn': 1500}
    """
    if not isinstance(value, dict):
        return value
    held = {name: inner for name, inner in value.items() if inner is not None}
    return {name: moment(inner) if name in MOMENTS else in_milliseconds(inner) for name, inner in held.items()}


def moment(value: float | str) -> int:
    """Return a moment that is told in seconds, or in ISO's way, in milliseconds.

    >>> moment("2024-01-01T00:00:00.500Z")
    1704067200500
    """
    return round((datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value) * 1000)
