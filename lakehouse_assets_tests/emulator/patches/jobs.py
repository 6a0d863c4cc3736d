"""Run Glue jobs: a process of PySpark for each, with Glue's states, limits and messages.

MiniStack answers SUCCEEDED for a Spark job without running it, hands arguments of a Python job as variables, does not
end a job that is stopped, and drops how many runs a job may have at once.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from .controls import CONTROLS
from .job_process import Ended, JobProcess, LaunchError

KEPT = ("ExecutionProperty", "LogUri", "ExecutionClass", "JobRunQueuingEnabled", "NotificationProperty", "JobMode")
"""Properties of a job that MiniStack forgets."""
ACTIVE = ("STARTING", "RUNNING", "STOPPING")
ENDED = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED")
INHERITED = ("MaxCapacity", "WorkerType", "NumberOfWorkers", "GlueVersion", "ExecutionClass", "SecurityConfiguration")
QUEUED_SECONDS = 0.2

PROCESSES: dict[str, JobProcess] = {}
LOGS = "--custom-logGroup-prefix"
LOCK = threading.Lock()


def glue_jobs() -> None:
    """Replace how jobs are kept, started, listed and stopped."""
    from ministack.services import glue
    from ministack.services.cloudformation import provisioners

    create, update, reset, fields = glue._create_job, glue._update_job, glue.reset, provisioners._glue_job_fields

    def created(asked: dict[str, Any]) -> Any:
        return kept(glue, create(asked), asked.get("Name"), asked)

    def updated(asked: dict[str, Any]) -> Any:
        return kept(glue, update(asked), asked.get("JobName"), asked.get("JobUpdate", {}))

    def all_reset() -> None:
        for process in list(PROCESSES.values()):
            process.kill()
        reset()

    glue._create_job, glue._update_job, glue.reset = created, updated, all_reset
    glue._start_job_run, glue._batch_stop_job_run, glue._get_job_runs = start, stop, runs
    provisioners._glue_job_fields = lambda properties: {**fields(properties), **some(properties, KEPT)}


def some(given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the named entries that are there.

    >>> some({"a": 1, "b": 2}, ("b", "c"))
    {'b': 2}
    """
    return {name: given[name] for name in names if name in given}


def kept(glue: Any, answer: Any, name: Any, given: Mapping[str, Any]) -> Any:
    """Keep what MiniStack would forget of a job that was created or changed."""
    if answer[0] == 200:
        glue._jobs[name].update(some(given, KEPT))
    return answer


def start(asked: dict[str, Any]) -> Any:
    """Answer StartJobRun: the run begins in a thread of its own, or waits where the job queues its runs."""
    from ministack.core.responses import error_response_json, json_response, new_uuid
    from ministack.services import glue

    name = asked.get("JobName")
    if name not in glue._jobs:
        said = "Failed to start job run due to missing metadata"
        return error_response_json("EntityNotFoundException", said, 400)
    job = glue._jobs[name]
    with LOCK:
        queues = asked.get("JobRunQueuingEnabled", job.get("JobRunQueuingEnabled", False))
        if is_full(job, glue._job_runs.get(name, [])) and not queues:
            return error_response_json("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}", 400)
        run = new_run(job, asked, "jr_" + new_uuid().replace("-", "") * 2)
        glue._job_runs.setdefault(name, []).append(run)
    thread = threading.Thread(target=contextvars.copy_context().run, args=(carry_out, job, run), daemon=True)
    thread.start()
    return json_response({"JobRunId": run["Id"]})


def is_full(job: Mapping[str, Any], started: list[dict[str, Any]]) -> bool:
    """Say whether as many runs are active as the job may have."""
    limit = int((job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1))
    return sum(run["JobRunState"] in ACTIVE for run in started) >= limit


def new_run(job: Mapping[str, Any], asked: Mapping[str, Any], identity: str) -> dict[str, Any]:
    """Return the record of a run that waits to begin."""
    now = time.time()
    inherited = {name: asked.get(name, job.get(name)) for name in INHERITED}
    return {
        "Id": identity,
        "JobName": job["Name"],
        "JobRunState": "WAITING",
        "StartedOn": now,
        "LastModifiedOn": now,
        "Arguments": asked.get("Arguments") or {},
        "PredecessorRuns": [],
        "Attempt": 0,
        "ExecutionTime": 0,
        "Timeout": asked.get("Timeout") or job.get("Timeout") or 2880,
        "LogGroupName": (job.get("DefaultArguments") or {}).get(LOGS, "/aws-glue/jobs"),
        **capacity(inherited),
        **{name: value for name, value in inherited.items() if value is not None},
    }


def capacity(of: Mapping[str, Any]) -> dict[str, float]:
    """Return the DPUs of a run whose workers are given, as Glue tells them.

    >>> capacity({"WorkerType": "G.2X", "NumberOfWorkers": 3}), capacity({"WorkerType": None, "NumberOfWorkers": None})
    ({'MaxCapacity': 6.0}, {})
    """
    kind, workers = str(of.get("WorkerType") or ""), of.get("NumberOfWorkers")
    each = kind.removeprefix("G.").removesuffix("X")
    return {"MaxCapacity": float(each) * float(workers)} if each.isdigit() and workers else {}


