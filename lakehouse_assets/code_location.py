"""Assemble a code location from pipelines; importing this makes none, so that a command makes that of its pipeline."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from lakehouse_assets.graph.assembly import pipeline_definitions
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.resource import lakehouse_resource
from lakehouse_assets.graph.tasked import without_task
from lakehouse_assets.pipelines import all_pipelines
from lakehouse_assets.progress import Progress
from lakehouse_assets.settings import Settings, read_settings


def build_definitions(
    settings: Settings | None = None, pipelines: Sequence[Pipeline] | None = None, progress: Progress | None = None
) -> dg.Definitions:
    """Return all definitions for these settings; no table, store or network is touched here.

    Args:
        settings: the settings to use; None reads them from the environment.
        pipelines: the pipelines to assemble; None takes those that the environment names.
        progress: what a run of this process is doing, for whoever shows it; None where nobody does.
    """
    chosen = settings or read_settings()
    named = all_pipelines() if pipelines is None else pipelines
    shared = dg.Definitions(
        resources={"lakehouse": lakehouse_resource(chosen, progress)},
        # Also for what is selected in the UI: a run is one process, because it holds one lease per pipeline.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(shared, *(pipeline_definitions(pipeline, chosen) for pipeline in named))


def code_location(settings: Settings | None = None) -> dg.Definitions:
    """Return all definitions as people see them in the UI: without what only state machines are made of.

    Args:
        settings: as `build_definitions`.
    """
    made = build_definitions(settings)
    return dg.Definitions(
        assets=[without_task(asset) for asset in made.assets or ()],
        asset_checks=made.asset_checks,
        jobs=made.jobs,
        schedules=made.schedules,
        sensors=made.sensors,
        resources=made.resources,
        executor=made.executor,
    )
