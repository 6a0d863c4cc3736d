"""Make everything that Dagster gets of one pipeline: its assets, its job, its schedules and its sensors."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

from lakehouse_assets.graph.alerts import alert_sensors
from lakehouse_assets.graph.deadlines import CHECK, deadline_check, deadline_job, deadline_schedule, job_name
from lakehouse_assets.graph.history import history_sensor
from lakehouse_assets.graph.landing_checks import landing_checks
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.process import PIPELINE_TAG
from lakehouse_assets.graph.schedules import schedule_of
from lakehouse_assets.graph.sensors import landing_sensor
from lakehouse_assets.graph.short_runs import ShortRun
from lakehouse_assets.graph.watch import watch_sensor
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import lake_of


def pipeline_definitions(pipeline: Pipeline, settings: Settings) -> dg.Definitions:
    """Return the definitions of one pipeline, without resources; nothing is read or written here."""
    pipeline = pipeline.here(settings)
    job = pipeline_job(pipeline)
    short = [(one, short_job(pipeline, one)) for one in pipeline.short_runs]
    landing = [landing_sensor(pipeline, job, settings)] if pipeline.lands and pipeline.layer("landing") else []
    schedules = [
        *(schedule_of(pipeline, schedule, job, settings) for schedule in pipeline.schedules),
        *(schedule_of(pipeline, one.schedule, job, settings, one) for one, job in short if one.schedule),
    ]
    sensors = [*landing, *alert_sensors(pipeline, job, lake=lake_of(settings)), history_sensor(pipeline, settings)]
    names = [*(one.name for one in schedules), *(one.name for one in sensors)] + (
        [job_name(pipeline.name)] if pipeline.deadline else []
    )
    own = dg.Definitions(
        assets=pipeline.assets,
        asset_checks=landing_checks(pipeline),
        jobs=[job, *(job for _, job in short)],
        schedules=schedules,
        sensors=[*sensors, watch_sensor(pipeline, settings, names)],
    )
    return dg.Definitions.merge(own, deadline_definitions(pipeline)) if pipeline.deadline else own


def deadline_definitions(pipeline: Pipeline) -> dg.Definitions:
    """Return what watches the deadline of a pipeline: the check, and the job and the schedule that ask it."""
    deadline, days, zone = pipeline.deadline, pipeline.days, pipeline.zone or "UTC"
    if deadline is None or days is None:
        return dg.Definitions()
    check = deadline_check(deadline, pipeline.name, zone, days.first, days.window_days)
    job = deadline_job(pipeline.name, check)
    return dg.Definitions(
        asset_checks=[check], jobs=[job], schedules=[deadline_schedule(deadline, pipeline.name, zone, job)]
    )


def pipeline_job(pipeline: Pipeline) -> Job:
    """Return the pipeline's one job, which runs everything that the pipeline owns in one process."""
    whole = dg.AssetSelection.tag("pipeline", pipeline.name)
    asked = [dg.AssetCheckKey(key, CHECK) for key in pipeline.deadline.keys] if pipeline.deadline else []
    return dg.define_asset_job(
        pipeline.name,
        # Whether days were made in time is asked from outside, also when no run begins.
        selection=whole - dg.AssetSelection.checks(*asked) if asked else whole,
        executor_def=dg.in_process_executor,
        # One run of a pipeline at a time, see dagster.yaml.
        tags={PIPELINE_TAG: pipeline.name},
        description=f"The {pipeline.name} pipeline, from landing to archive, once.",
    )


def short_job(pipeline: Pipeline, short: ShortRun) -> Job:
    """Return the job of a short run; it never goes on beside another run of the pipeline."""
    return dg.define_asset_job(
        short.job(pipeline),
        selection=short.selection(pipeline),
        executor_def=dg.in_process_executor,
        tags={PIPELINE_TAG: pipeline.name},
        description=short.description,
    )
