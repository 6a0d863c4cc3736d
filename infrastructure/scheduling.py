"""Make the schedules from what is emitted, and those that ask later whether a tick's run has come."""

from __future__ import annotations

import json

from infrastructure.functions import FUNCTIONS
from infrastructure.machines import Machine, Tick, expression
from infrastructure.pipelines import Place
from infrastructure.yaml_text import Json

CHECK_MINUTES = 45
"""How long after its tick a run is asked for."""
LANDING_MINUTES = 30
"""How often landing is looked at for files that nobody takes, whether something runs or not."""
TRIES = {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600}
"""Says how long a start is tried: one that comes much later would do the work of the next tick."""


def schedule_resources(machines: list[Machine], found: list[Tick], places: dict[str, Place]) -> dict[str, Json]:
    """Return the schedules of runs, of questions for their ticks, and of looks at landing, in a group of their own."""
    if not found:
        return {}
    group = {"Name": {"Fn::Sub": "${FunctionPrefix}lakehouse-${EnvironmentName}"}}
    made: dict[str, Json] = {"ScheduleGroup": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": group}}
    by_name = {machine.name: machine for machine in machines}
    checks = any(function.name == "CheckTick" for function in FUNCTIONS)
    for tick in found:
        zone = places[tick.pipeline].zone if tick.timezone.startswith("${") else tick.timezone
        target = {"Arn": {"Ref": by_name[tick.machine].logical_id}, "Input": json.dumps(tick.input, sort_keys=True)}
        made[tick.logical_id] = _schedule(tick, tick.name, expression(tick.cron), zone, target, tick.description)
        for number, cron in enumerate(tick.check_crons if checks else ()):
            made[f"{tick.logical_id}Check{number or ''}"] = _check(tick, cron, zone, number)
    for name, place in places.items() if checks else ():
        made |= _look(name, place) if place.lands else {}
    return made


def _look(pipeline: str, place: Place) -> dict[str, Json]:
    """Return the schedule by which the age of what is in a landing is measured; who starts runs does not matter."""
    asked = json.dumps({"pipeline": pipeline, "landing": place.landing}, sort_keys=True)
    target = {"Arn": {"Fn::GetAtt": ["CheckTick", "Arn"]}, "Input": {"Fn::Sub": asked}}
    about = f"Measures how old what is in the landing of {pipeline} is."
    rate = f"rate({LANDING_MINUTES} minutes)"
    always = Tick(
        f"{pipeline}-landing", pipeline, pipeline, rate, "UTC", {}, enabled=True, description=about, check_crons=[]
    )
    made = _schedule(always, always.name, rate, "UTC", target, about)
    made["Properties"]["State"] = "ENABLED"
    return {f"{pipeline.capitalize()}LandingLook": made}


def _check(tick: Tick, cron: str, zone: str, number: int) -> Json:
    asked = {
        "pipeline": tick.pipeline,
        "job": tick.machine,
        "schedule": tick.name,
        "asked_at": "<aws.scheduler.scheduled-time>",
        "minutes": CHECK_MINUTES,
    }
    text = json.dumps(asked, sort_keys=True)
    lake = {"Fn::Sub": text.replace("{", '{"lake": "s3://${LakeBucket}", "topic": "${Topic}", ', 1)}
    target = {"Arn": {"Fn::GetAtt": ["CheckTick", "Arn"]}, "Input": lake}
    about = f"Asks whether the run of {tick.name} has come."
    return _schedule(tick, f"{tick.name}-check{number or ''}", expression(cron), zone, target, about)


def _schedule(tick: Tick, name: str, cron: str, zone: str, target: Json, about: str) -> Json:
    role = {"RoleArn": {"Fn::GetAtt": ["SchedulerRole", "Arn"]}}
    letters = {"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}}
    properties: Json = {
        "Name": {"Fn::Sub": f"${{FunctionPrefix}}{name}"},
        "GroupName": {"Ref": "ScheduleGroup"},
        "Description": about,
        "ScheduleExpression": cron,
        "ScheduleExpressionTimezone": {"Fn::Sub": zone} if "${" in zone else zone,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": {"Fn::If": ["SchedulesHere", "ENABLED", "DISABLED"]} if tick.enabled else "DISABLED",
        "Target": target | role | letters | {"RetryPolicy": TRIES},
    }
    return {"Type": "AWS::Scheduler::Schedule", "Properties": properties}
