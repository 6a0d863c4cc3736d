"""The code location: assembly only."""

from __future__ import annotations

import dagster as dg

from lakehouse_assets.ecommerce.assets import ECOMMERCE
from lakehouse_assets.ecommerce.assets import assets as ecommerce_assets
from lakehouse_assets.ecommerce.schedules import schedules as ecommerce_schedules
from lakehouse_assets.ecommerce.sensors import sensors as ecommerce_sensors
from lakehouse_assets.graph.job import pipeline_job
from lakehouse_assets.graph.resource import LakehouseResource
from lakehouse_assets.settings import Settings, read_settings


def build_definitions(settings: Settings | None = None) -> dg.Definitions:
    """All definitions for these settings; no input or output happens here."""
    chosen = settings or read_settings()
    job = pipeline_job(ECOMMERCE)
    return dg.Definitions(
        assets=ecommerce_assets,
        jobs=[job],
        schedules=ecommerce_schedules(job, chosen),
        sensors=ecommerce_sensors(job, chosen),
        resources={"lakehouse": lakehouse(chosen, ECOMMERCE.name)},
        # Also for what is selected in the UI: a run is one process, because it holds one lease.
        executor=dg.in_process_executor,
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
