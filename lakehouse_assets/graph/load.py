"""Make the load: one step that writes all silver tables of a pipeline, with one output each.

The body only unpacks the context, hands the task to the run's services and returns what the UI shows.
"""

# No postponed annotations here: Dagster reads the type of the resource from the functions.
from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.compute.costs import spent_on
from lakehouse_assets.compute.services import Services
from lakehouse_assets.compute.tasks import GlueTask
from lakehouse_assets.contracts import Contract
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.landing_checks import tell
from lakehouse_assets.graph.load_checks import evidence, load_check_results, load_check_specs, set_check_specs
from lakehouse_assets.graph.load_outputs import output_results, output_spec, written_tables
from lakehouse_assets.graph.partitions import materialized
from lakehouse_assets.graph.pipeline import RETRY, Pipeline, stored_facts
from lakehouse_assets.graph.resource import Lakehouse, performing
from lakehouse_assets.graph.tasked import with_task
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.sql import lineage


def load_assets(pipeline: Pipeline, task: GlueTask, after: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """Make silver and the tables written beside it in one step: one output each, with the checks that it decides."""
    tables, others, upstream = pipeline.layer("silver"), written_tables(pipeline), list(after)

    @dg.multi_asset(
        specs=[
            *(output_spec(pipeline, contract, upstream) for contract in others),
            *(silver_spec(pipeline, contract, upstream) for contract in tables),
        ],
        check_specs=[
            *(spec for contract in others for spec in set_check_specs(contract)),
            *(spec for contract in tables for spec in load_check_specs(contract)),
        ],
        name=f"{pipeline.name}_silver",
        retry_policy=RETRY,
        pool="glue",
        **pipeline.partitioning,
    )
    def silver(context: dg.AssetExecutionContext, lakehouse: dg.ResourceParam[Lakehouse]) -> Iterator[Any]:
        services = lakehouse.services(pipeline, context.run)
        with performing(lakehouse, services, "load", context.log):
            report = services.run_job(task)
        _say(pipeline, context, services, report)
        yield from output_results(pipeline, context, report, services)
        shares = {contract.name: report.tables[contract.name].seconds for contract in tables}
        for contract in tables:
            facts = md.load_metadata(report, contract.name, services.count(contract), services.preview(contract))
            spent = spent_on(services.spent("load"), contract.name, shares)
            told = facts | md.spending(spent) | silver_lineage(pipeline, contract) | md.run_report(services.run)
            results = load_check_results(contract, report, evidence(pipeline, contract, services, report))
            yield materialized(context, md.asset_key(contract), told, results)

    return with_task(silver, task)


def _say(pipeline: Pipeline, context: dg.AssetExecutionContext, services: Services, report: LoadReport) -> None:
    """Say what became of the files that came, and which parents waiting rows may have meant."""
    tell(pipeline, context, services)
    for hint in report.hints:
        context.log.warning("Rows wait: %s; they differ in blanks, case, leading zeros or `.0` only", hint)


def landing_of(pipeline: Pipeline, contract: Contract) -> Contract:
    """Return the contract of the landing dataset that a silver table is loaded from."""
    return pipeline.contracts[f"landing.{contract.landing}"]


def silver_lineage(pipeline: Pipeline, contract: Contract) -> dict[str, Any]:
    """Say where a silver table's columns come from: landing, or the manifest for those that say which record it was.

    It goes with the definition for who reads the graph, and with each materialization for who reads the history.
    """
    landing = landing_of(pipeline, contract)
    columns = md.column_lineage(lineage.of_silver(contract, landing), {landing.catalog_name: landing})
    return {"dagster/column_lineage": md.with_provenance(columns, pipeline.manifest_key)}


def silver_spec(pipeline: Pipeline, contract: Contract, after: list[dg.AssetKey]) -> dg.AssetSpec:
    """Return the asset of one silver table as an output of the load's step."""
    return dg.AssetSpec(
        md.asset_key(contract),
        deps=[*after, md.asset_key(landing_of(pipeline, contract))],
        **stored_facts(pipeline, contract, "deltalake", **silver_lineage(pipeline, contract)),
    )
