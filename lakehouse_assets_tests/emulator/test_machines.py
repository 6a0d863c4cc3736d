"""Machines of the emulator end, branch and refuse as those of AWS do."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lakehouse_assets_tests.emulator.asking import Aws

DONE: dict[str, Any] = {"Type": "Pass", "End": True}
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]


def passes(output: Any, **more: Any) -> dict[str, Any]:
    """A state that gives an output."""
    return {"Type": "Pass", "Output": output, **({} if "Next" in more else {"End": True}), **more}


def branch(*states: dict[str, Any]) -> dict[str, Any]:
    """A branch of states that follow each other."""
    names = [f"S{number}-{id(states)}" for number in range(len(states))]
    following = [{"Next": name} for name in names[1:]] + [{}]
    return {"StartAt": names[0], "States": {n: {**s, **f} for n, s, f in zip(names, states, following, strict=True)}}


def test_a_succeed_has_an_output(either: Aws) -> None:
    """The emulator hands its input on."""
    ended = either.run({"S": {"Type": "Succeed", "Output": {"said": "{% $states.input.a & '!' %}"}}}, {"a": "hello"})
    assert json.loads(ended["output"]) == ({"said": "hello!"} if either.is_patched else {"a": "hello"})


def test_a_parallel_gives_what_it_is_told(either: Aws) -> None:
    """Arguments, Output and Assign of one in JSONata; the emulator ignores all three."""
    parallel = {
        "Type": "Parallel",
        "Arguments": {"n": "{% $states.input.n + 1 %}"},
        "Branches": [branch(passes("{% $states.input.n %}")), branch(passes("{% $states.input.n * 10 %}"))],
        "Assign": {"total": "{% $sum($states.result) %}"},
        "Output": {"found": "{% $states.result %}"},
        "Next": "After",
    }
    after = passes({"found": "{% $states.input.found %}", "total": "{% $total %}"})
    ended = either.run({"P": parallel, "After": after}, {"n": 1})
    if either.is_patched:
        assert json.loads(ended["output"]) == {"found": [2, 20], "total": 22}
    else:
        assert ended["status"] == "FAILED"


def test_variables_of_a_branch_stay_in_it(either: Aws) -> None:
    """What a branch assigns is seen neither beside it nor after it."""
    parallel = {"Type": "Parallel", "Branches": [branch(passes(1, Assign={"x": "inner"}))], "Next": "After"}
    first = passes(1, Assign={"x": "outer"}, Next="P")
    ended = either.run({"First": first, "P": parallel, "After": passes("{% $x %}")})
    assert json.loads(ended["output"]) == ("outer" if either.is_patched else "inner")


def test_a_map_fails_at_its_first_failure(either: Aws) -> None:
    """Items that have not begun do not begin; the emulator runs them all."""
    either.function("fails", "def handler(event, context):\n    raise ValueError(str(event))\n")
    call = {"FunctionName": "fails", "Payload": "{% $states.input %}"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": call}
    each = {"Type": "Map", "Items": [1, 2, 3], "MaxConcurrency": 1, "ItemProcessor": branch({**task, "End": True})}
    execution = either.start(either.machine({"M": {**each, "End": True}}))
    assert either.ended(execution)["status"] == "FAILED"
    history = either.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in history].count("TaskScheduled") == (1 if either.is_patched else 3)


def test_runtime_errors_are_not_caught(either: Aws) -> None:
    """`States.ALL` catches neither `States.Runtime` nor `States.DataLimitExceeded`; the emulator catches all."""
    broken = {"Type": "Task", "Resource": "arn:aws:states:::nosuch:thing", "Catch": CATCH_ALL, "Next": "Caught"}
    ended = either.run({"A": broken, "Caught": DONE})
    assert ended["status"] == ("FAILED" if either.is_patched else "SUCCEEDED")


def test_a_machine_has_a_time(either: Aws) -> None:
    """It ends as TIMED_OUT; the emulator lets it run."""
    either.emulator.configure(stepfunctions___SFN_WAIT_SCALE=1)
    ended = either.run({"W": {"Type": "Wait", "Seconds": 3, "End": True}}, TimeoutSeconds=1)
    assert ended["status"] == ("TIMED_OUT" if either.is_patched else "SUCCEEDED")


def test_a_wait_ends_when_its_execution_is_stopped(aws: Aws) -> None:
    """No thread of the emulator waits on."""
    aws.emulator.configure(stepfunctions___SFN_WAIT_SCALE=1)
    execution = aws.start(aws.machine({"W": {"Type": "Wait", "Seconds": 60, "Next": "D"}, "D": DONE}))
    time.sleep(0.5)
    aws.client("stepfunctions").stop_execution(executionArn=execution, error="Enough", cause="by hand")
    ended = aws.ended(execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "by hand")


def test_the_same_start_is_the_same_execution(either: Aws) -> None:
    """While it runs, the same name and input is it; another input is refused, and so is the name afterwards."""
    either.emulator.configure(stepfunctions___SFN_WAIT_SCALE=1)
    machine = either.machine({"W": {"Type": "Wait", "Seconds": 1, "End": True}})
    first = either.start(machine, {"a": 1}, "name")
    if either.is_patched:
        assert either.start(machine, {"a": 1}, "name") == first
    for given in ({"a": 2}, {"a": 1}):
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            either.start(machine, given, "name")
        either.ended(first)


def test_an_expression_without_a_result_is_an_error(aws: Aws) -> None:
    """Canary: a field that is not there does not become null."""
    ended = aws.run({"A": passes({"x": "{% $states.input.nothing %}"})}, {})
    assert ended["error"] == "States.QueryEvaluationError"


def test_every_state_is_in_the_history(either: Aws) -> None:
    """Those of branches too, which is what AWS charges; the emulator tells of the outer ones only."""
    execution = either.start(either.machine({"P": {"Type": "Parallel", "Branches": [branch(DONE)], "End": True}}))
    either.ended(execution)
    history = either.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    entered = [event["type"] for event in history if event["type"].endswith("StateEntered")]
    assert ("PassStateEntered" in entered) == either.is_patched
