"""Landing and bronze: what lands, and the frozen list of it that one run works on."""

# No postponed annotations here: Dagster reads the types of `config` and the resource from the functions.
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from lakehouse_assets.compute.tasks import TASK_METADATA, to_metadata
from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.pipeline import RETRY, Pipeline, common, freshness_policy
from lakehouse_assets.graph.resource import LakehouseResource, invoked, reported, run_id_of


class PlanConfig(dg.Config):
    """What one run is asked to do; see `lambdas.planrun.logic.PlanRequest`."""

    as_of: str | None = None
    mode: str = "load"
    files: list[list[str]] | None = None
    date: str | None = None
    selection: dict[str, str] = {}  # noqa: RUF012 - pydantic copies defaults
    max_reject_ratio: float | None = None


def landing_spec(pipeline: Pipeline, contract: Contract) -> dg.AssetSpec:
    """A landing prefix: external, its history comes from planned runs; its badge shows that nothing comes any more."""
    return dg.AssetSpec(
        md.asset_key(contract),
        freshness_policy=freshness_policy(contract),
        metadata={"dagster/column_schema": md.table_schema(contract), "files": ", ".join(contract.files)},
        **common(pipeline, contract, "csv"),
    )


def manifest_asset(pipeline: Pipeline) -> dg.AssetsDefinition:
    """The frozen work of a run; yields nothing when there is nothing to do, so that all that follows is skipped."""

    @dg.asset(
        key=pipeline.manifest_key,
        deps=[md.asset_key(c) for c in pipeline.layer("landing")],
        group_name=pipeline.name,
        kinds={"json"},
        owners=[pipeline.layer("silver")[0].owner],
        description="The exact list of landed files (key, etag, size) that one run works on, frozen once.",
        tags={"layer": "bronze", "pipeline": pipeline.name},
        metadata={
            "dagster/column_schema": md.MANIFEST_SCHEMA,
            TASK_METADATA: dg.MetadataValue.json(to_metadata(pipeline.plan)),
        },
        output_required=False,
        retry_policy=RETRY,
    )
    def manifest(
        context: dg.AssetExecutionContext, config: PlanConfig, lakehouse: LakehouseResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        services, run_id = lakehouse.services, run_id_of(context)
        folder = services.folder(run_id)
        with reported(folder, "plan"):
            folder.write("request", request_facts(pipeline, config))
            plan, call = invoked(services, pipeline.plan, run_id)
        if not plan["has_work"]:
            context.log.info("Nothing to do: no file in landing, no row pending, gold is up to date.")
            return
        for event in landing_events(pipeline, folder.manifest()):
            context.log_event(event)
        yield dg.MaterializeResult(metadata=plan_metadata(plan) | call)

    return manifest


def plan_metadata(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What was planned."""
    shown = {f"files_{name}": count for name, count in plan["files"].items()}
    return shown | {name: plan[name] for name in ("bytes", "pending", "unacknowledged", "manifest")}


def landing_events(pipeline: Pipeline, manifest: Manifest) -> list[dg.AssetMaterialization]:
    """History of the landing datasets that have files in a plan."""
    return [
        dg.AssetMaterialization(md.asset_key(contract), metadata=md.landing_metadata(manifest, contract.name))
        for contract in pipeline.layer("landing")
        if manifest.of(contract.name)
    ]


def request_facts(pipeline: Pipeline, config: PlanConfig) -> dict[str, Any]:
    """The run's request, with its clock fixed."""
    facts = config.model_dump() | {"pipeline": pipeline.name}
    return facts | {"as_of": config.as_of or datetime.now(UTC).isoformat()}
