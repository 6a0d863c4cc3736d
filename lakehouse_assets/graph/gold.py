"""Gold: one asset per model."""

# No postponed annotations here: Dagster reads the types of `config` and the resource from the functions.
from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from lakehouse_assets.compute.tasks import TASK_METADATA, ModelTask, to_metadata
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.pipeline import RETRY, Pipeline, common, definition_metadata, freshness_policy
from lakehouse_assets.graph.resource import LakehouseResource, reported, run_id_of
from lakehouse_assets.sql import lineage
from lakehouse_assets.sql.models import sources, tables_read

AssetDecorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]


def gold_asset(pipeline: Pipeline, contract: Contract) -> dg.AssetsDefinition:
    """One gold model."""
    task = ModelTask(pipeline.name, f"gold.{contract.name}")
    model = pipeline.model(contract)
    read = sources(contract, model, pipeline.contracts)
    columns = lineage.of_model(model, contract, read)
    known = {"dagster/column_lineage": md.column_lineage(columns, read)}

    asset: AssetDecorator = dg.asset(
        key=md.asset_key(contract),
        deps=upstream(pipeline, read.values()),
        freshness_policy=freshness_policy(contract),
        metadata=definition_metadata(contract, table_location(contract, "<lake>"))
        | known
        | {TASK_METADATA: dg.MetadataValue.json(to_metadata(task))},
        retry_policy=RETRY,
        pool="athena",
        **common(pipeline, contract, "iceberg", "athena"),
    )

    @asset
    def gold(context: dg.AssetExecutionContext, lakehouse: LakehouseResource) -> dg.MaterializeResult[Any]:
        services, run_id = lakehouse.services, run_id_of(context)
        with reported(services.folder(run_id), contract.name):
            answer = services.build(task, run_id)
        return dg.MaterializeResult(metadata=md.model_metadata(answer) | known)

    return gold


def upstream(pipeline: Pipeline, read: Iterable[Contract]) -> list[dg.AssetKey]:
    """The assets that a model waits for: the tables it reads.

    The load's own step writes control tables and outputs silver, so who reads one waits for silver.
    """
    keys = [md.asset_key(contract) for contract in read]
    written = pipeline.layer("silver") if any(contract.layer == "side" for contract in read) else []
    return sorted({*keys, *(md.asset_key(contract) for contract in written)})


def control_specs(pipeline: Pipeline) -> list[dg.AssetSpec]:
    """The control tables of the load that models read, as external assets, so that lineage leads to them."""
    models = {contract.catalog_name: pipeline.model(contract) for contract in pipeline.layer("gold")}
    names = {name for model in models.values() for name in tables_read(model)}
    return [
        dg.AssetSpec(
            md.asset_key(contract),
            deps=[md.asset_key(silver) for silver in pipeline.layer("silver")],
            metadata=definition_metadata(contract, table_location(contract, "<lake>")),
            **common(pipeline, contract, "deltalake"),
        )
        for contract in pipeline.layer("side")
        if contract.catalog_name in names
    ]
