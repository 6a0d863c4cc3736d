"""The code location: assembly only."""

from __future__ import annotations

import dagster as dg

from lakehouse_assets.ecommerce.assets import ECOMMERCE
from lakehouse_assets.ecommerce.assets import assets as ecommerce_assets
from lakehouse_assets.graph.pipeline import Pipeline, job_tags
from lakehouse_assets.graph.resource import LakehouseResource
from lakehouse_assets.settings import Settings, read_settings


def build_definitions(settings: Settings | None = None) -> dg.Definitions:
    """All definitions for these settings; no input or output happens here."""
    chosen = settings or read_settings()
    job = pipeline_job(ECOMMERCE)
    return dg.Definitions(
        assets=ecommerce_assets, jobs=[job], resources={"lakehouse": lakehouse(chosen, ECOMMERCE.name)}
    )


def pipeline_job(pipeline: Pipeline) -> dg.UnresolvedAssetJobDefinition:
    """The pipeline's one job: everything it owns, in this process."""
    return dg.define_asset_job(
        pipeline.name,
        selection=dg.AssetSelection.groups(pipeline.name),
        executor_def=dg.in_process_executor,
        tags=job_tags(pipeline),
        description=f"The {pipeline.name} pipeline, from landing to archive, once.",
    )


def lakehouse(settings: Settings, pipeline: str) -> LakehouseResource:
    """The resource of one pipeline."""
    return LakehouseResource(
        pipeline=pipeline,
        lake=str(settings.lake_root),
        landing=str(settings.landing_root),
        engine=settings.engine,
        zone=settings.source_timezone,
        memory=settings.duckdb_memory,
        threads=settings.duckdb_threads,
        spark_memory=settings.spark_memory,
        renew_seconds=settings.lease_renew_seconds,
    )


defs = build_definitions()
