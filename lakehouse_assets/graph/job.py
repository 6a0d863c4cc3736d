"""The job of a pipeline, and its type, which Dagster does not export."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

from lakehouse_assets.graph.pipeline import Pipeline, job_tags

__all__ = ["Job", "pipeline_job"]


def pipeline_job(pipeline: Pipeline) -> Job:
    """The pipeline's one job: everything it owns, in this process."""
    return dg.define_asset_job(
        pipeline.name,
        selection=dg.AssetSelection.groups(pipeline.name),
        executor_def=dg.in_process_executor,
        tags=job_tags(pipeline),
        description=f"The {pipeline.name} pipeline, from landing to archive, once.",
    )
