"""Machines of the emulator run Glue jobs and wait for them; what gives up a part of a machine stops its jobs."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lakehouse_assets_tests.emulator.asking import Aws, until

SLEEPS = "import time\ntime.sleep(60)\n"


def glue_task(job: str, **more: Any) -> dict[str, Any]:
    """A state that runs a job and waits for it."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "Arguments": {"JobName": job}}
    return {**task, **({} if "Next" in more else {"End": True}), **more}


def states_of(aws: Aws, job: str) -> list[str]:
    """The states of a job's runs, newest first."""
    return [run["JobRunState"] for run in aws.client("glue").get_job_runs(JobName=job)["JobRuns"]]


def test_a_machine_waits_for_a_job(either: Aws) -> None:
    """It goes on with Glue's record, whose moments are milliseconds; the emulator knows no such task."""
    either.job("works", "print('done')")
    ended = either.run({"A": glue_task("works")})
    if either.is_patched:
        output = json.loads(ended["output"])
        assert (output["JobName"], output["JobRunState"]) == ("works", "SUCCEEDED")
        assert output["StartedOn"] > 1_700_000_000_000
    else:
        assert "not yet implemented" in ended["cause"]


def test_a_failed_job_fails_its_task(aws: Aws) -> None:
    """By `States.TaskFailed`, with Glue's record as the cause."""
    aws.job("fails", 'raise SystemExit("LeaseHeld: another run has it")')
    ended = aws.run({"A": glue_task("fails")})
    cause = json.loads(ended["cause"])
    assert (ended["error"], cause["JobRunState"]) == ("States.TaskFailed", "FAILED")
    assert cause["ErrorMessage"] == "LeaseHeld: another run has it"


@pytest.mark.parametrize(
    ("job", "name"),
    [("nowhere", "Glue.EntityNotFoundException"), ("full", "Glue.ConcurrentRunsExceededException")],
)
def test_a_refused_start_has_glues_name(aws: Aws, job: str, name: str) -> None:
    """So that a Retry can tell what will pass from what will not."""
    aws.job("full", SLEEPS)
    aws.client("glue").start_job_run(JobName="full")
    assert aws.run({"A": glue_task(job)})["error"] == name


def test_a_stopped_execution_stops_its_job(aws: Aws) -> None:
    """And is ABORTED, whatever the job says afterwards; no Catch is taken."""
    aws.job("sleeps", SLEEPS)
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Told"}]
    machine = aws.machine({"A": glue_task("sleeps", Catch=catch), "Told": {"Type": "Pass", "End": True}})
    execution = aws.start(machine)
    until(lambda: states_of(aws, "sleeps"), bool)
    aws.client("stepfunctions").stop_execution(executionArn=execution)
    until(lambda: states_of(aws, "sleeps"), lambda found: found == ["STOPPED"])
    assert aws.ended(execution)["status"] == "ABORTED"
    history = aws.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    assert "PassStateEntered" not in [event["type"] for event in history]


def test_a_failed_branch_stops_the_others_job(aws: Aws) -> None:
    """Once one fails, the Parallel fails with its error."""
    aws.job("sleeps", SLEEPS)
    wait = {"Type": "Wait", "Seconds": 1, "Next": "B"}
    failing = {"StartAt": "W", "States": {"W": wait, "B": {"Type": "Fail", "Error": "Broken", "Cause": "because"}}}
    running = {"StartAt": "A", "States": {"A": glue_task("sleeps")}}
    aws.emulator.configure(stepfunctions___SFN_WAIT_SCALE=1)
    ended = aws.run({"P": {"Type": "Parallel", "Branches": [running, failing], "End": True}})
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Broken", "because")
    until(lambda: states_of(aws, "sleeps"), lambda found: found == ["STOPPED"])


def test_a_job_outlives_its_tasks_time(aws: Aws) -> None:
    """AWS lists no time-out among what stops a job, so it goes on: its own Timeout has to be below the state's."""
    aws.job("sleeps", SLEEPS)
    ended = aws.run({"A": glue_task("sleeps", TimeoutSeconds=1)})
    assert (ended["error"], states_of(aws, "sleeps")) == ("States.Timeout", ["RUNNING"])


def test_a_function_answers_with_its_version(aws: Aws) -> None:
    """The fields of AWS' answer that MiniStack leaves out."""
    aws.function("adds", "def handler(event, context):\n    return event['a'] + 1\n")
    call = {"FunctionName": "adds", "Payload": {"a": 1}}
    ended = aws.run(
        {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": call, "End": True}}
    )
    output = json.loads(ended["output"])
    assert (output["Payload"], output["ExecutedVersion"], output["StatusCode"]) == (2, "$LATEST", 200)


def test_a_crawler_is_started_and_asked(aws: Aws) -> None:
    """By the SDK integration, with errors of Glue's names."""
    start = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:glue:startCrawler", "Arguments": {"Name": "c"}}
    assert aws.run({"A": {**start, "End": True}})["error"] == "Glue.EntityNotFoundException"
    aws.client("glue").create_crawler(Name="c", Role="anybody", DatabaseName="d", Targets={})
    get = {**start, "Resource": "arn:aws:states:::aws-sdk:glue:getCrawler", "End": True}
    state = "{% $states.result.Crawler.State %}"
    ended = aws.run({"A": {**start, "Next": "B"}, "B": {**get, "Output": state}}, name="second")
    assert json.loads(ended["output"]) in {"RUNNING", "READY"}
    time.sleep(0.6)
    assert aws.client("glue").get_crawler(Name="c")["Crawler"]["LastCrawl"]["Status"] == "SUCCEEDED"
