"""Schedules of the emulator fire at their zone's time and say which tick it was."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lakehouse_assets_tests.emulator.asking import ROLE, Aws, until
from lakehouse_assets_tests.emulator.patches.schedule_times import moment_of_at, next_of_rate

BERLIN = ZoneInfo("Europe/Berlin")
ECHO = {"A": {"Type": "Pass", "End": True}}


def test_a_one_time_schedule_is_of_its_zone() -> None:
    """Nine in Berlin is eight in winter, and a rate counts from when it was made."""
    assert moment_of_at("at(2026-11-27T09:00:00)", BERLIN) == datetime(2026, 11, 27, 8, tzinfo=UTC)
    made = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
    assert next_of_rate("rate(2 minutes)", made, made + timedelta(minutes=3)) == made + timedelta(minutes=4)


def schedule(aws: Aws, target: dict[str, Any], expression: str, zone: str = "UTC") -> None:
    """Make a schedule."""
    aws.client("scheduler").create_schedule(
        Name="tick",
        ScheduleExpression=expression,
        ScheduleExpressionTimezone=zone,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"RoleArn": ROLE, **target},
    )


def executions(aws: Aws, machine: str) -> list[dict[str, Any]]:
    """What is told of a machine's executions, newest first."""
    client = aws.client("stepfunctions")
    found = client.list_executions(stateMachineArn=machine)["executions"]
    return [client.describe_execution(executionArn=one["executionArn"]) for one in found]


def test_a_tick_says_which_it_is(either: Aws) -> None:
    """The input has the scheduled moment; the emulator hands its placeholder on."""
    machine, due = either.machine(ECHO), datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    given = json.dumps({"tick": "<aws.scheduler.scheduled-time>"})
    schedule(either, {"Arn": machine, "Input": given}, f"at({due:%Y-%m-%dT%H:%M:%S})")
    (execution,) = until(lambda: executions(either, machine), bool)
    expected = f"{due:%Y-%m-%dT%H:%M:%SZ}" if either.is_patched else "<aws.scheduler.scheduled-time>"
    assert json.loads(execution["input"]) == {"tick": expected}


def test_nine_in_berlin_is_eight_or_seven(aws: Aws) -> None:
    """A cron of a zone fires by that zone's clock, once, when the daemon's clock comes there."""
    machine = aws.machine(ECHO)
    given = json.dumps({"tick": "<aws.scheduler.scheduled-time>"})
    schedule(aws, {"Arn": machine, "Input": given}, "cron(0 9 * * ? *)", "Europe/Berlin")
    now = datetime.now(UTC)
    nine = now.astimezone(BERLIN).replace(hour=9, minute=0, second=0, microsecond=0)
    nine = (nine if nine > now + timedelta(minutes=1) else nine + timedelta(days=1)).astimezone(UTC)
    time.sleep(2.5)  # the daemon has to see it once, since it catches up nothing from before
    aws.emulator.control(clock_ahead_seconds=(nine - now).total_seconds() + 1)
    (execution,) = until(lambda: executions(aws, machine), bool)
    assert json.loads(execution["input"]) == {"tick": f"{nine:%Y-%m-%dT%H:%M:%SZ}"}


def test_a_universal_target_starts_a_named_execution(aws: Aws) -> None:
    """`aws-sdk:sfn:startExecution` with a name made of the tick, at once and not again."""
    machine = aws.machine(ECHO)
    asked = {"StateMachineArn": machine, "Name": "run-<aws.scheduler.attempt-number>", "Input": '{"a": 1}'}
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "Input": json.dumps(asked)}
    due = datetime.now(UTC) + timedelta(seconds=4)
    schedule(aws, target, f"at({due:%Y-%m-%dT%H:%M:%S})")
    (execution,) = until(lambda: executions(aws, machine), bool)
    assert (execution["name"], json.loads(execution["input"])) == ("run-1", {"a": 1})


def test_what_cannot_be_called_is_kept(aws: Aws) -> None:
    """In the target's dead-letter queue."""
    url, arn = aws.queue("dead")
    target = {"Arn": "arn:aws:states:eu-west-1:000000000000:stateMachine:none", "Input": '{"a": 1}'}
    due = datetime.now(UTC) + timedelta(seconds=3)
    schedule(aws, {**target, "DeadLetterConfig": {"Arn": arn}}, f"at({due:%Y-%m-%dT%H:%M:%S})")
    (message,) = aws.received(url, 15)
    assert json.loads(message["Body"]) == {"a": 1}


def test_a_template_keeps_the_zone(either: Aws) -> None:
    """CloudFormation's time zone of a schedule, which the emulator drops, also when the stack is changed."""
    target = {"Arn": "arn:aws:states:eu-west-1:000000000000:stateMachine:m", "RoleArn": ROLE}
    properties = {"Name": "t", "ScheduleExpression": "cron(0 9 * * ? *)", "ScheduleExpressionTimezone": "Europe/Berlin"}
    resource = {"Type": "AWS::Scheduler::Schedule", "Properties": {**properties, "Target": target}}
    resource["Properties"]["FlexibleTimeWindow"] = {"Mode": "OFF"}  # type: ignore[index]
    cloud = either.client("cloudformation")
    for zone in ("Europe/Berlin", "Asia/Kolkata"):
        resource["Properties"]["ScheduleExpressionTimezone"] = zone  # type: ignore[index]
        template = json.dumps({"Resources": {"T": resource}})
        (cloud.create_stack if zone == "Europe/Berlin" else cloud.update_stack)(StackName="s", TemplateBody=template)
        found = either.client("scheduler").get_schedule(Name="t")["ScheduleExpressionTimezone"]
        assert found == (zone if either.is_patched else "UTC")
