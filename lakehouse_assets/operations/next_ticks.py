"""Say when the schedules of a pipeline tick next, whether they are on, and whether anybody would hear the tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from lakehouse_assets.graph.pipeline import Pipeline


@dataclass(frozen=True)
class Tick:
    """Hold the next tick of a schedule, UTC, and whether the schedule is on."""

    schedule: str
    at: datetime
    is_on: bool


def next_ticks(settings: Settings, pipeline: Pipeline, instance: DagsterInstance | None, now: datetime) -> list[Tick]:
    """Return the next tick of each schedule of a pipeline, those that are on first, the soonest first."""
    from dagster._utils.schedules import cron_string_iterator

    zone = pipeline.zone_in(settings)
    switched = _switched(instance)
    found = []
    for schedule in (*pipeline.schedules, *(one.schedule for one in pipeline.short_runs if one.schedule)):
        at = next(cron_string_iterator(now.timestamp(), schedule.cron, zone)).astimezone(UTC)
        default = schedule.is_on and settings.scheduler == "dagster"
        is_on = schedule.is_on if settings.scheduler == "stepfunctions" else switched.get(schedule.name, default)
        found.append(Tick(schedule.name, at, is_on))
    return sorted(found, key=lambda tick: (not tick.is_on, tick.at))


def _switched(instance: DagsterInstance | None) -> dict[str, bool]:
    """Return which schedules and sensors somebody has switched on or off in the UI."""
    from dagster._core.scheduler.instigation import InstigatorStatus

    states = instance.all_instigator_state() if instance else ()
    on = {InstigatorStatus.RUNNING: True, InstigatorStatus.STOPPED: False}
    return {state.instigator_name: on[state.status] for state in states if state.status in on}


def daemon_alive(instance: DagsterInstance) -> bool:
    """Say whether the daemon that ticks schedules gave a sign of life lately."""
    from dagster._daemon.types import DaemonStatus

    found: dict[str, DaemonStatus] = dict(instance.get_daemon_statuses(daemon_types=["SCHEDULER"]))
    return any(status.healthy for status in found.values())
