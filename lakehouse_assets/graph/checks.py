"""Make the checks of a pipeline: those that the load's own step answers, and assertions as steps of their own."""

# No postponed annotations here: Dagster reads the types of `config` and the resource from the functions.
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

from lakehouse_assets.compute.costs import spent_on
from lakehouse_assets.compute.reports import ModelReport, Row
from lakehouse_assets.compute.services import CheckOutcome, Services
from lakehouse_assets.compute.tasks import TASK_METADATA, CheckTask, to_metadata
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.contracts.checks import in_words
from lakehouse_assets.contracts.layers import control_tables
from lakehouse_assets.core.shown import MOST_NAMES
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.resource import Lakehouse, performing
from lakehouse_assets.load.report import COUNTS, SAMPLE_ROWS, LoadReport
from lakehouse_assets.sql.dialects import literal

KEPT_OUT = "kept_out"
"""Names the check of a gold table that tells groups which it lacks."""
FITS = "every group of the table has values that fit their columns"


def load_check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """Declare checks that the load's own step answers: reconciliation, set rules of kind load, row rules that warn."""
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
    """Declare the checks of a whole table that the load's own step answers: set rules of kind load."""
    key = md.asset_key(contract)
    return [dg.AssetCheckSpec(rule.code, asset=key, description=rule.description) for rule in contract.rules_of("load")]


@dataclass(frozen=True)
class Evidence:
    """Hold what stands behind the counts of a load: where they are, which rows were rejected, the first of these."""

    counts_sql: str
    rejects_sql: str
    rejected: Sequence[Row]


def evidence(pipeline: Pipeline, contract: Contract, services: Services, report: LoadReport) -> Evidence:
    """Return the evidence for one table of one run; rows are asked for only when some were rejected."""
    kept = kept_evidence(pipeline, contract, report)
    if not report.tables[contract.name].counts.rejected:
        return kept
    first = Rule("rejects", "assertion", "warn", "", f"{kept.rejects_sql} LIMIT {SAMPLE_ROWS}")
    return replace(kept, rejected=services.check(contract, first).sample)


def kept_evidence(pipeline: Pipeline, contract: Contract, report: LoadReport) -> Evidence:
    """Return where the evidence for one table of one run is, without its rows."""
    run = literal(report.run_id).sql()
    controls = control_tables(pipeline.contracts, pipeline.name)
    which = f"run_id = {run} AND dataset = '{contract.landing}'"
    sql = f"SELECT file, line, codes, raw FROM {controls['rejects'].catalog_name} WHERE {which} ORDER BY file, line"
    held = f"run_id = {run} AND table_name = '{contract.name}' AND kind = 'load'"
    return Evidence(f"SELECT {', '.join(COUNTS)} FROM {controls['run_ledger'].catalog_name} WHERE {held}", sql, [])


def load_check_results(contract: Contract, report: LoadReport, seen: Evidence) -> list[dg.AssetCheckResult]:
    """Return the results of the checks that the load has answered; a mismatch would have failed the load before."""
    part, key = report.tables[contract.name], md.asset_key(contract)
    rejected = part.counts.rejected
    found = [
        dg.AssetCheckResult(
            passed=True,
            asset_key=key,
            check_name="reconciliation",
            metadata={"failing": 0, "equation": md.balance(part.counts), "sql": md.sql(seen.counts_sql)},
        ),
        dg.AssetCheckResult(
            passed=not rejected,
            asset_key=key,
            check_name="rejects",
            severity=dg.AssetCheckSeverity.WARN,
            description=md.found(rejected, "rejected, see `lakehouse rejects list`"),
            metadata={
                "failing": rejected,
                "codes": md.codes(part.rejects),
                "sample": md.preview(seen.rejected),
                "sql": md.sql(seen.rejects_sql),
            },
        ),
    ]
    for rule in contract.rules_of("row"):
        if rule.verdict == "warn":
            facts = {"failing": part.warnings.get(rule.code, 0), "sql": md.sql(rule.implementation)}
            found.append(_warning(key, rule, part.warnings.get(rule.code, 0), facts))
    return [*found, *set_check_results(contract, report)]


