"""Roles and policies of buckets, enforced: the stack in an emulator that asks for rights, as AWS does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infrastructure.pipelines import places
from lakehouse_assets.affise.simulator import running as tenant
from lakehouse_assets_tests.e2e.conftest import SPEC
from lakehouse_assets_tests.e2e.small import batch
from lakehouse_assets_tests.emulator.running import PYTHON, running
from lakehouse_assets_tests.infrastructure.deployed import deployed, environment
from lakehouse_assets_tests.infrastructure.pulling import LIMITS, ZONE, Pull

pytestmark = pytest.mark.slow
RUN = "run-1"


@pytest.fixture(scope="module")
def stack() -> Iterator[Mapping[str, str]]:
    """The deployed stack where rights count, with a drop and an account; this process asks as the emulator's owner."""
    if not PYTHON.exists():
        pytest.skip("no emulator in .emulator; `make setup` makes it")
    with tenant.running(SPEC) as account, running(AUTH="true") as emulator:
        found = deployed(emulator, AffiseUrl=account.url)
        with environment(emulator):
            for name, key in (("AffiseKeyArn", account.key), ("HashKeyArn", "a key of this test")):
                boto3.client("secretsmanager").put_secret_value(SecretId=found[name], SecretString=key)
            for key, body in batch(1).items():
                boto3.client("s3").put_object(Bucket=found["LandingBucket"], Key=f"land-folder/Data/{key}", Body=body)
            yield found


def call(stack: Mapping[str, str], function: str, **event: Any) -> dict[str, Any]:
    """What a function answers, working with its own role; an error has `errorType`."""
    common = {"run_id": RUN, "pipeline": "ecommerce", "lake": f"s3://{stack['LakeBucket']}"}
    payload = json.dumps(common | {"landing": landing(stack)} | event).encode()
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=payload)
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found


def landing(stack: Mapping[str, str]) -> str:
    """The URI of the shop's landing."""
    return f"s3://{stack['LandingBucket']}/land-folder/Data"


def plan(stack: Mapping[str, str]) -> dict[str, Any]:
    """What `PlanRun` answers."""
    limits = {"small_bytes": 10**6, "small_files": 10, "hold_seconds": 3600, "engine": "auto"}
    return call(stack, "PlanRun", job="ecommerce", source_timezone="UTC", execution=f"arn:{RUN}", **limits)


def test_a_request_without_tls_is_refused(stack: Mapping[str, str]) -> None:
    """The emulator is spoken to by plain HTTP, so the policies of the buckets refuse even a role that may."""
    assert plan(stack)["errorType"] == "AccessDenied"


