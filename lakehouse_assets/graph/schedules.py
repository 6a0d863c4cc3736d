"""Make schedules: they start runs of everything, whatever the landing sensor saw or gave up.

The plan step also picks up rows that wait for a parent and windows that gold has not acknowledged; with nothing to do
the run ends at once, as a success. A pipeline with daily partitions runs over its usual days, in one run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

from lakehouse_assets.graph.abandoned import fail_abandoned
from lakehouse_assets.graph.partitions import range_tags
from lakehouse_assets.graph.pipeline import Pipeline, Schedule
from lakehouse_assets.graph.queue import runs_ahead
from lakehouse_assets.graph.sentence import one_sentence
from lakehouse_assets.graph.short_runs import ShortRun
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import lake_of

ON, OFF = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED


def schedule_of(
    pipeline: Pipeline, schedule: Schedule, job: Job, settings: Settings, short: ShortRun | None = None
) -> dg.ScheduleDefinition:
    """Return a schedule of a pipeline or of its short run, in its zone; a tick first ends what a dead process left."""

    @one_sentence()
    def request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        fail_abandoned(context.instance, pipeline.name, lake_of(settings))
        ahead = runs_ahead(context.instance, pipeline.name) if short else []
        if ahead:  # it would hold up the runs that matter, and the next tick makes up for it
            return dg.SkipReason(f"run {ahead[0].run_id} of {ahead[0].job_name} goes on; the next tick makes up for it")
        # No run key of the days: a later tick of the same day works on the same days and is a run of its own.
        now = _now(context)
        window = short.window(pipeline, now) if short else pipeline.usual_window(now)
        return dg.RunRequest(run_config=_config(pipeline, context), tags=range_tags(pipeline, window))

    return dg.ScheduleDefinition(
        name=schedule.name,
        job=job,
        cron_schedule=schedule.cron,
        execution_fn=request,
        execution_timezone=pipeline.zone_in(settings),
        default_status=ON if schedule.is_on and settings.scheduler == "dagster" else OFF,
        description=schedule.description,
    )


def _config(pipeline: Pipeline, context: dg.ScheduleEvaluationContext) -> dict[str, Any]:
    """Return the plan's configuration, which hands on the tick: it is done once, whoever starts it.

    A tick that somebody makes by hand is for no moment.
    """
    tick = context._scheduled_execution_time  # noqa: SLF001 - as in `_now`
    if tick is None or "tick" not in pipeline.asked:
        return {}
    return {"ops": {pipeline.plan_op: {"config": {"tick": tick.astimezone(UTC).isoformat()}}}}


def _now(context: dg.ScheduleEvaluationContext) -> datetime:
    """Return the moment that the tick stands for."""
    return context._scheduled_execution_time or datetime.now(UTC)  # noqa: SLF001 - the property raises where there is none
