"""The whole stack, deployed into the emulator by the command that deploys it to AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from infrastructure.deploy import deploy
from lakehouse_assets_tests.emulator.running import Emulator
from lakehouse_assets_tests.infrastructure.deployed import deployed, deployment, environment


@pytest.fixture(scope="module")
def stack(emulator: Emulator) -> Iterator[Mapping[str, str]]:
    """The deployed stack; this process asks the emulator meanwhile."""
    emulator.reset()
    found = deployed(emulator)
    with environment(emulator):
        yield found


def client(service: str) -> Any:
    """A client of the emulator."""
    return boto3.client(service)


@pytest.mark.slow
def test_everything_is_there(stack: Mapping[str, str]) -> None:
    """Machines, functions, jobs with their limits, and the databases, under the names that users know."""
    machines = {machine["name"] for machine in client("stepfunctions").list_state_machines()["stateMachines"]}
    assert {"ecommerce", "marketing", "marketing_intraday"} <= machines
    functions = {item["FunctionName"] for item in client("lambda").list_functions(MaxItems=50)["Functions"]}
    assert {"PlanRun", "Moves3Objects", "adstart_update_dimension_tables", "export-sub5-report"} <= functions
    job = client("glue").get_job(JobName="Lakehouse")["Job"]
    assert (job["GlueVersion"], job["MaxRetries"]) == ("6.0", 0)
    databases = {item["Name"] for item in client("glue").get_databases()["DatabaseList"]}
    assert {"delta_lakehouse", "ecommerce_gold", "affise_data_fusion"} <= databases
    assert stack["Topic"].endswith(":etl")


@pytest.mark.slow
def test_definitions_are_filled_in(stack: Mapping[str, str]) -> None:
    """No machine holds a name that nobody has filled in, and each lands where its pipeline does."""
    asked = client("stepfunctions")
    texts = {
        name: asked.describe_state_machine(stateMachineArn=stack[f"{name}Machine"])["definition"]
        for name in ("Ecommerce", "Marketing")
    }
    assert not [name for name, text in texts.items() if "${" in text]
    assert "s3://test-lakehouse-landing/land-folder/Data" in texts["Ecommerce"]
    assert "s3://test-lakehouse-lake/land-folder/Marketing" in texts["Marketing"]


@pytest.mark.slow
def test_a_function_answers(stack: Mapping[str, str]) -> None:
    """A function runs from the zip that was uploaded, and tells what is wrong with its event."""
    assert stack
    answer = client("lambda").invoke(FunctionName="Moves3Objects", Payload=b"{}")
    assert "the event lacks" in json.loads(answer["Payload"].read())["errorMessage"]


@pytest.mark.slow
def test_a_second_deployment_changes_nothing(stack: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is there already is neither uploaded nor replaced."""
    assert deploy(deployment()) == dict(stack)
    assert "lakehouse-test: 0 changes" in capsys.readouterr().out