@pytest.fixture(scope="module")
def answers(stack: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What the functions of a run answer, by name, once buckets may be asked by plain HTTP."""
    for name in ("LakeBucket", "LandingBucket"):
        boto3.client("s3").delete_bucket_policy(Bucket=stack[name])
    planned = plan(stack)
    assert (planned["engine"], planned["has_work"]) == ("lambda", True), planned
    held, lake = {"fence": planned["fence"]}, f"s3://{stack['LakeBucket']}"
    arguments = {"--run-id": RUN, "--manifest-uri": f"{lake}/{planned['manifest']}", "--lake-root": lake}
    arguments |= {"--fence": str(planned["fence"]), "--as-of": planned["as_of"], "--run-mode": "load"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("LoadSmallBatch", {"arguments": arguments}),
        ("LoadOutcome", {"job": None}),
        ("DeclareTables", {"catalog": "declared"}),
        ("JudgeChecks", {"step": "silver", "outcomes": []}),
        ("RenderModel", {"model": "gold.daily_sales", "source_timezone": "UTC"}),
        ("Moves3Objects", {"manifest_key": planned["manifest"], "refused": "", "token": None}),
        ("RecordRun", {"outcome": "succeeded", "failure": None, "execution": "", "link": "", "started_at": ""}),
    ]
    return {function: call(stack, function, **held, **event) for function, event in calls}


def test_functions_work_with_their_own_rights(answers: dict[str, dict[str, Any]]) -> None:
    """A run is planned, loaded, declared, archived and recorded, each step by its own role."""
    assert len(answers) == 7
    assert {name: answer for name, answer in answers.items() if "errorType" in answer} == {}


def keys_of(tag: str, role: str) -> dict[str, str]:
    """The variables of somebody with this tag who takes on a role of the stack."""
    rights = boto3.client("iam")
    rights.create_user(UserName=f"{tag}-{role}", Tags=[{"Key": "lakehouse", "Value": tag}])
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    rights.put_user_policy(UserName=f"{tag}-{role}", PolicyName="own", PolicyDocument=document)
    key = rights.create_access_key(UserName=f"{tag}-{role}")["AccessKey"]
    asked = boto3.client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    (arn,) = [one["Arn"] for one in rights.list_roles()["Roles"] if f"-{role}-" in one["RoleName"]]
    got = asked.assume_role(RoleArn=arn, RoleSessionName="person")["Credentials"]
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey"}
    return {variable: got[name] for variable, name in (names | {"AWS_SESSION_TOKEN": "SessionToken"}).items()}


def forget(stack: Mapping[str, str], keys: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """How `lakehouse forget` ends for the first person of the drop."""
    command = [str(Path(sys.executable).with_name("lakehouse")), "forget", "ecommerce", "--where", "user_id = '1'"]
    lake = ["--lake", f"s3://{stack['LakeBucket']}"]
    return subprocess.run([*command, *lake], capture_output=True, text=True, check=False, env={**os.environ, **keys})


@pytest.mark.usefixtures("answers")
def test_an_analyst_erases_nobody(stack: Mapping[str, str]) -> None:
    """The role is not given to who is tagged otherwise, and an analyst's own is refused in one sentence."""
    with pytest.raises(ClientError, match="AccessDenied"):
        keys_of("analyst", "ErasureRole")
    done = forget(stack, keys_of("analyst", "AnalystRole"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "this user may not use `s3://" in done.stderr


@pytest.mark.usefixtures("answers")
def test_a_person_is_erased_with_the_role_for_it(stack: Mapping[str, str]) -> None:
    """Older versions go too, but of what the command notes at its end: that nobody holds the pipeline, what lands."""
    done = forget(stack, keys_of("erasure", "ErasureRole"))
    assert done.returncode == 0, done.stderr
    pages = boto3.client("s3").get_paginator("list_object_versions").paginate(Bucket=stack["LakeBucket"])
    old = [one["Key"] for page in pages for one in page["Versions"] if not one["IsLatest"]]
    assert {key.partition("/")[0] for key in old} == {"leases", "watch"}


@pytest.mark.usefixtures("answers")
def test_the_pull_of_a_run_works_with_its_own_rights(stack: Mapping[str, str]) -> None:
    """What the account has is planned, pulled, named, loaded and committed, each step by the role of its function."""
    run = Pull(lake := f"s3://{stack['LakeBucket']}")
    landing = places()["marketing"].landing.replace("${LakeBucket}", stack["LakeBucket"])
    planned = run.call("PlanRun", job="marketing", landing=landing, engine="auto", execution=f"arn:{RUN}", **LIMITS)
    run.common |= {"fence": planned["fence"]}
    pull = run.call("PlanAffisePull", mode="load", pull=planned.get("pull"), window=planned["window"])
    to = {"date_to": pull["date_to"]}
    run.each("adstart_update_dimension_tables", "list", pull["lists"], **to)
    run.each("PullAffiseSlices", "slice", pull["slices"], **to)
    held = {"open_runs": pull["open_runs"]}
    named = run.call("NameAffisePages", engine="lambda", manifest=planned["manifest"], **held)
    arguments = {"--run-id": RUN, "--lake-root": lake, "--source-timezone": ZONE}
    arguments |= {"--manifest-uri": f"{lake}/{named['manifest']}", "--fence": str(planned["fence"])}
    run.call("LoadSmallBatch", arguments=arguments)
    run.call("LoadOutcome", job=None)
    run.call("CommitAffiseWatermark", is_sweep=pull["is_sweep"], mode="load", pull=planned.get("pull"), **held)
    assert run.failed == {}


def test_a_right_that_is_taken_away_is_missed(stack: Mapping[str, str]) -> None:
    """A role without the right to landing is refused there, so it was the role that allowed it."""
    rights, function = boto3.client("iam"), boto3.client("lambda").get_function(FunctionName="PlanRun")
    role = function["Configuration"]["Role"].rpartition("/")[2]
    policy = rights.get_role_policy(RoleName=role, PolicyName="own")["PolicyDocument"]
    kept = [one for one in policy["Statement"] if stack["LandingBucket"] not in json.dumps(one)]
    less = json.dumps({**policy, "Statement": kept})
    rights.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=less)
    answer = plan(stack)
    assert answer["errorType"] == "AccessDenied"
    assert stack["LandingBucket"] in answer["errorMessage"]
