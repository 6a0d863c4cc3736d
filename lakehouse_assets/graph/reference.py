"""Reference tables: outputs of the load's step, which brings them up to date before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from lakehouse_assets.compute.tasks import TASK_METADATA, to_metadata
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.checks import set_check_results
from lakehouse_assets.graph.pipeline import Pipeline, common, definition_metadata, freshness_policy


def reference_spec(pipeline: Pipeline, contract: Contract) -> dg.AssetSpec:
    """One reference table; its rows come from the project, so nothing is upstream of it but the plan."""
    task = dg.MetadataValue.json(to_metadata(pipeline.load))
    return dg.AssetSpec(
        md.asset_key(contract),
        deps=[pipeline.manifest_key],
        freshness_policy=freshness_policy(contract),
        metadata=definition_metadata(contract, table_location(contract, "<lake>")) | {TASK_METADATA: task},
        **common(pipeline, contract, "csv", "deltalake"),
    )


def reference_result(
    contract: Contract, report: Mapping[str, Any], sample: Sequence[Mapping[str, Any]]
) -> dg.MaterializeResult[Any]:
    """What a load found of one reference table."""
    part = report["references"][contract.name]
    return dg.MaterializeResult(
        asset_key=md.asset_key(contract),
        metadata={
            "dagster/row_count": part["rows"],
            "replaced": part["has_changes"],
            "added_bytes": part["added_bytes"],
            "engine": report["engine"],
            "preview": md.preview(sample),
        },
        check_results=set_check_results(contract, report),
    )
