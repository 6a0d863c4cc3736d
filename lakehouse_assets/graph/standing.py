"""Results that stand: a run with nothing to do leaves every check as it was, and asks only for ages anew.

Dagster plans all checks of a run when it starts and shows those that are not reached as skipped, whatever was known of
them. So a run that finds nothing to do says the last result of each check again, with the moment when it was found.
Age is the one thing that changes while nothing happens, so the checks of it are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from lakehouse_assets.compute.services import Services
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.checks import assertion_result
from lakehouse_assets.graph.pipeline import Pipeline

FRESHNESS = "freshness"
"""Code of the assertion about a table's age."""
SINCE = "unchanged_since"
"""Metadata of a result that is said again: when it was found."""
LOOKED_BACK = 100
"""Results of one check that are looked at when the latest runs did not reach it."""


def standing_results(
    pipeline: Pipeline, context: dg.AssetExecutionContext, services: Services
) -> Iterator[dg.AssetCheckEvaluation]:
    """The results of the pipeline's checks that this run has planned and will not reach, as they stand now."""
    ages, tables = dict(_age_rules(pipeline)), {md.asset_key(contract) for contract in pipeline.contracts.values()}
    for key in _planned(context.instance, context.run.run_id):
        past = _last(context.instance, key) if key.asset_key in tables else None
        if past is None:
            continue
        evaluation, at = past
        yield _asked_again(evaluation, services, *ages[key]) if key in ages else _said_again(evaluation, at)


def is_standing(evaluation: dg.AssetCheckEvaluation) -> bool:
    """Whether a result was only said again by a run that had nothing to do."""
    return found_at(evaluation) is not None


def found_at(evaluation: dg.AssetCheckEvaluation) -> float | None:
    """When a result was found that was only said again, as a timestamp; None for one that was evaluated."""
    since = evaluation.metadata.get(SINCE)
    return None if since is None else datetime.fromisoformat(str(since.value)).timestamp()


def _age_rules(pipeline: Pipeline) -> Iterator[tuple[dg.AssetCheckKey, tuple[Contract, Rule]]]:
    for contract in pipeline.contracts.values():
        for rule in contract.rules_of("assertion"):
            if rule.code == FRESHNESS:
                yield dg.AssetCheckKey(md.asset_key(contract), rule.code), (contract, rule)


def _planned(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetCheckKey]:
    """The checks that Dagster planned when the run started."""
    planned = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
    entries = (record.event_log_entry for record in instance.get_records_for_run(run_id, of_type=planned).records)
    events = (entry.dagster_event for entry in entries if entry.dagster_event)
    return [event.asset_check_planned_data.asset_check_key for event in events]


def _last(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> tuple[dg.AssetCheckEvaluation, float] | None:
    """The last result of a check and when it came, as a timestamp; None when it was never evaluated."""
    for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=LOOKED_BACK):
        event = record.event.dagster_event if record.event else None
        if record.status.value in {"SUCCEEDED", "FAILED"} and event is not None and record.event is not None:
            return event.asset_check_evaluation_data, record.event.timestamp
    return None


def _said_again(past: dg.AssetCheckEvaluation, at: float) -> dg.AssetCheckEvaluation:
    since = past.metadata.get(SINCE) or dg.MetadataValue.text(datetime.fromtimestamp(at, UTC).isoformat(" ", "seconds"))
    return _with(past, passed=past.passed, metadata={**past.metadata, SINCE: since}, description=past.description)


def _asked_again(
    past: dg.AssetCheckEvaluation, services: Services, contract: Contract, rule: Rule
) -> dg.AssetCheckEvaluation:
    now = assertion_result(contract, rule, services.check(contract, rule))
    return _with(past, passed=now.passed, metadata=now.metadata or {}, description=now.description)


def _with(past: dg.AssetCheckEvaluation, **changed: object) -> dg.AssetCheckEvaluation:
    """The result with other facts, about the same materialization of the table."""
    same = ("asset_key", "check_name", "target_materialization_data", "severity", "blocking", "partition")
    return dg.AssetCheckEvaluation(**{name: getattr(past, name) for name in same}, **changed)  # type: ignore[arg-type] # named above