def set_check_results(contract: Contract, report: LoadReport) -> list[dg.AssetCheckResult]:
    """Return the results of the table's set rules."""
    found = []
    for check in report.checks:
        if check.table == contract.name:
            rule = next(r for r in contract.rules_of("load") if r.code == check.check)
            facts = {"failing": check.failing, "sample": md.preview(check.sample), "sql": md.sql(check.sql)}
            found.append(_warning(md.asset_key(contract), rule, check.failing, facts))
    return found


def fit_spec(contract: Contract) -> dg.AssetCheckSpec:
    """Declare the check that the build of a gold table answers: whether it lacks groups whose values do not fit."""
    return dg.AssetCheckSpec(KEPT_OUT, asset=md.asset_key(contract), description=FITS)


def fit_result(contract: Contract, report: ModelReport) -> dg.AssetCheckResult:
    """Return which groups a gold table lacks, those of earlier runs too, since they are missing until they fit."""
    missing = len(report.kept_out)
    return dg.AssetCheckResult(
        passed=not missing,
        asset_key=md.asset_key(contract),
        check_name=KEPT_OUT,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"the table lacks {md.groups(missing)}; first: {report.kept_out[0]}" if missing else None,
        metadata={"failing": missing, "groups": list(report.kept_out[:MOST_NAMES])},
    )


def _warning(key: dg.AssetKey, rule: Rule, failing: int, facts: Mapping[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not failing,
        asset_key=key,
        check_name=rule.code,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=facts,
        description=md.found(failing, rule.description),
    )


def assertions(pipeline: Pipeline, layer: str) -> list[dg.AssetChecksDefinition]:
    """Make the assertions on one layer: they are steps of their own, so that a blocking one is a gate in the plan.

    There is one step per level of the layer, since a table that other models read is checked before they are built.
    Dagster would split one step for all by itself, but the task, which a machine runs, would still name all checks.
    """
    steps = []
    for number, tables in enumerate(pipeline.levels(layer), 1):
        pairs = [(contract, rule) for contract in tables for rule in contract.assertions]
        name = layer if number == 1 else f"{layer}_{number}"
        steps += [_assertions(pipeline, name, pairs)] if pairs else []
    return steps


def _assertions(pipeline: Pipeline, name: str, pairs: Sequence[tuple[Contract, Rule]]) -> dg.AssetChecksDefinition:
    task = CheckTask(pipeline.name, tuple((f"{c.layer}.{c.name}", rule.code) for c, rule in pairs))
    carried = {TASK_METADATA: dg.MetadataValue.json(to_metadata(task))}
    specs = [
        dg.AssetCheckSpec(
            rule.code,
            asset=md.asset_key(contract),
            blocking=rule.verdict == "fail",
            description=rule.description,
            metadata=carried,
        )
        for contract, rule in pairs
    ]

    @dg.multi_asset_check(specs=specs, name=f"{pipeline.name}_{name}_assertions", pool="athena", can_subset=True)
    def checks(
        context: dg.AssetCheckExecutionContext, lakehouse: dg.ResourceParam[Lakehouse]
    ) -> Iterator[dg.AssetCheckResult]:
        services = lakehouse.services(pipeline, context.run)
        with performing(lakehouse, services, f"{name} assertions", context.log):
            for contract, rule in pairs:
                if dg.AssetCheckKey(md.asset_key(contract), rule.code) in context.selected_asset_check_keys:
                    yield assertion_result(contract, rule, services.check(contract, rule))

    return checks


def assertion_result(contract: Contract, rule: Rule, outcome: CheckOutcome) -> dg.AssetCheckResult:
    """Return an assertion's outcome as Dagster shows it: failing count, sample rows, SQL."""
    return dg.AssetCheckResult(
        passed=outcome.passed,
        asset_key=md.asset_key(contract),
        check_name=rule.code,
        severity=dg.AssetCheckSeverity.WARN if rule.verdict == "warn" else dg.AssetCheckSeverity.ERROR,
        description=in_words(rule, outcome.sample) or md.broken(outcome.failing, rule.description),
        metadata={
            "failing": outcome.failing,
            "sample": md.preview(outcome.sample),
            "sql": md.sql(outcome.sql),
            **md.spending(spent_on(outcome.used)),
        },
    )
