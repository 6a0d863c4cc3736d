"""Run jobs and executions that fail, to see by which names and words AWS tells it. None of them loads anything."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

from infrastructure.smoke.check import SECONDS, Outputs, Unproven
from lakehouse_assets.storage.aws import client_of

GOES_ON = {"STARTING", "RUNNING", "WAITING", "STOPPING"}
FAILED, LATE = "States.TaskFailed", "States.Timeout"
LATE_SECONDS, STOPPED_SECONDS = 2, 60
LONG_WORDS = 8_000
"""Makes a query longer than a cause may be."""
EXPECTED = {"query": FAILED, "job": FAILED, "late": LATE}


def a_job_tells_its_error(of: Outputs) -> None:
    """Start a job without its arguments: its sentence arrives, and its log is where the link of a run leads."""
    glue, job = client_of("glue"), f"{of['JobPrefix']}Lakehouse"
    run = glue.start_job_run(JobName=job)["JobRunId"]
    deadline = time.monotonic() + SECONDS * 3
    while (found := glue.get_job_run(JobName=job, RunId=run)["JobRun"])["JobRunState"] in GOES_ON:
        if time.monotonic() > deadline:
            raise Unproven(message=f"the run {run} of the job {job} goes on")
        time.sleep(10)
    if "BadRequest" not in found.get("ErrorMessage", ""):
        raise Unproven(message=f"the error that the machine would read is `{found.get('ErrorMessage')}`")
    group = f"{found['LogGroupName']}/error"
    if not client_of("logs").describe_log_streams(logGroupName=group, logStreamNamePrefix=run)["logStreams"]:
        raise Unproven(message=f"the link of a failed job leads to {group}, where the run {run} has written nothing")


def failures_have_their_names(of: Outputs) -> str:
    """Run a machine of its own whose query and jobs fail; tell what Glue does with a job whose state has timed out."""
    states, machine = client_of("stepfunctions"), of["EcommerceMachine"]
    role = states.describe_state_machine(stateMachineArn=machine)["roleArn"]
    name = f"{of['FunctionPrefix']}smoke-{uuid4().hex[:8]}"
    made = states.create_state_machine(name=name, roleArn=role, definition=json.dumps(probe(of)))["stateMachineArn"]
    try:
        told = _ended(states, states.start_execution(stateMachineArn=made)["executionArn"])
    finally:
        states.delete_state_machine(stateMachineArn=made)
    names = json.loads(told.get("output") or "{}")
    begins = names.pop("begins", "")
    if '"QueryExecutionId"' not in begins:
        raise Unproven(message=f"the cause of a long query begins {begins}, so its reason cannot be asked for")
    if names != EXPECTED:
        raise Unproven(message=f"errors are named {names or told.get('cause')}, and the machines know {EXPECTED}")
    did = "goes on with" if _stopped(f"{of['JobPrefix']}Lakehouse") else "stops"
    return f"Glue {did} a job whose state is late"


def probe(of: Outputs) -> dict[str, Any]:
    """Return the definition of a machine whose tasks fail, and which answers with the names of their errors."""
    job = {"JobName": f"{of['JobPrefix']}Lakehouse"}
    text = f"SELECT * FROM delta_lakehouse.nothing_of_this_name -- {'long ' * LONG_WORDS}"
    query = _task("athena:startQueryExecution", {"QueryString": text, "WorkGroup": of["WorkGroup"]}, "query", "job")
    query["Catch"][0]["Assign"]["begins"] = "{% $substring($states.errorOutput.Cause, 0, 200) %}"
    first = {"Type": "Pass", "Assign": dict.fromkeys((*EXPECTED, "begins"), "none"), "Next": "query"}
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "first",
        "States": {
            "first": first,
            "query": query,
            "job": _task("glue:startJobRun", job, "job", "late"),
            "late": _task("glue:startJobRun", job, "late", "told") | {"TimeoutSeconds": LATE_SECONDS},
            "told": {"Type": "Succeed", "Output": {name: f"{{% ${name} %}}" for name in (*EXPECTED, "begins")}},
        },
    }


def _task(action: str, arguments: dict[str, str], variable: str, then: str) -> dict[str, Any]:
    kept = {"ErrorEquals": ["States.ALL"], "Assign": {variable: "{% $states.errorOutput.Error %}"}, "Next": then}
    resource = f"arn:aws:states:::{action}.sync"
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, "Catch": [kept], "Next": then}


def _ended(states: Any, arn: str) -> dict[str, Any]:  # noqa: ANN401 - its types are not installed
    """Wait for an execution and return what AWS tells of it."""
    deadline = time.monotonic() + SECONDS * 3
    while (found := dict(states.describe_execution(executionArn=arn)))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise Unproven(message=f"the execution {arn} goes on")
        time.sleep(2)
    return found


def _stopped(job: str) -> list[str]:
    """Stop what Glue has not stopped itself a minute later, of runs without arguments, and return their ids."""
    glue, deadline = client_of("glue"), time.monotonic() + STOPPED_SECONDS
    while left := _without_arguments(glue, job):
        if time.monotonic() > deadline:
            glue.batch_stop_job_run(JobName=job, JobRunIds=left)
            break
        time.sleep(2)
    return left


def _without_arguments(glue: Any, job: str) -> list[str]:  # noqa: ANN401 - its types are not installed
    runs = glue.get_job_runs(JobName=job, MaxResults=20)["JobRuns"]
    ours = (run for run in runs if "--run-id" not in run.get("Arguments", {}))
    return [run["Id"] for run in ours if run["JobRunState"] in GOES_ON - {"STOPPING"}]


def an_end_is_looked_at(of: Outputs) -> None:
    """Ask the shop's machine for what it refuses: it fails and tells, and the rule on statuses calls `EndRun`."""
    states, begun = client_of("stepfunctions"), int(time.time() * 1000)
    asked = json.dumps({"mode": "smoke"})
    done = _ended(states, states.start_execution(stateMachineArn=of["EcommerceMachine"], input=asked)["executionArn"])
    if "mode is `smoke`" not in done.get("cause", ""):
        raise Unproven(message=f"the execution ended {done['status']}: {done.get('cause')}")
    group, deadline = f"/aws/lambda/{of['FunctionPrefix']}EndRun", time.monotonic() + SECONDS
    while not client_of("logs").filter_log_events(logGroupName=group, startTime=begun)["events"]:
        if time.monotonic() > deadline:
            raise Unproven(message=f"nothing has called EndRun within {SECONDS} s of a failed execution")
        time.sleep(2)
