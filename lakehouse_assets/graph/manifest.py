"""Make the assets before the load: the landing datasets, and the manifest, which is the frozen work of one run."""

# No postponed annotations here: Dagster reads the type of the resource from the functions.
from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.compute.reports import PLAN, PlanReport
from lakehouse_assets.compute.services import Services
from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.core.request import RunRequest, parse_request
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.function import AssetDecorator, call_facts, function_facts
from lakehouse_assets.graph.landing_checks import tell
from lakehouse_assets.graph.partitions import window_of
from lakehouse_assets.graph.pipeline import Pipeline, common
from lakehouse_assets.graph.request_config import config_schema, given_config
from lakehouse_assets.graph.resource import Lakehouse, performing
from lakehouse_assets.graph.short_runs import completed
from lakehouse_assets.graph.standing import standing_results
from lakehouse_assets.graph.tasked import with_task

FORMAT_KINDS: dict[str, str] = {"csv": "csv", "json_pages": "json"}
"""Maps the format of a landing dataset to the kind that the UI shows."""


def landing_specs(pipeline: Pipeline) -> list[dg.AssetSpec]:
    """Return the landing datasets of a pipeline, one asset each."""
    return [landing_spec(pipeline, contract) for contract in pipeline.layer("landing")]


def landing_spec(pipeline: Pipeline, contract: Contract) -> dg.AssetSpec:
    """Return a landing dataset as an external asset: planned runs write its history, and its badge shows its age."""
    return dg.AssetSpec(
        md.asset_key(contract),
        metadata={"dagster/column_schema": md.table_schema(contract), "files": ", ".join(contract.files)},
        **common(pipeline, contract, FORMAT_KINDS[contract.format]),
    )


def manifest_asset(pipeline: Pipeline) -> dg.AssetsDefinition:
    """Return the asset that plans a run; with nothing to do it yields nothing, so that all that follows is skipped."""
    asset: AssetDecorator = dg.asset(
        key=pipeline.manifest_key,
        deps=[md.asset_key(c) for c in pipeline.layer("landing")],
        kinds={"json"},
        description="What one run works on, frozen once: the exact list of landed files (key, etag, size).",
        output_required=False,
        config_schema=config_schema(pipeline.asked),
        **function_facts(pipeline, "bronze", **{"dagster/column_schema": md.MANIFEST_SCHEMA}),
        **pipeline.partitioning,
    )

    @asset
    def manifest(
        context: dg.AssetExecutionContext, lakehouse: dg.ResourceParam[Lakehouse]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        services = lakehouse.services(pipeline, context.run)
        with performing(lakehouse, services, "plan", context.log):
            services.begin(asked_of(pipeline, context))
            answer = services.invoke(pipeline.plan)
        plan = services.run.report(PLAN, PlanReport)
        if plan is None or not plan.has_work:
            _say_nothing_to_do(pipeline, context, services, plan)
            return
        for doubt in plan.doubts:
            context.log.warning("File time: %s", doubt)
        for event in landing_events(pipeline, services.run.manifest()):
            context.log_event(event)
        told = plan_metadata(plan) | call_facts(answer) | md.run_report(services.run)
        yield dg.MaterializeResult(metadata=told | {"manifest": md.piece(services.run, "manifest")})

    return with_task(manifest, pipeline.plan)


def _say_nothing_to_do(
    pipeline: Pipeline, context: dg.AssetExecutionContext, services: Services, plan: PlanReport | None
) -> None:
    """Say why a run makes nothing, and how the checks stand that it does not come to."""
    context.log.info(nothing_words(plan))
    tell(pipeline, context, services)
    for evaluation in standing_results(pipeline, context, services):
        context.log_event(evaluation)


def nothing_words(plan: PlanReport | None) -> str:
    """Say why a run makes nothing."""
    usual = "Nothing to do: no file in landing, no row pending, gold is up to date."
    return f"Nothing to do, {plan.already}." if plan and plan.already else usual


def asked_of(pipeline: Pipeline, context: dg.AssetExecutionContext) -> RunRequest:
    """Return what a run is asked: its step's configuration, and the days that it was started for.

    Raises:
        BadRequest: something that the pipeline cannot be asked, or a value that is not allowed.
    """
    given = given_config(context.op_execution_context.op_config or {})
    window = window_of(context)
    given = completed(pipeline, context.job_name, given)
    if window is not None:
        given["window"] = window.model_dump()
    return parse_request(given, pipeline.asked)


def plan_metadata(plan: PlanReport) -> dict[str, Any]:
    """Return what was planned, as metadata."""
    return {f"files_{name}": count for name, count in plan.files.items()} | {
        "bytes": plan.bytes,
        "pending": plan.pending,
        "runs_to_catch_up": plan.unacknowledged,
        **({"models_behind": ", ".join(plan.models)} if plan.models else {}),
        "manifest": plan.manifest,
    }


def landing_events(pipeline: Pipeline, manifest: Manifest) -> list[dg.AssetMaterialization]:
    """Return one materialization for each landing dataset that has files in the plan."""
    return [
        dg.AssetMaterialization(md.asset_key(contract), metadata=md.landing_metadata(manifest, contract.name))
        for contract in pipeline.layer("landing")
        if manifest.of(contract.name)
    ]
