"""The daily safety net: a run of everything, whatever the landing sensor saw or gave up.

The plan step also picks up rows that wait for a parent and dates that gold has not acknowledged; with nothing to do
the run ends at once, as a success.
"""

from __future__ import annotations

import dagster as dg

from lakehouse_assets.graph.abandoned import fail_abandoned
from lakehouse_assets.graph.job import Job
from lakehouse_assets.graph.pipeline import Pipeline

DAILY = "0 6 * * *"
"""After the night's drops, before people come."""


def daily_schedule(pipeline: Pipeline, job: Job, *, zone: str) -> dg.ScheduleDefinition:
    """The schedule of a pipeline, in the zone of its business dates; a tick first ends what a killed process left."""

    def request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        fail_abandoned(context.instance, pipeline.name)
        return dg.RunRequest()

    return dg.ScheduleDefinition(
        name=f"{pipeline.name}_daily",
        job=job,
        cron_schedule=DAILY,
        execution_fn=request,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Runs {pipeline.name} once a day for all that is in landing, pending or not yet in gold.",
    )
