"""Asset factories: a pipeline's assets from its contracts, models and tasks.

Bodies only unpack the context, hand the task to a compute Protocol and return what the UI shows.
"""

# No postponed annotations here: Dagster reads the types of `config` and the resource from the functions.
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from lakehouse_assets.compute.local import model_sql, silver_tables
from lakehouse_assets.compute.tasks import (
    TASK_METADATA,
    CheckTask,
    FunctionTask,
    GlueTask,
    ModelTask,
    to_metadata,
)
from lakehouse_assets.contracts import Contract, Rule, contracts
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.resource import PIPELINE_TAG, LakehouseResource, reported, run_id_of
from lakehouse_assets.sql import lineage
from lakehouse_assets.sql.ddl import table_location

AssetDecorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]

RETRY = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For transient errors only: `reported` forbids a retry of the others."""


class PlanConfig(dg.Config):
    """What one run is asked to do; see `lambdas.planrun.logic.PlanRequest`."""

    as_of: str | None = None
    mode: str = "load"
    files: list[list[str]] | None = None
    date: str | None = None
    selection: dict[str, str] = {}  # noqa: RUF012 - pydantic copies defaults
    max_reject_ratio: float | None = None


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

    def layer(self, layer: str) -> list[Contract]:
        """Contracts of one layer by name; silver parents first."""
        if layer == "silver":
            return list(silver_tables(self.contracts))
        return sorted((c for c in self.contracts.values() if c.layer == layer), key=lambda c: c.name)

    @property
    def manifest_key(self) -> dg.AssetKey:
        """The bronze asset."""
        return dg.AssetKey(["bronze", f"{self.name}_manifest"])

    def assets(self) -> list[Any]:
        """Every asset and check of the pipeline, in the order of the data."""
        gold = self.layer("gold")
        return [
            *(landing_spec(self, c) for c in self.layer("landing")),
            manifest_asset(self),
            silver_assets(self),
            assertions(self, "silver"),
            *(gold_asset(self, c) for c in gold),
            assertions(self, "gold"),
            archive_asset(self),
        ]


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


def landing_spec(pipeline: Pipeline, contract: Contract) -> dg.AssetSpec:
    """A landing prefix: external, its history comes from planned runs; its badge shows that nothing comes any more."""
    return dg.AssetSpec(
        md.asset_key(contract),
        freshness_policy=freshness_policy(contract),
        metadata={"dagster/column_schema": md.table_schema(contract), "files": contract.properties["files"]},
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
            plan = services.invoke(pipeline.plan, run_id)
        if not plan["has_work"]:
            context.log.info("Nothing to do: no file in landing, no row pending, gold is up to date.")
            return
        for event in landing_events(pipeline, plan):
            context.log_event(event)
        shown = {f"files_{name}": count for name, count in plan["files"].items()}
        yield dg.MaterializeResult(
            metadata=shown | {k: plan[k] for k in ("bytes", "pending", "unacknowledged", "manifest")}
        )

    return manifest


def landing_events(pipeline: Pipeline, plan: Mapping[str, Any]) -> list[dg.AssetMaterialization]:
    """History of the landing datasets that have files in a plan."""
    counts = [(contract, plan["files"][contract.name]) for contract in pipeline.layer("landing")]
    return [
        dg.AssetMaterialization(md.asset_key(contract), metadata={"files": count, "run_id": plan["run_id"]})
        for contract, count in counts
        if count
    ]


def request_facts(pipeline: Pipeline, config: PlanConfig) -> dict[str, Any]:
    """The run's request, with its clock fixed."""
    facts = config.model_dump() | {"pipeline": pipeline.name}
    return facts | {"as_of": config.as_of or datetime.now(UTC).isoformat()}


def silver_assets(pipeline: Pipeline) -> dg.AssetsDefinition:
    """All silver tables: one step, one output each, with the checks that the load itself decides."""
    tables = pipeline.layer("silver")
    specs = [silver_spec(pipeline, contract) for contract in tables]

    @dg.multi_asset(
        specs=specs,
        check_specs=[spec for contract in tables for spec in load_check_specs(contract)],
        name=f"{pipeline.name}_silver",
        retry_policy=RETRY,
        pool="glue",
    )
    def silver(context: dg.AssetExecutionContext, lakehouse: LakehouseResource) -> Iterator[Any]:
        services, run_id = lakehouse.services, run_id_of(context)
        with reported(services.folder(run_id), "load"):
            report = services.run_job(pipeline.load, run_id)
        services.refresh()
        for contract in tables:
            rows = services.count(contract)
            yield dg.MaterializeResult(
                asset_key=md.asset_key(contract),
                metadata=md.load_metadata(report, contract.name, rows, services.preview(contract))
                | silver_lineage(pipeline, contract),
                check_results=load_check_results(contract, report),
            )

    return silver


def landing_of(pipeline: Pipeline, contract: Contract) -> Contract:
    """The landing dataset of a silver table."""
    return pipeline.contracts[f"landing.{contract.properties['landing']}"]


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


def load_check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """Checks that the load's own step answers: reconciliation, set rules of kind load, and row rules that warn."""
    key = md.asset_key(contract)
    warned = [rule for rule in contract.rules_of("row") if rule.verdict == "warn"]
    return [
        dg.AssetCheckSpec(
            "reconciliation", asset=key, blocking=True, description="every row read is accounted for, exactly"
        ),
        dg.AssetCheckSpec("rejects", asset=key, description="no row was rejected"),
        *(
            dg.AssetCheckSpec(r.code, asset=key, description=r.description)
            for r in (*contract.rules_of("load"), *warned)
        ),
    ]


