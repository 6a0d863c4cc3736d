"""What a pipeline is to the graph: its name, its contracts and its tasks, and what all its tables have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dagster as dg

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask
from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import model_sql, silver_tables
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.process import PIPELINE_TAG
from lakehouse_assets.sql.models import levels

RETRY = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For transient errors only: `reported` forbids a retry of the others."""


@dataclass(frozen=True)
class Pipeline:
    """Name, contracts and tasks of one pipeline: all that the factories need."""

    name: str
    plan: FunctionTask
    load: GlueTask
    archive: FunctionTask

    @property
    def contracts(self) -> dict[str, Contract]:
        """The pipeline's contracts."""
        return contracts(self.name)

    def model(self, contract: Contract) -> str:
        """The SELECT of a gold table."""
        return model_sql(self.name, contract.name)

    def layer(self, layer: str) -> list[Contract]:
        """Contracts of one layer by name; silver parents and gold sources first."""
        if layer == "silver":
            return list(silver_tables(self.contracts))
        if layer == "gold":
            return [contract for level in self.gold_levels for contract in level]
        return sorted((c for c in self.contracts.values() if c.layer == layer), key=lambda c: c.name)

    @property
    def gold_levels(self) -> list[list[Contract]]:
        """Gold tables by what they read: each level reads gold of the levels before it only.

        Raises:
            ContractInvalid: models read each other in a circle.
        """
        gold = {c.catalog_name: c for c in self.contracts.values() if c.layer == "gold"}
        ordered = levels({name: self.model(contract) for name, contract in gold.items()})
        return [[gold[name] for name in level] for level in ordered]

    @property
    def manifest_key(self) -> dg.AssetKey:
        """The bronze asset."""
        return dg.AssetKey(["bronze", f"{self.name}_manifest"])

    @property
    def archive_key(self) -> dg.AssetKey:
        """The last asset."""
        return dg.AssetKey(["archive", f"{self.name}_files"])

    @property
    def keys(self) -> frozenset[dg.AssetKey]:
        """All its assets."""
        tables = (md.asset_key(contract) for contract in self.contracts.values() if contract.layer != "side")
        return frozenset({self.manifest_key, self.archive_key, *tables})


def common(pipeline: Pipeline, contract: Contract, *kinds: str) -> dict[str, Any]:
    """Group, owner, kinds and tags that every table of a pipeline has."""
    return {
        "group_name": pipeline.name,
        "owners": [contract.owner],
        "kinds": set(kinds),
        "description": f"{contract.description}: {contract.grain}.",
        "tags": {"layer": contract.layer, "pipeline": pipeline.name},
    }


def definition_metadata(contract: Contract, location: str) -> dict[str, Any]:
    """What is known of a table before it holds a row."""
    return {
        "dagster/table_name": contract.catalog_name,
        "dagster/column_schema": md.table_schema(contract),
        "contract": f"{contract.layer}.{contract.name} {contract.version}",
        "location": location,
    }


def freshness_policy(contract: Contract) -> dg.FreshnessPolicy | None:
    """The contract's SLA as a badge: red when the latest materialization is older than promised."""
    if contract.freshness_hours is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=contract.freshness_hours))


def job_tags(pipeline: Pipeline) -> dict[str, str]:
    """Tags of the pipeline's runs; one at a time (dagster.yaml)."""
    return {PIPELINE_TAG: pipeline.name}