def carry_out(job: dict[str, Any], run: dict[str, Any]) -> None:
    """Wait until the job has room, run it, and record how it ended."""
    from ministack.services import glue

    while True:
        with LOCK:
            if run["JobRunState"] != "WAITING":
                return
            if not is_full(job, glue._job_runs.get(job["Name"], [])):
                run["JobRunState"] = "RUNNING"
                break
        time.sleep(QUEUED_SECONDS)
    begun = time.time()
    ended = process_of(job, run)
    now = time.time()
    with LOCK:
        state = "STOPPED" if run["JobRunState"] in ("STOPPING", "STOPPED") else ended.state
        run.update(CompletedOn=now, LastModifiedOn=now, ExecutionTime=round(now - begun), JobRunState=state)
        if ended.message and state != "STOPPED":
            run["ErrorMessage"] = ended.message
    tell(run)


def process_of(job: dict[str, Any], run: dict[str, Any]) -> Ended:
    """Run the job's process to its end, and keep what it wrote in its logs."""
    arguments = {**job.get("DefaultArguments", {}), **run["Arguments"], **job.get("NonOverridableArguments", {})}
    try:
        process = JobProcess(job, run["Id"], arguments, read)
    except LaunchError as error:
        return Ended("FAILED", str(error), "", "")
    PROCESSES[run["Id"]] = process
    if run["JobRunState"] != "RUNNING":
        process.kill()
    try:
        ended = process.wait(run["Timeout"] * CONTROLS["minute_seconds"])
    finally:
        PROCESSES.pop(run["Id"])
    log(f"{run['LogGroupName']}/output", run["Id"], ended.output)
    log(f"{run['LogGroupName']}/error", run["Id"], ended.errors)
    return ended


def read(uri: str) -> bytes | None:
    """Return the object at an S3 URI; None when there is none."""
    from ministack.services import s3

    bucket, _, key = uri.partition("://")[2].partition("/")
    found = s3._get_object_data(bucket, key) if s3._buckets.get(bucket) else None
    return None if found is None else bytes(found)


def log(group: str, stream: str, text: str) -> None:
    """Keep a job's output where Glue does."""
    from ministack.services import cloudwatch_logs as logs

    named = {"logGroupName": group, "logStreamName": stream}
    lines = [line for line in text.splitlines() if line.strip()][-5000:] or ["(nothing)"]
    now = int(time.time() * 1000)
    logs._create_log_group({"logGroupName": group})
    logs._create_log_stream(named)
    logs._put_log_events({**named, "logEvents": [{"timestamp": now, "message": line[:10_000]} for line in lines]})


def tell(run: Mapping[str, Any]) -> None:
    """Send the event that Glue sends when a run ends."""
    from ministack.services import eventbridge

    state = run["JobRunState"]
    severity = {"SUCCEEDED": "INFO", "STOPPED": "WARN"}.get(state, "ERROR")
    detail = {"jobName": run["JobName"], "severity": severity, "state": state, "jobRunId": run["Id"]}
    entry = {
        "Source": "aws.glue",
        "DetailType": "Glue Job State Change",
        "Detail": json.dumps({**detail, "message": run.get("ErrorMessage", "Job run succeeded")}),
        "Resources": [],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def runs(asked: dict[str, Any]) -> Any:
    """Answer GetJobRuns: newest first, a page at a time."""
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import glue

    name = asked.get("JobName")
    if name not in glue._jobs:
        return error_response_json("EntityNotFoundException", f"Job {name} not found", 400)
    found = glue._job_runs.get(name, [])[::-1]
    begin = int(asked.get("NextToken") or 0)
    end = begin + int(asked.get("MaxResults") or 200)
    more = {"NextToken": str(end)} if end < len(found) else {}
    return json_response({"JobRuns": found[begin:end], **more})


def stop(asked: dict[str, Any]) -> Any:
    """Answer BatchStopJobRun: the process is ended, and so is a run that waits."""
    from ministack.core.responses import json_response
    from ministack.services import glue

    known = {run["Id"]: run for run in glue._job_runs.get(asked.get("JobName"), [])}
    stopped, errors = [], []
    for identity in asked.get("JobRunIds", []):
        named = {"JobName": asked.get("JobName"), "JobRunId": identity}
        refused = stop_one(known.get(identity))
        (errors if refused else stopped).append({**named, **({"ErrorDetail": refused} if refused else {})})
    return json_response({"SuccessfulSubmissions": stopped, "Errors": errors})


def stop_one(run: dict[str, Any] | None) -> dict[str, str] | None:
    """Stop one run; return why not where it cannot be."""
    if run is None:
        return {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Run not found"}
    with LOCK:
        if run["JobRunState"] in ENDED:
            said = f"Job Run {run['Id']} is in state {run['JobRunState']} and cannot be stopped"
            return {"ErrorCode": "JobRunNotInTerminalStateException", "ErrorMessage": said}
        run["JobRunState"] = "STOPPED" if run["JobRunState"] == "WAITING" else "STOPPING"
    if run["Id"] in PROCESSES:
        PROCESSES[run["Id"]].kill()
    return None
