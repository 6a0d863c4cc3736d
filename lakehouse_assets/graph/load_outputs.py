"""Declare what the load's step writes beside silver: reference tables, and the control tables that models read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.compute.services import Services
from lakehouse_assets.contracts import Contract
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.load_checks import set_check_results
from lakehouse_assets.graph.partitions import materialized
from lakehouse_assets.graph.pipeline import Pipeline, stored_facts
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.sql.models import tables_read


def written_tables(pipeline: Pipeline) -> list[Contract]:
    """Return reference tables, and the control tables that a model reads; what nobody reads is no part of the graph."""
    read = {name for contract in pipeline.layer("gold") for name in tables_read(pipeline.model(contract))}
    controls = [contract for contract in pipeline.layer("control") if contract.catalog_name in read]
    return [*pipeline.layer("reference"), *controls]


def output_spec(pipeline: Pipeline, contract: Contract, after: list[dg.AssetKey]) -> dg.AssetSpec:
    """Return the asset of one such table; a reference table has no table upstream, as the project holds its rows."""
    kinds = ("csv", "deltalake") if contract.layer == "reference" else ("deltalake",)
    return dg.AssetSpec(
        md.asset_key(contract),
        deps=after,
        **stored_facts(pipeline, contract, *kinds),
    )


def output_results(
    pipeline: Pipeline, context: dg.AssetExecutionContext, report: LoadReport, services: Services
) -> Iterator[dg.MaterializeResult[Any]]:
    """Yield what a load left in each of these tables, one result per table."""
    for contract in written_tables(pipeline):
        reference = report.references.get(contract.name)
        replaced = {"replaced": reference.has_changes, "added_bytes": reference.added_bytes} if reference else {}
        told = {
            "dagster/row_count": services.count(contract),
            **replaced,
            "engine": report.engine,
            **md.run_report(services.run),
            "preview": md.preview(services.preview(contract)),
        }
        yield materialized(context, md.asset_key(contract), told, set_check_results(contract, report))
