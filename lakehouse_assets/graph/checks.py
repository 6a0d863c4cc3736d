"""Checks: those that the load's own step answers, and assertions as steps of their own."""

# No postponed annotations here: Dagster reads the types of `config` and the resource from the functions.
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from lakehouse_assets.compute.local import LocalServices
from lakehouse_assets.compute.protocols import SAMPLE_ROWS
from lakehouse_assets.compute.tasks import TASK_METADATA, CheckTask, to_metadata
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.resource import LakehouseResource, reported, run_id_of
from lakehouse_assets.sql.dialects import literal

SIDE = ("run_ledger", "rejects")
"""The side tables that keep what a load counted and what it rejected."""


def load_check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """Checks that the load's own step answers: reconciliation, set rules of kind load, and row rules that warn."""
    key = md.asset_key(contract)
    warned = [rule for rule in contract.rules_of("row") if rule.verdict == "warn"]
    return [
        dg.AssetCheckSpec(
            "reconciliation", asset=key, blocking=True, description="every row read is accounted for, exactly"
        ),
        dg.AssetCheckSpec("rejects", asset=key, description="no row was rejected"),
        *set_check_specs(contract),
        *(dg.AssetCheckSpec(rule.code, asset=key, description=rule.description) for rule in warned),
    ]


def set_check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """Checks of a whole table that the load's own step answers: set rules of kind load."""
    key = md.asset_key(contract)
    return [dg.AssetCheckSpec(rule.code, asset=key, description=rule.description) for rule in contract.rules_of("load")]


@dataclass(frozen=True)
class Evidence:
    """What stands behind the counts of a table's load: where they are, which rows were rejected, the first of these."""

    counts_sql: str
    rejects_sql: str
    rejected: Sequence[Mapping[str, Any]]


def evidence(pipeline: Pipeline, contract: Contract, services: LocalServices, report: Mapping[str, Any]) -> Evidence:
    """Of one run; the rows are asked for only when there are some."""
    run, part = literal(report["run_id"]).sql(), report["tables"][contract.name]
    ledger, rejects = (pipeline.contracts[f"side.{pipeline.name}_{name}"].catalog_name for name in SIDE)
    which = f"run_id = {run} AND dataset = '{contract.landing}'"
    sql = f"SELECT file, line, codes, raw FROM {rejects} WHERE {which} ORDER BY file, line"
    first = Rule("rejects", "assertion", "warn", "", f"{sql} LIMIT {SAMPLE_ROWS}")
    asked = services.check(contract, first, report["run_id"]).sample if part["counts"]["rejected"] else []
    counts = ", ".join(part["counts"])
    held = f"run_id = {run} AND table_name = '{contract.name}' AND kind = 'load'"
    return Evidence(f"SELECT {counts} FROM {ledger} WHERE {held}", sql, asked)


def load_check_results(contract: Contract, report: Mapping[str, Any], seen: Evidence) -> list[dg.AssetCheckResult]:
    """Their answers; a mismatch would have failed the load before."""
    part, key = report["tables"][contract.name], md.asset_key(contract)
    found = [
        dg.AssetCheckResult(
            passed=True,
            asset_key=key,
            check_name="reconciliation",
            metadata={"failing": 0, "equation": md.balance(part["counts"]), "sql": md.sql(seen.counts_sql)},
        ),
        dg.AssetCheckResult(
            passed=not part["counts"]["rejected"],
            asset_key=key,
            check_name="rejects",
            severity=dg.AssetCheckSeverity.WARN,
            description=md.found(part["counts"]["rejected"], "rejected, see `lakehouse rejects list`"),
            metadata={
                "failing": part["counts"]["rejected"],
                "codes": md.codes(part["rejects"]),
                "sample": md.preview(seen.rejected),
                "sql": md.sql(seen.rejects_sql),
            },
        ),
    ]
    for rule in contract.rules_of("row"):
        if rule.verdict == "warn":
            count = part["warnings"].get(rule.code, 0)
            facts = {"failing": count, "sql": md.sql(rule.implementation)}
            found.append(_warning(key, rule, count, facts))
    return [*found, *set_check_results(contract, report)]


def set_check_results(contract: Contract, report: Mapping[str, Any]) -> list[dg.AssetCheckResult]:
    """Answers of the table's set rules."""
    found = []
    for check in report["checks"]:
        if check["table"] == contract.name:
            rule = next(r for r in contract.rules_of("load") if r.code == check["check"])
            facts = {"failing": check["failing"], "sample": md.preview(check["sample"]), "sql": md.sql(check["sql"])}
            found.append(_warning(md.asset_key(contract), rule, check["failing"], facts))
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


def assertions(pipeline: Pipeline, name: str, tables: Iterable[Contract]) -> list[dg.AssetChecksDefinition]:
    """The assertions on some tables: a step of their own, so that a blocking one is a gate in the plan; none without.

    Args:
        pipeline: whose tables.
        name: what the tables have in common, for the step's name.
        tables: that can be checked at the same time; who reads one of them waits for all of them.
    """
    pairs = [(contract, rule) for contract in tables for rule in contract.assertions]
    return [_assertions(pipeline, name, pairs)] if pairs else []


def _assertions(pipeline: Pipeline, name: str, pairs: Sequence[tuple[Contract, Rule]]) -> dg.AssetChecksDefinition:
    task = CheckTask(pipeline.name, tuple((f"{c.layer}.{c.name}", rule.code) for c, rule in pairs))
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

    @dg.multi_asset_check(specs=specs, name=f"{pipeline.name}_{name}_assertions", pool="athena", can_subset=True)
    def checks(context: dg.AssetCheckExecutionContext, lakehouse: LakehouseResource) -> Iterator[dg.AssetCheckResult]:
        services, run_id = lakehouse.services, run_id_of(context)
        with reported(services.folder(run_id), f"{name} assertions"):
            for contract, rule in pairs:
                if dg.AssetCheckKey(md.asset_key(contract), rule.code) in context.selected_asset_check_keys:
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
