"""Ask the emulator over HTTP as our code asks AWS: clients, and what several tests make there."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from lakehouse_assets_tests.emulator.running import REGION, Emulator

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/anybody"
BUCKET = "things"
SECONDS = 60
JOB_SECONDS = 300
"""Spark alone takes most of a minute to start on a machine that does other things."""


@dataclass(frozen=True)
class Aws:
    """Clients of one emulator, and whether it has its patches."""

    emulator: Emulator
    is_patched: bool = True

    def client(self, service: str) -> Any:
        """A client that tries once."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.emulator.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
            config=Config(retries={"max_attempts": 1}, read_timeout=SECONDS, s3={"addressing_style": "path"}),
        )

    def begin(self) -> None:
        """Forget everything but a role and a bucket, and make no pauses in machines."""
        self.emulator.reset()
        self.emulator.configure(stepfunctions___SFN_WAIT_SCALE=0)
        self.client("iam").create_role(RoleName="anybody", AssumeRolePolicyDocument="{}")
        where = {"LocationConstraint": REGION}
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)

    def put(self, key: str, content: str) -> str:
        """Put an object; return its URI."""
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content.encode())
        return f"s3://{BUCKET}/{key}"

    def function(self, name: str, source: str, **settings: Any) -> str:
        """Make a function of one module with a `handler`; return its ARN."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("module.py", source)
        told = {"Runtime": "python3.13", "Role": ROLE, "Handler": "module.handler", "Timeout": 30, **settings}
        made = self.client("lambda").create_function(FunctionName=name, Code={"ZipFile": packed.getvalue()}, **told)
        return str(made["FunctionArn"])

    def invoke(self, name: str, event: Any = None) -> tuple[bool, Any]:
        """Whether a function failed, and what it answered."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
        return "FunctionError" in answer, json.loads(answer["Payload"].read())

    def job(self, name: str, source: str, **settings: Any) -> None:
        """Make a Spark job of one script."""
        script = {"Name": "glueetl", "ScriptLocation": self.put(f"{name}.py", source), "PythonVersion": "3"}
        told = {"GlueVersion": "6.0", "Timeout": 5, **settings}
        self.client("glue").create_job(Name=name, Role=ROLE, Command=script, **told)

    def run_job(self, name: str, **arguments: str) -> dict[str, Any]:
        """Run a job to its end; return Glue's record."""
        glue = self.client("glue")
        given = {f"--{key}": value for key, value in arguments.items()}
        run = glue.start_job_run(JobName=name, Arguments=given)["JobRunId"]
        return self.ended_job(name, run)

    def ended_job(self, name: str, run: str) -> dict[str, Any]:
        """Wait for a run's end; return Glue's record."""
        return until(
            lambda: self.client("glue").get_job_run(JobName=name, RunId=run)["JobRun"],
            lambda found: found["JobRunState"] not in ("WAITING", "STARTING", "RUNNING", "STOPPING"),
            seconds=JOB_SECONDS,
        )

    def machine(self, states: dict[str, Any], name: str = "machine", **top: Any) -> str:
        """Make a JSONata machine of states, whose first one begins; return its ARN."""
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        made = self.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE
        )
        return str(made["stateMachineArn"])

    def start(self, machine: str, given: Any = None, name: str | None = None) -> str:
        """Start an execution; return its ARN."""
        told = {"stateMachineArn": machine, "input": json.dumps(given or {}), "name": name or uuid.uuid4().hex}
        return str(self.client("stepfunctions").start_execution(**told)["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """Wait for an execution's end; return what is told of it."""
        ask = self.client("stepfunctions").describe_execution
        return until(lambda: ask(executionArn=execution), lambda found: found["status"] != "RUNNING")

    def run(self, states: dict[str, Any], given: Any = None, **top: Any) -> dict[str, Any]:
        """Run a machine of states once; return what is told of the execution."""
        return self.ended(self.start(self.machine(states, **top), given))

    def queue(self, name: str) -> tuple[str, str]:
        """Make a queue; return its URL and its ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def received(self, url: str, seconds: float = 10) -> list[dict[str, Any]]:
        """What is in a queue, waited for until something is there."""
        sqs, end = self.client("sqs"), time.monotonic() + seconds
        while time.monotonic() < end:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            if found:
                return list(found)
            time.sleep(0.2)
        return []

    def query(self, statement: str, **told: Any) -> dict[str, Any]:
        """Run one of Athena's queries to its end; return its record."""
        athena = self.client("athena")
        place = {"OutputLocation": f"s3://{BUCKET}/results/"}
        asked = {"QueryString": statement, "ResultConfiguration": place, **told}
        identity = athena.start_query_execution(**asked)["QueryExecutionId"]
        return until(
            lambda: athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"],
            lambda found: found["Status"]["State"] not in ("QUEUED", "RUNNING"),
        )

    def rows(self, statement: str) -> list[list[str | None]]:
        """The texts of a query's rows, without the names of the columns."""
        found = self.query(statement)
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        pages = self.client("athena").get_paginator("get_query_results")
        answers = pages.paginate(QueryExecutionId=found["QueryExecutionId"])
        rows = [row["Data"] for answer in answers for row in answer["ResultSet"]["Rows"]]
        return [[cell.get("VarCharValue") for cell in row] for row in rows[1:]]


def until(ask: Callable[[], Any], is_done: Callable[[Any], bool], seconds: float = SECONDS) -> Any:
    """Ask until it is done."""
    end = time.monotonic() + seconds
    while not is_done(found := ask()):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found
