"""Say what starts the machines without being asked: ticks of a clock, and files that are dropped.

Both are plain lists, of which a deployment makes what its services take. Not here: whether they are on in an
installation, where Dagster may be what schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepfunctions.calls import INSTALLED
from stepfunctions.crons import later_crons, scheduler_cron

if TYPE_CHECKING:
    from lakehouse_assets.graph.pipeline import Pipeline, Schedule

TICK = {"tick": "<aws.scheduler.scheduled-time>"}
"""The input of an execution that a tick starts; EventBridge Scheduler puts the tick's moment into it:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
MISSED_MINUTES = 45
"""How long after a tick its run has to be over, or somebody is told."""


def schedules(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return the schedules of a pipeline and of its short runs, by name.

    Each has `name`, `pipeline`, `machine`, `cron` and `timezone` (a substitution where the installation says it),
    `input` of the execution, `enabled`, `description`, and `check_crons`, when its tick may be missed.

    Raises:
        EmissionInvalid: EventBridge has no expression for a schedule's times.
    """
    short = [(one.schedule, one.job(pipeline)) for one in pipeline.short_runs if one.schedule]
    own = [(schedule, pipeline.name) for schedule in pipeline.schedules]
    return sorted((_schedule(pipeline, *one) for one in (*own, *short)), key=lambda one: str(one["name"]))


def _schedule(pipeline: Pipeline, schedule: Schedule, machine: str) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "pipeline": pipeline.name,
        "machine": machine,
        "cron": scheduler_cron(schedule.cron),
        "timezone": pipeline.zone or INSTALLED["source_timezone"],
        "input": TICK,
        "enabled": schedule.is_on,
        "description": schedule.description,
        "check_crons": later_crons(schedule.cron, MISSED_MINUTES),
    }


def triggers(pipeline: Pipeline) -> list[dict[str, str]]:
    """Return which machine a file starts that is dropped into the landing of a pipeline, below its `prefix` there."""
    return [{"pipeline": pipeline.name, "machine": pipeline.name, "prefix": ""}] if pipeline.lands else []
