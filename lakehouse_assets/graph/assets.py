"""Every asset and check of a pipeline, in the order of the data: assembly of the factories beside."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.graph.archive import archive_asset
from lakehouse_assets.graph.bronze import landing_spec, manifest_asset
from lakehouse_assets.graph.checks import assertions
from lakehouse_assets.graph.gold import gold_asset
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.silver import silver_assets


def pipeline_assets(pipeline: Pipeline) -> list[Any]:
    """Landing, manifest, silver, its assertions, gold, its assertions, archive."""
    return [
        *(landing_spec(pipeline, contract) for contract in pipeline.layer("landing")),
        manifest_asset(pipeline),
        silver_assets(pipeline),
        assertions(pipeline, "silver"),
        *(gold_asset(pipeline, contract) for contract in pipeline.layer("gold")),
        assertions(pipeline, "gold"),
        archive_asset(pipeline),
    ]
