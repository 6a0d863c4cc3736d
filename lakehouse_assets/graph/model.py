"""Make gold: one asset per model."""

# No postponed annotations here: Dagster reads the type of the resource from the functions.
from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.compute.costs import spent_on
from lakehouse_assets.compute.reports import model_piece
from lakehouse_assets.compute.tasks import ModelTask
from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.request import parse_request
from lakehouse_assets.errors import ContractInvalid, LakehouseError
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.checks import fit_result, fit_spec
from lakehouse_assets.graph.function import AssetDecorator
from lakehouse_assets.graph.late_days import late_materializations
from lakehouse_assets.graph.partitions import each_day, window_of
from lakehouse_assets.graph.pipeline import RETRY, Pipeline, stored_facts
from lakehouse_assets.graph.request_config import config_schema, given_config
from lakehouse_assets.graph.resource import Lakehouse, performing, reported
from lakehouse_assets.graph.tasked import with_task
from lakehouse_assets.sql import lineage
from lakehouse_assets.sql.models import sources


def model_assets(pipeline: Pipeline) -> list[dg.AssetsDefinition]:
    """Return the gold tables of a pipeline, one asset each."""
    broken = pipeline.gold_models.broken.items()
    usable = [model_asset(pipeline, contract) for contract in pipeline.layer("gold")]
    return [*usable, *(broken_model(pipeline, name, error) for name, error in broken)]


def broken_model(pipeline: Pipeline, name: str, error: LakehouseError) -> dg.AssetsDefinition:
    """Return the asset of a gold table that cannot be built: its step says why, and everything else goes on."""
    asset: AssetDecorator = dg.asset(
        key=dg.AssetKey(name.split(".", 1)),
        deps=[pipeline.manifest_key],
        group_name="gold",
        owners=[pipeline.owner],
        tags={"layer": "gold", "pipeline": pipeline.name},
        description=f"This table cannot be built: {error}",
        **pipeline.partitioning,
    )

    @asset
    def model(context: dg.AssetExecutionContext, lakehouse: dg.ResourceParam[Lakehouse]) -> None:
        services = lakehouse.services(pipeline, context.run)
        with reported(services.run, name):
            raise error

    return model


def model_asset(pipeline: Pipeline, contract: Contract) -> dg.AssetsDefinition:
    """Return the asset of one gold table, whose step builds it from its model."""
    task = ModelTask(pipeline.name, f"gold.{contract.name}")
    select = pipeline.model(contract)
    read = sources(contract, select, pipeline.contracts)
    try:
        columns = lineage.of_model(select, contract, read)
    except ContractInvalid as error:
        return broken_model(pipeline, f"gold.{contract.name}", error)
    known = {"dagster/column_lineage": md.column_lineage(columns, read), "sql": md.sql(select)}

    asset: AssetDecorator = dg.asset(
        key=md.asset_key(contract),
        code_version=pipeline.model_version(contract).code,
        deps=[md.asset_key(source) for source in read.values()],
        check_specs=[fit_spec(contract)],
        retry_policy=RETRY,
        pool="athena",
        config_schema=config_schema(["full_refresh"]),
        **stored_facts(pipeline, contract, "iceberg", **known),
        **pipeline.partitioning,
    )

    @asset
    def model(context: dg.AssetExecutionContext, lakehouse: dg.ResourceParam[Lakehouse]) -> Iterator[Any]:
        services = lakehouse.services(pipeline, context.run)
        with performing(lakehouse, services, contract.name, context.log):
            asked = parse_request(given_config(context.op_execution_context.op_config or {}))
            report = services.build(task, whole=asked.full_refresh)
        spent = spent_on(services.spent(model_piece(contract.name)))
        told = md.model_metadata(report) | md.spending(spent) | known | md.run_report(services.run)
        told = each_day(context, md.asset_key(contract), told)
        for event in late_materializations(pipeline, contract, window_of(context), report.window, told):
            context.log_event(event)
        yield dg.MaterializeResult(metadata=told, check_results=[fit_result(contract, report)])

    return with_task(model, task)
