"""The whole stack, deployed into the emulator by the command that deploys it to AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest

from infrastructure.deploy import deploy
from infrastructure.destroy import destroy
from infrastructure.smoke.command import CHECKS, smoke
from lakehouse_assets.errors import BadRequest
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


def woken_by(stack: Mapping[str, str]) -> list[dict[str, Any]]:
    """Some of the messages that landed files put into the queue; its own caller takes the others."""
    assert stack
    queues = client("sqs")
    url = queues.get_queue_url(QueueName="landed")["QueueUrl"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        if len(found) > 1:
            return list(found)
    raise AssertionError("no messages came")


def ask_to_start(messages: list[dict[str, Any]], quiet_seconds: int) -> int:
    """Call the waker with messages as its queue does; how many of them it keeps."""
    arn = "arn:aws:sqs:eu-west-1:000000000000:landed"
    bodies = [json.dumps(json.loads(item["Body"]) | {"quiet_seconds": quiet_seconds}) for item in messages]
    records = [
        {"messageId": item["MessageId"], "receiptHandle": item["ReceiptHandle"], "body": body, "eventSourceARN": arn}
        for item, body in zip(messages, bodies, strict=True)
    ]
    payload = json.dumps({"Records": records}).encode()
    answer = json.loads(client("lambda").invoke(FunctionName="StartPipeline", Payload=payload)["Payload"].read())
    return len(answer["batchItemFailures"])


def subscribed(topic: str) -> str:
    """The URL of a new queue that hears what a topic tells."""
    queues = client("sqs")
    url: str = queues.create_queue(QueueName="inbox")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


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


@pytest.mark.slow
def test_a_plan_changes_nothing(stack: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A plan shows what would change, and leaves the stack as it is."""
    asked = replace(deployment(LogDays="30"), is_plan=True)
    deploy(asked)
    assert "AWS::Logs::LogGroup" in capsys.readouterr().out
    groups = client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/PlanRun")["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {90}
    assert stack


@pytest.mark.slow
def test_what_lands_wakes_its_pipeline_once(stack: Mapping[str, str]) -> None:
    """Files that land start the machine by S3, EventBridge, the queue and the waker; many events are one execution."""
    for number in range(10):
        key = f"land-folder/Data/orders/{number}.csv"
        client("s3").put_object(Bucket=stack["LandingBucket"], Key=key, Body=b"order_id\n1\n")
    assert ask_to_start(woken_by(stack), quiet_seconds=0) == 1
    (run,) = client("stepfunctions").list_executions(stateMachineArn=stack["EcommerceMachine"])["executions"]
    assert run["name"].startswith("ecommerce-")


@pytest.mark.slow
def test_a_tick_without_a_run_is_told(stack: Mapping[str, str]) -> None:
    """The check 45 minutes after a tick tells the topic, and puts the number of the alarm."""
    inbox = subscribed(stack["Topic"])
    event = {"pipeline": "ecommerce", "job": "ecommerce", "schedule": "ecommerce_daily", "minutes": 45}
    event |= {"asked_at": "2026-11-26T06:45:00Z", "lake": f"s3://{stack['LakeBucket']}", "topic": stack["Topic"]}
    answer = client("lambda").invoke(FunctionName="CheckTick", Payload=json.dumps(event).encode())
    assert "No run has begun" in json.loads(answer["Payload"].read())["missed"]
    told = client("sqs").receive_message(QueueUrl=inbox, WaitTimeSeconds=5)["Messages"]
    assert [json.loads(item["Body"])["Subject"] for item in told] == ["ecommerce: no run for the tick of 06:00 UTC"]


@pytest.mark.slow
def test_old_files_are_measured_when_nothing_runs(stack: Mapping[str, str]) -> None:
    """A look at landing puts the age of the oldest file, which the alarm of the pipeline stands on."""
    landing = f"s3://{stack['LandingBucket']}/land-folder/Data"
    client("s3").put_object(Bucket=stack["LandingBucket"], Key="land-folder/Data/orders/old.csv", Body=b"order_id\n1\n")
    event = json.dumps({"pipeline": "ecommerce", "landing": landing}).encode()
    answer = client("lambda").invoke(FunctionName="CheckTick", Payload=event)
    assert json.loads(answer["Payload"].read())["oldest_seconds"] > 0
    metrics = client("cloudwatch").list_metrics(Namespace="Lakehouse", MetricName="OldestLandedSeconds")["Metrics"]
    assert {dimension["Value"] for metric in metrics for dimension in metric["Dimensions"]} == {"ecommerce"}


@pytest.mark.slow
def test_smoke_says_what_does_not_hold(stack: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Against an emulator some of what only AWS can prove does not hold, and each such check says so in a sentence."""
    cheap = [check for check in CHECKS if "S3 keeps" in check.sentence or "without TLS" in check.sentence]
    (delta,) = (check for check in CHECKS if "reads silver" in check.sentence)
    assert smoke(dict(stack), [*cheap, delta]) == [delta.sentence]
    assert "FAIL  Athena reads silver's Delta tables" in capsys.readouterr().out


@pytest.mark.slow
def test_destroying_leaves_the_data(emulator: Emulator, stack: Mapping[str, str]) -> None:
    """What runs goes; buckets stay with what they hold, unless their name is written out."""
    client("s3").put_object(Bucket=stack["LakeBucket"], Key="lakehouse-dwh/x", Body=b"1")
    with pytest.raises(BadRequest, match="nothing was removed"):
        destroy(deployment(), data="another")
    destroy(deployment())
    assert client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert client("s3").get_object(Bucket=stack["LakeBucket"], Key="lakehouse-dwh/x")["Body"].read() == b"1"
    destroy(deployment(), data="test-lakehouse")
    assert client("s3").list_buckets()["Buckets"] == []
    emulator.reset()
