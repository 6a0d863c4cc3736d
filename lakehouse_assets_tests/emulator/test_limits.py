"""Machines of the emulator are held to the sizes of AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lakehouse_assets_tests.emulator.asking import Aws

LIMIT = 262_144
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
CAUGHT: dict[str, Any] = {"Type": "Pass", "End": True}
GIVES = "def handler(event, context):\n    return 'x' * event['size']\n"


def gives(size: Any, **more: Any) -> dict[str, Any]:
    """A task whose result is a text of that many bytes."""
    call = {"FunctionName": "gives", "Payload": {"size": size}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": call, "Catch": CATCH_ALL}
    return {**task, **({} if "Next" in more else {"End": True}), **more}


@pytest.mark.parametrize(("size", "status"), [(LIMIT - 1000, "SUCCEEDED"), (LIMIT, "FAILED")])
def test_a_result_has_256_kib(either: Aws, size: int, status: str) -> None:
    """More ends the execution, and `States.ALL` does not catch it; the emulator takes any."""
    either.function("gives", GIVES)
    ended = either.run({"A": gives(size), "Caught": CAUGHT})
    assert ended["status"] == (status if either.is_patched else "SUCCEEDED")
    if ended["status"] == "FAILED":
        assert ended["error"] == "States.DataLimitExceeded"


@pytest.mark.parametrize("field", ["Output", "Assign"])
def test_what_a_state_makes_has_256_kib(either: Aws, field: str) -> None:
    """Output and variables, made of a result that is small enough."""
    either.function("gives", GIVES)
    twice = "{% $states.result.Payload & $states.result.Payload %}"
    made = {"Output": twice} if field == "Output" else {"Assign": {"x": twice}, "Output": 1}
    ended = either.run({"A": gives(200_000, **made), "Caught": CAUGHT})
    assert ended["status"] == ("FAILED" if either.is_patched else "SUCCEEDED")


def test_arguments_have_256_kib(either: Aws) -> None:
    """What a task is called with, made of a variable that is small enough."""
    either.function("gives", GIVES)
    first = gives(200_000, Assign={"x": "{% $states.result.Payload %}"}, Output=1, Next="A")
    call = {"FunctionName": "gives", "Payload": {"size": 1, "twice": "{% $x & $x %}"}}
    ended = either.run({"First": first, "A": gives(1, Arguments=call), "Caught": CAUGHT})
    assert ended["status"] == ("FAILED" if either.is_patched else "SUCCEEDED")


def test_an_input_has_256_kib(either: Aws) -> None:
    """StartExecution refuses more."""
    machine = either.machine({"A": CAUGHT})
    if either.is_patched:
        with pytest.raises(ClientError, match="ValidationException"):
            either.start(machine, "x" * LIMIT)
    else:
        either.start(machine, "x" * LIMIT)


def test_a_cause_has_32768_characters(either: Aws) -> None:
    """What comes after them is lost, so a JSON cause may be no JSON any more."""
    either.function("fails", "def handler(event, context):\n    raise ValueError('x' * 40_000)\n")
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "fails"}}
    cause = either.run({"A": {**task, "End": True}})["cause"]
    assert (len(cause) == 32_768) == either.is_patched


def test_a_condition_is_a_boolean(either: Aws) -> None:
    """A text is no answer; the emulator takes it for true."""
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.a %}", "Next": "B"}], "Default": "B"}
    ended = either.run({"A": choice, "B": CAUGHT}, {"a": "yes"})
    assert ended["status"] == ("FAILED" if either.is_patched else "SUCCEEDED")
    if either.is_patched:
        assert ended["error"] == "States.QueryEvaluationError"
