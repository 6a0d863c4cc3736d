"""Roles and policies of buckets, enforced: the stack in an emulator that asks for rights, as AWS does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from lakehouse_assets_tests.emulator.running import PYTHON, running
from lakehouse_assets_tests.infrastructure.deployed import deployed, environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack() -> Iterator[Mapping[str, str]]:
    """The deployed stack where rights count, with a file in landing; this process asks the emulator as its owner."""
    if not PYTHON.exists():
        pytest.skip("no emulator in .emulator; `make setup` makes it")
    with running(AUTH="true") as emulator:
        found = deployed(emulator)
        with environment(emulator):
            key = "land-folder/Data/orders/2025-04-01.csv"
            boto3.client("s3").put_object(Bucket=found["LandingBucket"], Key=key, Body=b"order_id\n1\n")
            yield found


def plan(stack: Mapping[str, str], run_id: str) -> dict[str, Any]:
    """What `PlanRun` answers, working with its own role."""
    lake, landing = f"s3://{stack['LakeBucket']}", f"s3://{stack['LandingBucket']}/land-folder/Data"
    event = {"run_id": run_id, "pipeline": "ecommerce", "lake": lake, "landing": landing, "job": "ecommerce"}
    event |= {"hold_seconds": 60, "engine": "glue", "small_bytes": 1, "small_files": 1, "source_timezone": "UTC"}
    answer = boto3.client("lambda").invoke(FunctionName="PlanRun", Payload=json.dumps(event).encode())
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found


def test_a_request_without_tls_is_refused(stack: Mapping[str, str]) -> None:
    """The emulator is spoken to by plain HTTP, so the policies of the buckets refuse even a role that may."""
    assert plan(stack, "r1")["errorType"] == "AccessDenied"


def test_a_function_works_with_its_own_rights(stack: Mapping[str, str]) -> None:
    """Without those policies the plan finds its file, with nothing but the rights of its role."""
    for name in ("LakeBucket", "LandingBucket"):
        boto3.client("s3").delete_bucket_policy(Bucket=stack[name])
    answer = plan(stack, "r2")
    assert (answer.get("errorMessage"), answer.get("has_work")) == (None, True)
    assert answer["files"]["orders"] == 1


def test_a_right_that_is_taken_away_is_missed(stack: Mapping[str, str]) -> None:
    """A role without the right to landing is refused there, so it was the role that allowed it."""
    rights, function = boto3.client("iam"), boto3.client("lambda").get_function(FunctionName="PlanRun")
    role = function["Configuration"]["Role"].rpartition("/")[2]
    policy = rights.get_role_policy(RoleName=role, PolicyName="own")["PolicyDocument"]
    kept = [one for one in policy["Statement"] if stack["LandingBucket"] not in json.dumps(one)]
    less = json.dumps({**policy, "Statement": kept})
    rights.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=less)
    answer = plan(stack, "r2")  # it holds the lease, and plans again
    assert answer["errorType"] == "AccessDenied"
    assert stack["LandingBucket"] in answer["errorMessage"]
