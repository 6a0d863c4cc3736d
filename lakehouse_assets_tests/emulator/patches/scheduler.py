"""Fire schedules as EventBridge Scheduler does: in their time zone, with what it knows about the tick, to any API.

MiniStack reads cron in UTC whatever the zone is, hands `<aws.scheduler.scheduled-time>` on as it is written, and does
nothing for a universal target (`arn:aws:scheduler:::aws-sdk:sfn:startExecution`).
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .controls import CONTROLS
from .schedule_times import moment_of_at, next_of_cron, next_of_rate

LOG = logging.getLogger("scheduler")
PAUSE_SECONDS = 1
KEPT = ("ScheduleExpressionTimezone", "StartDate", "EndDate", "KmsKeyArn", "ActionAfterCompletion")
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"

LOOKED: dict[Any, datetime] = {}
"""Until when each schedule has been looked at; a tick is due when it lies between then and now."""


def scheduler() -> None:
    """Replace the daemon's round, and keep what CloudFormation drops."""
    from ministack.services import scheduler as service
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::Scheduler::Schedule"]
    create, update = handlers["create"], handlers["update"]

    def kept(made: tuple[str, Any], properties: dict[str, Any]) -> tuple[str, Any]:
        told = {key: properties[key] for key in KEPT if key in properties}
        service._schedules[f"{properties.get('GroupName', 'default')}/{made[0]}"].update(told)
        return made

    handlers["create"] = lambda logical, given, stack: kept(create(logical, given, stack), given)
    handlers["update"] = lambda name, old, new, stack: kept(update(name, old, new, stack), new)
    service._SCHEDULE_TICK_INTERVAL = PAUSE_SECONDS
    service._tick_schedules = lambda: fire_due(service)


def now() -> datetime:
    """The scheduler's clock, which a test may set ahead."""
    return datetime.now(UTC) + timedelta(seconds=CONTROLS["clock_ahead_seconds"])


def fire_due(service: Any) -> None:
    """Fire what has become due since the last round."""
    from ministack.core.responses import set_request_account_id, set_request_region

    moment = now()
    for place, schedule in list(service._schedules._data.items()):
        account, region, _ = place
        key = (*place, schedule["CreationDate"])
        looked = LOOKED.setdefault(key, moment)
        LOOKED[key] = max(looked, moment)
        due = due_at(schedule, looked, moment)
        if due is None or schedule.get("State") != "ENABLED" or not is_within(service, schedule, due):
            continue
        set_request_account_id(account)
        set_request_region(region)
        fire(schedule, due)
        if schedule["ScheduleExpression"].startswith("at(") and schedule.get("ActionAfterCompletion") == "DELETE":
            service._schedules._data.pop(place, None)


def is_within(service: Any, schedule: dict[str, Any], due: datetime) -> bool:
    """Say whether a tick lies between a schedule's first and last moment."""
    begin, end = (service._to_epoch(schedule.get(name)) for name in ("StartDate", "EndDate"))
    return (begin is None or begin <= due.timestamp()) and (end is None or due.timestamp() <= end)


def due_at(schedule: dict[str, Any], looked: datetime, moment: datetime) -> datetime | None:
    """Return the first tick after one moment and not after another; None without one."""
    expression, zone = schedule["ScheduleExpression"], ZoneInfo(schedule.get("ScheduleExpressionTimezone") or "UTC")
    if expression.startswith("at("):
        due: datetime | None = moment_of_at(expression, zone)
    elif expression.startswith("cron("):
        due = next_of_cron(expression, zone, looked)
    else:
        due = next_of_rate(expression, datetime.fromtimestamp(schedule["CreationDate"], UTC), looked)
    return due if due and looked < due <= moment else None


def fire(schedule: dict[str, Any], due: datetime) -> None:
    """Call a schedule's target; what cannot be called goes to its dead-letter queue."""
    from ministack.core.responses import new_uuid

    target = schedule["Target"]
    tokens = {
        "<aws.scheduler.schedule-arn>": schedule["Arn"],
        "<aws.scheduler.scheduled-time>": due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "<aws.scheduler.execution-id>": new_uuid(),
        "<aws.scheduler.attempt-number>": "1",
    }
    given = target.get("Input") or "{}"
    for token, value in tokens.items():
        given = given.replace(token, value)
    try:
        call(schedule, target, given)
    except Exception as error:  # noqa: BLE001 - whatever refuses
        LOG.warning("schedule %s: %s", schedule["Name"], error)
        dead(target, given)


def call(schedule: dict[str, Any], target: dict[str, Any], given: str) -> None:
    """Call a target.

    Raises:
        Exception: it refuses.
    """
    from ministack.services import eventbridge
    from ministack.services import stepfunctions as sfn

    arn = target["Arn"]
    if arn.startswith(UNIVERSAL):
        service, _, action = arn.removeprefix(UNIVERSAL).partition(":")
        sfn._invoke_aws_sdk_integration(f"arn:aws:states:::aws-sdk:{service}:{action}", json.loads(given))
    elif ":states:" in arn:
        sfn._invoke_aws_sdk_integration(
            "arn:aws:states:::aws-sdk:sfn:startExecution", {"StateMachineArn": arn, "Input": given}
        )
    else:
        event = {"EventId": "", "Source": "aws.scheduler", "DetailType": "Scheduled Event", "Detail": "{}"}
        whole = {**event, "Time": time.time(), "Resources": [schedule["Arn"]], "Account": "", "Region": ""}
        eventbridge._invoke_target({**target, "Input": given}, whole, schedule)


def dead(target: dict[str, Any], given: str) -> None:
    """Put what was not delivered into the target's dead-letter queue, if it has one."""
    from ministack.core.arn import parse_arn
    from ministack.services import eventbridge

    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue:
        eventbridge._dispatch_to_sqs(parse_arn(queue), given)
