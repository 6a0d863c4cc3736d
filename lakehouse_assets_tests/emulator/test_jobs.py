"""Glue jobs of the emulator run, fail, queue, stop and time out."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from lakehouse_assets_tests.emulator.asking import BUCKET, Aws

MARKS = f"""
import sys, boto3
boto3.client("s3").put_object(Bucket="{BUCKET}", Key="mark", Body=" ".join(sys.argv[1:]).encode())
"""
SLEEPS = "import time\ntime.sleep(60)\n"


def test_a_job_really_runs(either: Aws) -> None:
    """Canary: its script leaves an object; the emulator says SUCCEEDED without it."""
    either.job("marks", MARKS)
    assert either.run_job("marks", **{"run-id": "r 1"})["JobRunState"] == "SUCCEEDED"
    there = [item["Key"] for item in either.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert ("mark" in there) == either.is_patched


def test_arguments_come_as_glue_gives_them(aws: Aws) -> None:
    """The job's own before the run's, which win, and Glue's own last."""
    aws.job("marks", MARKS, DefaultArguments={"--run-id": "none", "--kept": "yes"})
    run = aws.run_job("marks", **{"run-id": "r 1"})["Id"]
    mark = aws.client("s3").get_object(Bucket=BUCKET, Key="mark")["Body"].read().decode()
    assert mark == f"--run-id r 1 --kept yes --JOB_NAME marks --JOB_ID j_{run} --JOB_RUN_ID {run}"


def test_a_run_says_how_large_it_is(either: Aws) -> None:
    """Two DPUs for each worker of the type G.2X; costs are worked out from it."""
    either.job("marks", MARKS, WorkerType="G.2X", NumberOfWorkers=3)
    run = either.run_job("marks")
    assert (run["WorkerType"], run["NumberOfWorkers"]) == ("G.2X", 3)
    assert run.get("MaxCapacity") == (6.0 if either.is_patched else None)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('raise ValueError("no such day")', "ValueError: no such day"),
        ('raise SystemExit("LeaseHeld: another run has it")', "LeaseHeld: another run has it"),
        ("raise SystemExit(3)", "Command failed with exit code 3"),
        ("import lakehouse_assets.errors", "ModuleNotFoundError: No module named 'lakehouse_assets.errors'"),
    ],
    ids=["raises", "ends with a sentence", "ends with a status", "lacks the project"],
)
def test_a_failure_says_why(either: Aws, source: str, said: str) -> None:
    """Canary: a job that fails is FAILED, with its last line; a project that was not handed over is not there."""
    either.job("fails", source)
    run = either.run_job("fails")
    if either.is_patched:
        assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", said)
    else:
        assert run["JobRunState"] == "SUCCEEDED"


def test_a_script_that_is_not_there_fails(aws: Aws) -> None:
    """As Glue says it."""
    aws.job("lost", "")
    aws.client("s3").delete_object(Bucket=BUCKET, Key="lost.py")
    assert aws.run_job("lost")["ErrorMessage"] == f"LAUNCH ERROR | File not found: s3://{BUCKET}/lost.py"


def test_more_runs_than_allowed_are_refused(either: Aws) -> None:
    """One at a time unless the job says otherwise; the emulator forgets what the job says."""
    either.job("sleeps", SLEEPS, ExecutionProperty={"MaxConcurrentRuns": 1})
    glue = either.client("glue")
    first = glue.start_job_run(JobName="sleeps")["JobRunId"]
    if either.is_patched:
        with pytest.raises(ClientError, match="ConcurrentRunsExceededException"):
            glue.start_job_run(JobName="sleeps")
    else:
        glue.start_job_run(JobName="sleeps")
    glue.batch_stop_job_run(JobName="sleeps", JobRunIds=[first])


def test_a_job_that_queues_runs_one_after_the_other(aws: Aws) -> None:
    """The second waits until the first is over, and both succeed; the newest is listed first."""
    aws.job("short", "import time\ntime.sleep(0.5)\n", JobRunQueuingEnabled=True)
    glue = aws.client("glue")
    runs = [glue.start_job_run(JobName="short")["JobRunId"] for _ in range(2)]
    states = [run["JobRunState"] for run in glue.get_job_runs(JobName="short")["JobRuns"]]
    assert states[0] == "WAITING"
    ended = [aws.ended_job("short", run) for run in runs]
    assert [run["JobRunState"] for run in ended] == ["SUCCEEDED", "SUCCEEDED"]
    assert [run["Id"] for run in glue.get_job_runs(JobName="short")["JobRuns"]] == runs[::-1]


def test_a_stopped_job_is_ended(aws: Aws) -> None:
    """Its process is gone, and nobody calls it SUCCEEDED later."""
    aws.job("sleeps", SLEEPS + MARKS)
    glue = aws.client("glue")
    run = glue.start_job_run(JobName="sleeps")["JobRunId"]
    time.sleep(0.5)
    assert glue.batch_stop_job_run(JobName="sleeps", JobRunIds=[run])["Errors"] == []
    ended = aws.ended_job("sleeps", run)
    assert (ended["JobRunState"], ended["ExecutionTime"] < 30) == ("STOPPED", True)


def test_a_job_that_takes_too_long_times_out(aws: Aws) -> None:
    """After its Timeout in minutes, here of half a second."""
    aws.emulator.control(minute_seconds=0.5)
    aws.job("sleeps", SLEEPS, Timeout=2)
    ended = aws.run_job("sleeps")
    assert (ended["JobRunState"], ended["ErrorMessage"]) == ("TIMEOUT", "Job run timed out")


def test_a_job_writes_its_logs(aws: Aws) -> None:
    """Both outputs, by the run's id."""
    aws.job("prints", 'import sys\nprint("one")\nsys.exit("two")\n')
    run = aws.run_job("prints")["Id"]
    for group, line in (("output", "one"), ("error", "two")):
        asked = {"logGroupName": f"/aws-glue/jobs/{group}", "logStreamName": run}
        events = aws.client("logs").get_log_events(**asked)["events"]
        assert [event["message"] for event in events] == [line]
