"""Functions of the emulator are what their package makes them, and fail by the names of their errors."""

from __future__ import annotations

import base64
import re

import pytest

from lakehouse_assets_tests.emulator.asking import Aws

RAISES = """
class LeaseHeld(Exception):
    pass

def handler(event, context):
    raise LeaseHeld("another run has it")
"""


def test_an_error_has_its_own_name(either: Aws) -> None:
    """Retry and Catch go by the name of the exception's class, which the emulator calls `Runtime.HandlerError`."""
    either.function("raises", RAISES)
    failed, told = either.invoke("raises")
    assert failed
    assert told["errorMessage"] == "another run has it"
    assert told["errorType"] == ("LeaseHeld" if either.is_patched else "Runtime.HandlerError")
    assert ("stackTrace" in told) == either.is_patched


def test_a_retry_matches_the_errors_name(either: Aws) -> None:
    """A machine tries again what it names; the emulator never matches."""
    either.function("raises", RAISES)
    retry = {"ErrorEquals": ["LeaseHeld"], "IntervalSeconds": 1, "MaxAttempts": 2}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "raises"}}
    execution = either.start(either.machine({"A": {**task, "Retry": [retry], "End": True}}))
    assert either.ended(execution)["error"] == ("LeaseHeld" if either.is_patched else "Runtime.HandlerError")
    history = either.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in history].count("TaskFailed") == (3 if either.is_patched else 1)


def test_a_package_that_is_missing_is_missing(either: Aws) -> None:
    """A function sees its package and boto3; the emulator shows it all that it has itself."""
    either.function("imports", "import jsonata\n\ndef handler(event, context):\n    return 'imported'\n")
    failed, told = either.invoke("imports")
    assert failed == either.is_patched
    if either.is_patched:
        assert told["errorType"] == "Runtime.ImportModuleError"
        assert "No module named 'jsonata'" in told["errorMessage"]


def test_the_runtime_has_boto3_that_leads_to_the_emulator(aws: Aws) -> None:
    """As AWS' own does, without a home folder."""
    source = """
import os, boto3

def handler(event, context):
    return [[b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]], "HOME" in os.environ]
"""
    aws.function("lists", source)
    assert aws.invoke("lists") == (False, [["things"], False])


def test_an_environment_outlives_an_error(either: Aws) -> None:
    """AWS keeps the process after an exception; the emulator ends it."""
    source = """
calls = []

def handler(event, context):
    calls.append(1)
    if len(calls) == 1:
        raise ValueError("once")
    return len(calls)
"""
    either.function("counts", source)
    assert either.invoke("counts")[0]
    failed, told = either.invoke("counts")
    assert (failed, told if not failed else None) == ((False, 2) if either.is_patched else (True, None))


@pytest.mark.parametrize(
    ("body", "name"),
    [("import os; os._exit(3)", "Runtime.ExitError"), ("return {1, 2}", "Runtime.MarshalError")],
    ids=["it exits", "an answer that is no JSON"],
)
def test_other_ends_have_the_names_of_aws(aws: Aws, body: str, name: str) -> None:
    """What the runtime itself says."""
    aws.function("ends", f"def handler(event, context):\n    {body}\n")
    assert (aws.invoke("ends")[0], aws.invoke("ends")[1]["errorType"]) == (True, name)


def test_the_log_says_what_is_charged(either: Aws) -> None:
    """The last 4 KB of a call's log end with its report, which the emulator leaves out."""
    either.function("prints", "def handler(event, context):\n    print('one line')\n", MemorySize=256)
    answer = either.client("lambda").invoke(FunctionName="prints", LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "one line" in log
    assert bool(re.search(r"REPORT .*\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t", log)) == either.is_patched