def load_check_results(contract: Contract, report: Mapping[str, Any]) -> list[dg.AssetCheckResult]:
    """Their answers; a mismatch would have failed the load before."""
    part, key = report["tables"][contract.name], md.asset_key(contract)
    found = [
        dg.AssetCheckResult(
            passed=True, asset_key=key, check_name="reconciliation", metadata={"equation": md.balance(part["counts"])}
        ),
        dg.AssetCheckResult(
            passed=not part["counts"]["rejected"],
            asset_key=key,
            check_name="rejects",
            severity=dg.AssetCheckSeverity.WARN,
            description=md.found(part["counts"]["rejected"], "rejected, see `lakehouse rejects list`"),
            metadata={"failing": part["counts"]["rejected"], "codes": md.codes(part["rejects"])},
        ),
    ]
    for rule in contract.rules_of("row"):
        if rule.verdict == "warn":
            count = part["warnings"].get(rule.code, 0)
            facts = {"failing": count, "sql": md.sql(rule.implementation)}
            found.append(_warning(key, rule, count, facts))
    for check in report["checks"]:
        if check["table"] == contract.name:
            rule = next(r for r in contract.rules_of("load") if r.code == check["check"])
            facts = {"failing": check["failing"], "sample": md.preview(check["sample"]), "sql": md.sql(check["sql"])}
            found.append(_warning(key, rule, check["failing"], facts))
    return found


def _warning(key: dg.AssetKey, rule: Rule, failing: int, facts: Mapping[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not failing,
        asset_key=key,
        check_name=rule.code,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=facts,
        description=md.found(failing, rule.description),
    )


def gold_asset(pipeline: Pipeline, contract: Contract) -> dg.AssetsDefinition:
    """One gold model."""
    task = ModelTask(pipeline.name, f"gold.{contract.name}")
    silver = {c.catalog_name: c for c in pipeline.layer("silver")}
    columns = lineage.of_model(model_sql(pipeline.name, contract.name), contract, silver)
    used = sorted({source.table for sources in columns.values() for source in sources})
    known = {"dagster/column_lineage": md.column_lineage(columns, silver)}

    asset: AssetDecorator = dg.asset(
        key=md.asset_key(contract),
        deps=[md.asset_key(silver[name]) for name in used],
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


def assertions(pipeline: Pipeline, layer: str) -> dg.AssetChecksDefinition:
    """The assertions on one layer: a step of their own, so that a blocking one is a gate in the plan."""
    pairs = [(contract, rule) for contract in pipeline.layer(layer) for rule in contract.rules_of("assertion")]
    task = CheckTask(pipeline.name, tuple((f"{layer}.{c.name}", rule.code) for c, rule in pairs))
    specs = [
        dg.AssetCheckSpec(
            rule.code,
            asset=md.asset_key(contract),
            blocking=rule.verdict == "fail",
            description=rule.description,
            metadata={TASK_METADATA: dg.MetadataValue.json(to_metadata(task))},
        )
        for contract, rule in pairs
    ]

    @dg.multi_asset_check(specs=specs, name=f"{pipeline.name}_{layer}_assertions", pool="athena")
    def checks(context: dg.AssetCheckExecutionContext, lakehouse: LakehouseResource) -> Iterator[dg.AssetCheckResult]:
        services, run_id = lakehouse.services, run_id_of(context)
        with reported(services.folder(run_id), f"{layer} assertions"):
            for contract, rule in pairs:
                yield assertion_result(contract, rule, services.check(contract, rule, run_id))

    return checks


def assertion_result(contract: Contract, rule: Rule, outcome: Any) -> dg.AssetCheckResult:  # noqa: ANN401 - a CheckOutcome
    """An assertion's outcome as Dagster shows it: failing count, sample rows, SQL."""
    return dg.AssetCheckResult(
        passed=outcome.passed,
        asset_key=md.asset_key(contract),
        check_name=rule.code,
        severity=dg.AssetCheckSeverity.WARN if rule.verdict == "warn" else dg.AssetCheckSeverity.ERROR,
        description=md.broken(outcome.failing, rule.description),
        metadata={
            "failing": outcome.failing,
            "sample": md.preview(outcome.sample),
            "sql": md.sql(outcome.sql),
        },
    )


def archive_asset(pipeline: Pipeline) -> dg.AssetsDefinition:
    """The last step: landing is the queue until everything is good."""

    @dg.asset(
        key=["archive", f"{pipeline.name}_files"],
        deps=[md.asset_key(c) for c in pipeline.layer("gold")],
        group_name=pipeline.name,
        kinds={"s3"},
        owners=[pipeline.layer("silver")[0].owner],
        description="Exactly the manifest's files, moved out of landing; refused ones go to quarantine.",
        tags={"layer": "archive", "pipeline": pipeline.name},
        metadata={TASK_METADATA: dg.MetadataValue.json(to_metadata(pipeline.archive))},
        retry_policy=RETRY,
    )
    def archive(context: dg.AssetExecutionContext, lakehouse: LakehouseResource) -> dg.MaterializeResult[Any]:
        services, run_id = lakehouse.services, run_id_of(context)
        with reported(services.folder(run_id), "archive"):
            answer = services.invoke(pipeline.archive, run_id)
            services.folder(run_id).write("archive", answer)
        left: Sequence[Mapping[str, Any]] = answer["left"]
        return dg.MaterializeResult(
            metadata={
                "moved": len(answer["moved"]),
                "bytes": answer["bytes"],
                "left": len(left),
                "left_files": md.preview(left),
            }
        )

    return archive


def job_tags(pipeline: Pipeline) -> dict[str, str]:
    """Tags of the pipeline's runs; one at a time (dagster.yaml)."""
    return {PIPELINE_TAG: pipeline.name}
