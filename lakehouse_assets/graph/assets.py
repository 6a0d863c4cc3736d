"""Every asset and check of a pipeline, in the order of the data: assembly of the factories beside."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.graph.archive import archive_asset
from lakehouse_assets.graph.bronze import landing_spec, manifest_asset
from lakehouse_assets.graph.checks import assertions
from lakehouse_assets.graph.gold import control_specs, gold_asset
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.silver import silver_assets


def pipeline_assets(pipeline: Pipeline) -> list[Any]:
    """Landing, manifest, reference tables and silver, their assertions, gold, its assertions, archive."""
    return [
        *(landing_spec(pipeline, contract) for contract in pipeline.layer("landing")),
        manifest_asset(pipeline),
        silver_assets(pipeline),
        *assertions(pipeline, "silver", [*pipeline.layer("reference"), *pipeline.layer("silver")]),
        *control_specs(pipeline),
        *(gold_asset(pipeline, contract) for contract in pipeline.layer("gold")),
        *gold_assertions(pipeline),
        archive_asset(pipeline),
    ]


def gold_assertions(pipeline: Pipeline) -> list[Any]:
    """One step of assertions per level of gold: a table that other models read is checked before they are built.

    Dagster would split one step for all of them by itself, but the task, which a machine runs, would still name all.
    """
    first, *others = pipeline.gold_levels or [[]]
    later = [assertions(pipeline, f"gold_{number}", level) for number, level in enumerate(others, 2)]
    return [step for steps in (assertions(pipeline, "gold", first), *later) for step in steps]
