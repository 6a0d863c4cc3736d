"""An installation in the emulator of AWS, deployed from the project's own templates: what users do and see there."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from infrastructure.build import Wanted
from infrastructure.deploy import Deployment, deploy
from lakehouse_assets_tests.emulator.running import Emulator, variables_for

ENV = "e2e"
HASH_KEY = "a key of these tests"
SECONDS = 420
"""How long an execution may take on a slow machine, with Spark's start in it."""
OVER = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
LANDINGS = {"ecommerce": "land-folder/Data"}
EVENING, DAYS_AGO = 20, 30
"""The hour in UTC at which the scheduler's clock stands at first, so that nothing is due for ten hours, and how long
ago that was."""


@dataclass(frozen=True)
class Execution:
    """An execution that is over: how it ended, its output, its error, and the names of the states that it entered."""

    arn: str
    status: str
    output: dict[str, Any]
    error: str
    cause: str
    states: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name, which is the run's id where no tick started it."""
        return self.arn.rpartition(":")[2]


@dataclass(frozen=True)
class Message:
    """What a subscriber of the topic got."""

    subject: str
    body: str
    attributes: Mapping[str, str]


class Production:
    """One deployed installation.

    Args:
        emulator: where it runs.
        outputs: of its stacks.
        parameters: that it was deployed with.
        clock_ahead_seconds: by which the scheduler's clock is ahead.
    """

    def __init__(
        self, emulator: Emulator, outputs: Mapping[str, str], parameters: Mapping[str, str], clock_ahead_seconds: float
    ) -> None:
        self.emulator, self.outputs, self.parameters = emulator, outputs, parameters
        self.clock_ahead_seconds, self._mornings = clock_ahead_seconds, 0
        self._session = boto3.Session(region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106 - the emulator's
        self.s3, self.machines = self.client("s3"), self.client("stepfunctions")
        self.queue = self.client("sqs").create_queue(QueueName="subscriber")["QueueUrl"]
        self._subscribe()

    def client(self, service: str) -> Any:
        """A client of a service of the emulator."""
        return self._session.client(service, endpoint_url=self.emulator.url)

    @property
    def lake(self) -> str:
        """The URI of its lake."""
        return f"s3://{self.outputs['LakeBucket']}"

    def machine(self, job: str) -> str:
        """The ARN of the machine of a job."""
        found = self.machines.list_state_machines()["stateMachines"]
        return str(next(one["stateMachineArn"] for one in found if one["name"] == job))

    def drop(self, folder: Path, pipeline: str = "ecommerce") -> list[str]:
        """Put the files of a folder into the pipeline's landing, as a producer does; return their keys there."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for path in files:
            key = f"{LANDINGS[pipeline]}/{path.relative_to(folder).as_posix()}"
            self.s3.upload_file(str(path), self.outputs["LandingBucket"], key)
        return [path.relative_to(folder).as_posix() for path in files]

    def put(self, key: str, body: bytes, pipeline: str = "ecommerce") -> None:
        """Put one file into the pipeline's landing."""
        self.s3.put_object(Bucket=self.outputs["LandingBucket"], Key=f"{LANDINGS[pipeline]}/{key}", Body=body)

    def landed(self, pipeline: str = "ecommerce") -> list[str]:
        """The keys below the pipeline's landing."""
        return self.keys(self.outputs["LandingBucket"], f"{LANDINGS[pipeline]}/")

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys of a bucket below a prefix, without it."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", []))

    def start(self, job: str, asked: Mapping[str, Any] | None = None, name: str | None = None) -> str:
        """Start an execution and return its ARN."""
        named = {"name": name} if name else {}
        started = self.machines.start_execution(
            stateMachineArn=self.machine(job), input=json.dumps(asked or {}), **named
        )
        return str(started["executionArn"])

    def wait(self, arn: str, seconds: float = SECONDS) -> Execution:
        """Wait until an execution is over."""
        deadline = time.monotonic() + seconds
        while (found := self.machines.describe_execution(executionArn=arn))["status"] not in OVER:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{arn} is {found['status']} after {seconds:.0f} s: {self.states(arn)[-3:]}")
            time.sleep(0.2)
        output = json.loads(found.get("output") or "{}")
        return Execution(arn, found["status"], output, found.get("error", ""), found.get("cause", ""), self.states(arn))

    def run(self, job: str, asked: Mapping[str, Any] | None = None, name: str | None = None) -> Execution:
        """Start an execution and wait until it is over."""
        return self.wait(self.start(job, asked, name))

    def states(self, arn: str) -> tuple[str, ...]:
        """The names of the states that an execution has entered so far, in order."""
        pages = self.machines.get_paginator("get_execution_history").paginate(executionArn=arn)
        entered = (event.get("stateEnteredEventDetails") for page in pages for event in page["events"])
        return tuple(detail["name"] for detail in entered if detail)

    def executions(self, job: str) -> list[str]:
        """The ARNs of a machine's executions."""
        pages = self.machines.get_paginator("list_executions").paginate(stateMachineArn=self.machine(job))
        return [one["executionArn"] for page in pages for one in page["executions"]]

    def told(self) -> list[Message]:
        """What the topic has sent since it was asked last."""
        queues, found = self.client("sqs"), list[Message]()
        while got := queues.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for one in got:
                body = json.loads(one["Body"])
                attributes = {name: value["Value"] for name, value in body.get("MessageAttributes", {}).items()}
                found.append(Message(body.get("Subject", ""), body["Message"], attributes))
                queues.delete_message(QueueUrl=self.queue, ReceiptHandle=one["ReceiptHandle"])
        return found

    def told_at_last(self) -> list[Message]:
        """What the topic has sent, once it has sent something."""
        found = list[Message]()

        def came() -> list[Message]:
            found.extend(self.told())
            return found

        self.until(came)
        return found

    def started_by_itself(self, job: str) -> Execution:
        """Wait for an execution that nobody here starts, and for its end."""
        known = set(self.executions(job))
        self.until(lambda: set(self.executions(job)) - known)
        (arn,) = set(self.executions(job)) - known
        return self.wait(arn)

    def waiting_events(self) -> int:
        """How many wake-ups wait in the queue, or are being looked at."""
        queues = self.client("sqs")
        url = queues.get_queue_url(QueueName="landed")["QueueUrl"]
        found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])

    def morning(self) -> date:
        """The day of the next `tick_at`: one that is past, since no run is of the future, and that no test had yet."""
        evening = datetime.now(UTC) + timedelta(seconds=self.clock_ahead_seconds)
        return evening.date() + timedelta(days=1 + self._mornings)

    @contextmanager
    def tick_at(self, schedule: str, hour: int, minute: int = 0) -> Iterator[None]:
        """Have the scheduler's clock come to a time in UTC of `morning()`, then back to the first evening.

        No other schedule is on meanwhile.
        """
        ahead = timedelta(hours=(hour - EVENING) % 24, minutes=minute, days=self._mornings)
        self._mornings += 1
        with self._only(schedule):
            self.emulator.control(clock_ahead_seconds=self.clock_ahead_seconds + ahead.total_seconds() + 2)
            try:
                yield
            finally:
                self.emulator.control(clock_ahead_seconds=self.clock_ahead_seconds)

    @contextmanager
    def _only(self, schedule: str) -> Iterator[None]:
        """Switch all schedules off but one."""
        scheduler = self.client("scheduler")
        listed = scheduler.list_schedules()["Schedules"]
        found = [scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"]) for one in listed]
        assert schedule in {one["Name"] for one in found}
        others = [one for one in found if one["State"] == "ENABLED" and one["Name"] != schedule]
        try:
            self._switch(others, "DISABLED")
            yield
        finally:
            self._switch(others, "ENABLED")

    def _switch(self, schedules: list[dict[str, Any]], state: str) -> None:
        names = (
            "Name",
            "GroupName",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "FlexibleTimeWindow",
            "Target",
        )
        for one in schedules:
            self.client("scheduler").update_schedule(**{name: one[name] for name in names}, State=state)

    @contextmanager
    def pauses(self, scale: float) -> Iterator[None]:
        """Have machines pause so much of what they say; elsewhere they do not pause at all."""
        self.emulator.configure(stepfunctions___SFN_WAIT_SCALE=scale)
        try:
            yield
        finally:
            self.emulator.configure(stepfunctions___SFN_WAIT_SCALE=0)

    def sleeping(self) -> None:
        """Have nothing that lands wake a pipeline from now on, so that a test starts what it looks at."""
        self.client("events").disable_rule(Name="ecommerce-landed")

    def land(self, files: Mapping[str, bytes]) -> None:
        """Put files into the landing of the shop, and have none of them wake it."""
        self.sleeping()
        for key, body in files.items():
            self.put(key, body)

    def until(self, is_so: Callable[[], object], seconds: float = 120) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not so within {seconds:.0f} s")
            time.sleep(0.2)

    def holder(self, pipeline: str = "ecommerce") -> str | None:
        """The run that holds a pipeline; None where nobody does."""
        lease = self._json(f"leases/{pipeline}.json")
        return None if lease["released_at"] else str(lease["run_id"])

    def forget_told(self, pipeline: str = "ecommerce") -> None:
        """Take away what people know of the pipeline, so that its next end is news again."""
        self.clear(f"notifications/{pipeline}/standing/")

    def clear(self, prefix: str) -> None:
        """Delete every object of the lake below a prefix."""
        bucket = self.outputs["LakeBucket"]
        for key in self.keys(bucket, prefix):
            self.s3.delete_object(Bucket=bucket, Key=prefix + key)

    def remove(self, key: str, pipeline: str = "ecommerce") -> None:
        """Remove a file from landing."""
        self.s3.delete_object(Bucket=self.outputs["LandingBucket"], Key=f"{LANDINGS[pipeline]}/{key}")

    def tell_secrets(self, key: str) -> None:
        """Put the keys of the Affise account where a person puts them after the first deployment."""
        secrets = self.client("secretsmanager")
        secrets.put_secret_value(SecretId=self.outputs["AffiseKeyArn"], SecretString=key)
        secrets.put_secret_value(SecretId=self.outputs["HashKeyArn"], SecretString=HASH_KEY)

    def read(self, key: str) -> bytes:
        """An object of the lake."""
        return bytes(self.s3.get_object(Bucket=self.outputs["LakeBucket"], Key=key)["Body"].read())

    def report(self, run_id: str, pipeline: str = "ecommerce") -> dict[str, Any]:
        """The report of a run as it lies in the lake."""
        return self._json(f"runs/{pipeline}/{run_id}/report.json")

    def _json(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.read(key))
        return found

    def _subscribe(self) -> None:
        queues = self.client("sqs")
        asked = queues.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        self.client("sns").subscribe(TopicArn=self.outputs["Topic"], Protocol="sqs", Endpoint=arn)


@contextmanager
def deployed(emulator: Emulator, monkeypatch: Any, **parameters: str) -> Iterator[Production]:
    """Deploy the stacks into an emulator, with what a real deployment builds, and all functions as zips.

    Args:
        emulator: which is empty.
        monkeypatch: leads this process to the emulator meanwhile.
        parameters: of the templates.
    """
    for name, value in variables_for(emulator.url).items():
        monkeypatch.setenv(name, value)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = Wanted(python=python, engine_zip=True, wheels=False)
    given = {"BucketPrefix": "e2e", "ScheduledBy": "dagster", **parameters}
    ahead = seconds_until(EVENING) - timedelta(days=DAYS_AGO).total_seconds()
    emulator.control(clock_ahead_seconds=ahead)
    yield Production(emulator, deploy(Deployment(ENV, given, wanted, is_agreed=True)), given, ahead)


def seconds_until(hour: int) -> float:
    """Return how long it is until it is this hour in UTC for the next time."""
    now = datetime.now(UTC)
    at = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (at - now).total_seconds() % timedelta(days=1).total_seconds()
