"""Silver: all tables of a pipeline in one step, one output each.

The body only unpacks the context, hands the task to a compute Protocol and returns what the UI shows.
"""

# No postponed annotations here: Dagster reads the types of `config` and the resource from the functions.
from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.compute.tasks import TASK_METADATA, to_metadata
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.checks import evidence, load_check_results, load_check_specs, set_check_specs
from lakehouse_assets.graph.pipeline import RETRY, Pipeline, common, definition_metadata, freshness_policy
from lakehouse_assets.graph.reference import reference_result, reference_spec
from lakehouse_assets.graph.resource import LakehouseResource, reported, run_id_of
from lakehouse_assets.sql import lineage


def silver_assets(pipeline: Pipeline) -> dg.AssetsDefinition:
    """Reference and silver tables: one step, one output each, with the checks that the load itself decides."""
    tables, references = pipeline.layer("silver"), pipeline.layer("reference")
    checks = [spec for contract in tables for spec in load_check_specs(contract)]

    @dg.multi_asset(
        specs=[
            *(reference_spec(pipeline, contract) for contract in references),
            *(silver_spec(pipeline, contract) for contract in tables),
        ],
        check_specs=[*(spec for contract in references for spec in set_check_specs(contract)), *checks],
        name=f"{pipeline.name}_silver",
        retry_policy=RETRY,
        pool="glue",
    )
    def silver(context: dg.AssetExecutionContext, lakehouse: LakehouseResource) -> Iterator[Any]:
        services, run_id = lakehouse.services, run_id_of(context)
        with reported(services.folder(run_id), "load"):
            report = services.run_job(pipeline.load, run_id)
        services.refresh()
        for contract in references:
            yield reference_result(contract, report, services.preview(contract))
        for contract in tables:
            rows = services.count(contract)
            yield dg.MaterializeResult(
                asset_key=md.asset_key(contract),
                metadata=md.load_metadata(report, contract.name, rows, services.preview(contract))
                | silver_lineage(pipeline, contract),
                check_results=load_check_results(contract, report, evidence(pipeline, contract, services, report)),
            )

    return silver


def landing_of(pipeline: Pipeline, contract: Contract) -> Contract:
    """The landing dataset of a silver table."""
    return pipeline.contracts[f"landing.{contract.landing}"]


def silver_lineage(pipeline: Pipeline, contract: Contract) -> dict[str, Any]:
    """Columns of a silver table come from landing and, those that say which record it was, from the manifest.

    With the definition for who reads the graph, with each materialization for who reads the history.
    """
    landing = landing_of(pipeline, contract)
    columns = md.column_lineage(lineage.of_silver(contract, landing), {landing.catalog_name: landing})
    return {"dagster/column_lineage": md.with_provenance(columns, pipeline.manifest_key)}


def silver_spec(pipeline: Pipeline, contract: Contract) -> dg.AssetSpec:
    """One silver table."""
    task = dg.MetadataValue.json(to_metadata(pipeline.load))
    return dg.AssetSpec(
        md.asset_key(contract),
        deps=[pipeline.manifest_key, md.asset_key(landing_of(pipeline, contract))],
        freshness_policy=freshness_policy(contract),
        metadata=definition_metadata(contract, table_location(contract, "<lake>"))
        | silver_lineage(pipeline, contract)
        | {TASK_METADATA: task},
        **common(pipeline, contract, "deltalake"),
    )
