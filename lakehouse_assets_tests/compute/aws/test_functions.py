"""A function is called in Lambda, and fails with the error that it raised."""

from __future__ import annotations

import base64

import pytest

from lakehouse_assets.compute.aws.functions import Functions, error_of, parsed, request_of
from lakehouse_assets.errors import FunctionFailed, LeaseHeld, ServiceRefused, ServiceUnavailable
from lakehouse_assets_tests.compute.aws.deployed import deploy
from lakehouse_assets_tests.emulator.proxy import Proxy

CODE = """
class LeaseHeld(Exception):
    pass

def handler(event, context):
    if event.get("fail"):
        raise LeaseHeld("pipeline `p` is held")
    return {"given": event, "none": None}
"""


@pytest.fixture
def functions(s3: str) -> Functions:
    """The adapter, and a function `staging-Echo` in the emulator."""
    del s3
    deploy("staging-Echo", CODE)
    return Functions("staging-")


def test_an_answer_comes_back_as_it_was_given(functions: Functions) -> None:
    """The event goes to the function with the prefix, and JSON values come back, null as None."""
    answer = functions.call("Echo", {"run_id": "r", "n": [1, None]}, 30)
    assert functions.require_good("Echo", answer) == {"given": {"run_id": "r", "n": [1, None]}, "none": None}


def test_an_error_of_ours_comes_back_as_itself(functions: Functions) -> None:
    """Class and sentence are those of the function, and its stack trace is nowhere; the call is charged."""
    answer = functions.call("Echo", {"fail": True}, 30)
    with pytest.raises(LeaseHeld, match=r"^pipeline `p` is held$"):
        functions.require_good("Echo", answer)
    assert [usage.unit for usage in answer.usage("eu-west-1")] == ["gb_seconds", "requests"]
    assert answer.memory_mb == 256


def test_a_function_that_is_not_there_is_named(functions: Functions) -> None:
    """One sentence says what was called."""
    with pytest.raises(ServiceRefused, match="function `staging-Nobody` refuses Invoke"):
        functions.call("Nobody", {}, 30)


def test_a_call_bears_resets_and_errors_of_the_service(s3_proxy: Proxy) -> None:
    """A connection that breaks and a 503 are tried again; what goes on for ever ends in one sentence."""
    deploy("Echo", CODE)
    s3_proxy.fail("reset", "POST", "/functions/Echo/invocations")
    s3_proxy.fail("slow down", "POST", "/functions/Echo/invocations")
    assert Functions().call("Echo", {"n": 1}, 30).payload == {"given": {"n": 1}, "none": None}
    s3_proxy.fail("slow down", "POST", "/functions/Echo/invocations", 99)
    with pytest.raises(ServiceUnavailable, match="function `Echo` does not answer"):
        Functions().call("Echo", {"n": 1}, 30)


def test_what_lambda_charges_is_read_from_its_report() -> None:
    """The end of the log says milliseconds and memory; without it only that there was a call is known."""
    log = b"END\nREPORT RequestId: 1 Duration: 12.3 ms\tBilled Duration: 1300 ms\tMemory Size: 512 MB\tMax Memory Used"
    told = {"Payload": b"{}", "LogResult": base64.b64encode(log).decode()}
    memory, calls = parsed(told, 5.0).usage("eu-west-1")
    assert (memory.unit, calls.unit, calls.billed) == ("gb_seconds", "requests", 1)
    assert memory.billed == pytest.approx(0.65)
    assert [usage.unit for usage in parsed({"Payload": b"{}"}, 5.0).usage("eu-west-1")] == ["requests"]


def test_what_is_no_error_of_ours_says_so_in_a_line() -> None:
    """A bug is told with its class; a process that Lambda has ended may go well at the next try."""
    bug = error_of("F", {"errorType": "KeyError", "errorMessage": "'lake'", "stackTrace": ["a secret place"]})
    assert (type(bug), str(bug)) == (FunctionFailed, "function `F` failed: KeyError: 'lake'")
    over = error_of("F", {"errorMessage": "2026-11-26T00:00:00Z 1-2 Task timed out after 900.00 seconds"})
    assert isinstance(over, ServiceUnavailable)


def test_an_event_that_is_too_long_is_refused_before_it_is_sent() -> None:
    """Lambda takes six megabytes."""
    with pytest.raises(FunctionFailed, match=r"its event has 6,291,4.. bytes, and Lambda takes 6,291,456"):
        request_of("F", {"x": "a" * (6 << 20)})
