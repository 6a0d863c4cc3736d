"""Make everything that Dagster gets of one pipeline: its assets, its job, its schedules and its sensors."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

from lakehouse_assets.graph.alerts import alert_sensors
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.process import PIPELINE_TAG
from lakehouse_assets.graph.schedules import schedule_of
from lakehouse_assets.graph.sensors import landing_sensor
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import lake_of


def pipeline_definitions(pipeline: Pipeline, settings: Settings) -> dg.Definitions:
    """Return the definitions of one pipeline, without resources; nothing is read or written here."""
    pipeline = pipeline.here(settings)
    job = pipeline_job(pipeline)
    landing = [landing_sensor(pipeline, job, settings)] if pipeline.layer("landing") else []
    return dg.Definitions(
        assets=pipeline.assets,
        jobs=[job],
        schedules=[schedule_of(pipeline, schedule, job, settings) for schedule in pipeline.schedules],
        sensors=[*landing, *alert_sensors(pipeline, job, lake=lake_of(settings))],
    )


def pipeline_job(pipeline: Pipeline) -> Job:
    """Return the pipeline's one job, which runs everything that the pipeline owns in one process."""
    return dg.define_asset_job(
        pipeline.name,
        selection=dg.AssetSelection.groups(pipeline.name),
        executor_def=dg.in_process_executor,
        # One run of a pipeline at a time, see dagster.yaml.
        tags={PIPELINE_TAG: pipeline.name},
        description=f"The {pipeline.name} pipeline, from landing to archive, once.",
    )
