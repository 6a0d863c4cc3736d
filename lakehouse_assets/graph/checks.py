"""Make the checks of a pipeline: those that the load's own step answers, and assertions as steps of their own."""

# No postponed annotations here: Dagster reads the types of `config` and the resource from the functions.
from collections.abc import Iterator, Sequence

import dagster as dg

from lakehouse_assets.compute.costs import spent_on
from lakehouse_assets.compute.failed_checks import broken
from lakehouse_assets.compute.reports import ModelReport
from lakehouse_assets.compute.services import CheckOutcome
from lakehouse_assets.compute.tasks import TASK_METADATA, CheckTask, to_metadata
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.core.shown import MOST_NAMES
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.resource import Lakehouse, performing

KEPT_OUT = "kept_out"
"""Names the check of a gold table that tells groups which it lacks."""
FITS = "every group of the table has values that fit their columns"


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
        description=broken(rule, outcome.failing, outcome.sample),
        metadata={
            "failing": outcome.failing,
            "sample": md.preview(outcome.sample),
            "sql": md.sql(outcome.sql),
            **md.spending(spent_on(outcome.used)),
        },
    )
