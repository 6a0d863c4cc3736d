"""Every Catch of every machine taken once: the failure is recorded with its state and told once, and the run fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lakehouse_assets_tests.returns.test_machine import MACHINE as RETURNS
from lakehouse_assets_tests.stepfunctions.machines import MACHINES
from lakehouse_assets_tests.stepfunctions.recorded import ANSWER, SMALL, failing, walked
from lakehouse_assets_tests.stepfunctions.walk import states

ASKING = ("Ask", "Read", "GetFailureOf")
"""Begins the names of states whose failure is an outcome of their check, or adds nothing to one that there is."""
OWN = {"RecordFailure", "RecordNothingToDo", "PublishSuccessNotification", "PublishFailureNotification"}
CASES = [
    pytest.param(name, made, state, id=f"{name} {state}")
    for name, made in (MACHINES | {"returns": RETURNS}).items()
    for state, found in states(made)
    if "Catch" in found and not state.startswith(ASKING) and state not in OWN
]
LINK = (
    "https://eu-west-1.console.aws.amazon.com/states/home#/v2/executions/details/arn:aws:states:eu-west-1:1:execution"
)


@pytest.mark.parametrize(("name", "made", "state"), CASES)
def test_a_failure_is_recorded_with_its_state_and_told_once(name: str, made: dict[str, Any], state: str) -> None:
    """Whichever state fails, also in a branch: the run fails by the error's name, and says where and why."""
    cause = json.dumps({"errorMessage": "it is broken", "errorType": "Broken"})
    run, end = walked(made, **SMALL if state == "LoadSmallBatch" else {}, **{state: failing("Broken", cause)})
    assert end == {"Error": "Broken", "Cause": f"told: in {state}: {cause}"}
    (recorded,) = run.calls["RecordFailure"]
    assert recorded["Payload"]["failure"] == {"State": state, "Error": "Broken", "Cause": cause}
    assert recorded["Payload"]["pipeline"] == name.partition("_")[0]
    assert [call for call in run.calls if call.startswith("Publish")] == ["PublishFailureNotification"]
    assert len(run.calls["PublishFailureNotification"]) == 1


@pytest.mark.parametrize("name", MACHINES)
def test_a_reason_that_athena_does_not_say_is_told_as_it_is(name: str) -> None:
    """The SQL has pushed it out of the cause, and the second question fails: the MERGE is named all the same."""
    (state, *_) = [state for state, _ in states(MACHINES[name]) if state.startswith("Merge")]
    cause = '{"QueryExecutionId": "8b1f", "Query": "MERGE INTO t'
    asked = state.replace("Merge", "GetFailureOf")
    run, end = walked(MACHINES[name], **{state: failing("States.TaskFailed", cause), asked: failing("Broken")})
    assert run.calls[asked] == [{"QueryExecutionId": "8b1f"}]
    assert end == {"Error": "States.TaskFailed", "Cause": f"told: in {state}: {cause}"}


@pytest.mark.parametrize("name", MACHINES)
def test_a_failure_that_cannot_be_recorded_is_told_in_words_of_the_machine(name: str) -> None:
    """Job, state, the cause as a sentence, run and link; the record's own error too."""
    cause = json.dumps({"Id": "jr_1", "ErrorMessage": 'RejectRatioExceeded: 20 of 60 "rows"', "JobName": "Load"})
    broken = {"RunGlueJob": failing("States.TaskFailed", cause), "RecordFailure": failing("Broken")}
    run, end = walked(MACHINES[name], **broken)
    (told,) = run.calls["PublishFailureNotification"]
    assert told["Subject"] == f"{name}: run failed in RunGlueJob"
    lines = told["Message"].split("\n")
    assert lines[:3] == [
        f'The run of {name} failed in RunGlueJob: States.TaskFailed: RejectRatioExceeded: 20 of 60 "rows"',
        "Nor could it be recorded: Broken",
        "Run: run-1",
    ]
    assert lines[3].startswith(LINK)
    assert end["Cause"].startswith("told: in RunGlueJob: ")


@pytest.mark.parametrize(
    ("state", "where"),
    [("PublishSuccessNotification", "PublishSuccessNotification"), ("PublishFailureNotification", "RunGlueJob")],
)
def test_a_message_that_is_refused_leaves_a_failure_that_nobody_was_told_of(state: str, where: str) -> None:
    """Its cause does not begin with `told: `, so that whoever watches over executions tells it."""
    broken = {"RunGlueJob": failing("Broken", "it is broken")} if where == "RunGlueJob" else {}
    run, end = walked(MACHINES["ecommerce"], **broken, **{state: failing("SNS.Refused", "it is refused")})
    assert end["Cause"].startswith(f"in {where}: ")
    assert run.path[-1] == "FailedUntold"


@pytest.mark.parametrize("name", MACHINES)
def test_what_people_know_is_not_published_again(name: str) -> None:
    """RecordRun answers `repeated`: a failure ends as one that was told, a success as any other."""
    known = {"Payload": ANSWER | {"kind": "repeated"}}
    run, end = walked(MACHINES[name], RunGlueJob=failing("Broken", "it is broken"), RecordFailure=known)
    assert end == {"Error": "Broken", "Cause": "told: in RunGlueJob: it is broken"}
    assert "PublishFailureNotification" not in run.calls
    run, end = walked(MACHINES[name], RecordSuccess=known)
    assert end["status"] == "succeeded"
    assert "PublishSuccessNotification" not in run.calls


def test_a_run_without_work_whose_end_cannot_be_recorded_has_failed() -> None:
    """Ends are green when everything is."""
    idle = {"PlanRun": {"Payload": ANSWER | {"has_work": False}}, "RecordNothingToDo": failing("Broken", "no lake")}
    _, end = walked(MACHINES["ecommerce"], **idle)
    assert end == {"Error": "Broken", "Cause": "told: in RecordNothingToDo: no lake"}


@pytest.mark.parametrize("verb", ["Ask", "Read"])
@pytest.mark.parametrize("name", MACHINES)
def test_a_check_that_cannot_be_asked_is_an_outcome(name: str, verb: str) -> None:
    """The judge is told why, check by check, and decides whether the run goes on."""
    asked = [state for state, _ in states(MACHINES[name]) if state.startswith(verb)]
    run, end = walked(MACHINES[name], **{state: failing("States.Timeout") for state in asked})
    judged = [calls[0]["Payload"]["outcomes"] for state, calls in run.calls.items() if state.startswith("Judge")]
    errors = [one["error"] for outcomes in judged for one in outcomes]
    assert errors == [{"Error": "States.Timeout", "Cause": "no cause was given"}] * len(asked)
    assert end["status"] == "succeeded"


def test_a_cause_that_is_too_long_for_a_fail_state_is_cut() -> None:
    """A Fail state takes 32,768 characters."""
    _, end = walked(MACHINES["ecommerce"], MergeDailySales=failing("Broken", "x" * 40_000))
    assert len(end["Cause"]) == 30_000
