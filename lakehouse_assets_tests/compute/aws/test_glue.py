"""A Glue job is run once to its end, whatever its states, and is stopped when nobody waits for it any more."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse_assets.compute.aws.glue import GlueJobs, JobRequest, parsed, request_of, require_good
from lakehouse_assets.errors import (
    AccessDenied,
    JobFailed,
    LeaseHeld,
    RejectRatioExceeded,
    ServiceUnavailable,
    Terminal,
    Transient,
)
from lakehouse_assets.progress import Progress
from lakehouse_assets_tests.compute.aws.doubles import QUICK, GlueDouble, refused, use_glue

ASKED = JobRequest("Lakehouse", {"--run-id": "run-1"}, timeout_seconds=1800)


def run(monkeypatch: pytest.MonkeyPatch, double: GlueDouble, asked: JobRequest = ASKED) -> Any:
    """Run the job on a double."""
    use_glue(monkeypatch, double)
    return GlueJobs(Progress(), QUICK).run(asked)


def ended(state: str, message: str = "") -> Any:
    """A job run that has ended so."""
    return parsed({"Id": "jr_1", "JobRunState": state, "ErrorMessage": message})


def test_a_jobs_own_time_out_is_below_that_of_who_waits() -> None:
    """Of 30 minutes a job has 28, since a job for which nobody waits would hold the pipeline."""
    assert request_of(ASKED) == {"JobName": "Lakehouse", "Arguments": {"--run-id": "run-1"}, "Timeout": 28}
    assert request_of(JobRequest("x", {}, 60))["Timeout"] == 1


def test_a_job_is_waited_for_through_all_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """WAITING, STARTING and RUNNING go on; the run that has ended says what it used."""
    states = ("WAITING", "STARTING", "RUNNING", {"JobRunState": "SUCCEEDED", "ExecutionTime": 90, "MaxCapacity": 2.0})
    double = GlueDouble(*states)
    found = run(monkeypatch, double)
    assert (found.state, found.dpu_seconds) == ("SUCCEEDED", 180.0)
    assert (double.count("start"), double.count("stop")) == (1, 0)


@pytest.mark.parametrize("state", ["FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"])
def test_every_bad_end_is_an_end(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """No state in which nothing goes on is waited for, and none of them is taken for success."""
    double = GlueDouble("RUNNING", state)
    found = run(monkeypatch, double)
    assert double.count("stop") == 0
    with pytest.raises((JobFailed, ServiceUnavailable)) as caught:
        require_good("Lakehouse", found, "eu-west-1")
    helps = state in {"ERROR", "EXPIRED"}
    assert isinstance(caught.value, Transient if helps else Terminal)


def test_a_job_fails_with_the_error_that_it_raised() -> None:
    """Class and sentence are the job's own; so whether trying again helps is known as if it had run here."""
    said = "SystemExit: LeaseHeld: pipeline `ecommerce` is held by run `r2`"
    with pytest.raises(LeaseHeld, match=r"^pipeline `ecommerce` is held by run `r2`$"):
        require_good("Lakehouse", ended("FAILED", said), "eu-west-1")
    with pytest.raises(RejectRatioExceeded, match="20 of 60") as caught:
        require_good("Lakehouse", ended("FAILED", "RejectRatioExceeded: 20 of 60 rows"), "eu-west-1")
    assert "$252Faws-glue$252Fjobs$252Ferror/log-events/jr_1" in caught.value.facts["log"]


def test_a_running_job_of_the_run_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose job goes on starts no second one; other runs' jobs and ended ones are no reason to wait."""
    other = {"Id": "jr_9", "JobRunState": "RUNNING", "Arguments": {"--run-id": "run-2"}}
    over = {"Id": "jr_8", "JobRunState": "FAILED", "Arguments": {"--run-id": "run-1"}}
    own = {"Id": "jr_7", "JobRunState": "RUNNING", "Arguments": {"--run-id": "run-1"}}
    double = GlueDouble("RUNNING", "SUCCEEDED", runs=[other, over, own])
    assert run(monkeypatch, double).id == "jr_7"
    assert double.count("start") == 0
    double = GlueDouble("SUCCEEDED", runs=[other, over])
    assert run(monkeypatch, double).id == "jr_1"


def test_a_job_that_is_being_stopped_is_waited_for_and_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs of one run never work at the same time."""
    own = {"Id": "jr_7", "JobRunState": "STOPPING", "Arguments": {"--run-id": "run-1"}}
    double = GlueDouble("STOPPING", "STOPPED", "RUNNING", "SUCCEEDED", runs=[own])
    assert run(monkeypatch, double).id == "jr_1"
    assert [name for name, _ in double.asked] == ["look", "look", "start", "look", "look"]


def test_no_room_and_throttling_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start beyond the limit of runs, and looks that are throttled, are tried again; what is denied is not."""
    full, busy = refused("ConcurrentRunsExceededException"), refused("ThrottlingException", "GetJobRun")
    double = GlueDouble("RUNNING", busy, busy, "SUCCEEDED", starts=[full, busy, "jr_2"])
    assert run(monkeypatch, double).id == "jr_2"
    assert double.count("start") == 3
    denied = GlueDouble("RUNNING", starts=[refused("AccessDeniedException")])
    with pytest.raises(AccessDenied, match=r"job `Lakehouse`.*StartJobRun needs glue:StartJobRun"):
        run(monkeypatch, denied)
    assert denied.count("start") == 1


def test_a_job_is_stopped_when_the_process_is_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What interrupts the wait stops the job run, and goes on as it came."""
    double = GlueDouble("RUNNING", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, double)
    assert double.asked[-1] == ("stop", {"JobName": "Lakehouse", "JobRunIds": ["jr_1"]})


def test_a_job_that_goes_on_for_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits gives up after the task's time-out, and leaves no job behind."""
    double = GlueDouble("RUNNING")
    with pytest.raises(JobFailed, match=r"job `Lakehouse` goes on for longer than it may and was stopped \(jr_1\)"):
        run(monkeypatch, double, JobRequest("Lakehouse", {"--run-id": "run-1"}, timeout_seconds=0))
    assert double.count("stop") == 1
