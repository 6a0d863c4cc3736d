"""Say again which results stand: a run with nothing to do leaves every check as it was and asks only for ages anew.

Dagster plans all checks of a run when it starts and shows those that are not reached as skipped, whatever was known of
them. So a run that finds nothing to do says the last result of each check again, with the moment when it was found.
Age is the one thing that changes while nothing happens, so the checks of it are asked. A check that could not be
answered the last time is left alone: there is nothing to say again.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from lakehouse_assets.compute.services import Services
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.check_history import (
    KNOWN,
    SINCE,
    Found,
    evaluation_of,
    found,
    latest_record,
    standing_metadata,
)
from lakehouse_assets.graph.checks import assertion_result
from lakehouse_assets.graph.load_checks import PENDING, REJECTS, WHAT, open_sql, stands
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.load.report import Standing

FRESHNESS = "freshness"
"""Names the kind of the assertion about a table's age."""


def standing_results(
    pipeline: Pipeline, context: dg.AssetExecutionContext, services: Services
) -> Iterator[dg.AssetCheckEvaluation]:
    """Yield the results of the pipeline's checks that this run has planned and will not reach, as they stand now."""
    ages, tables = dict(_age_rules(pipeline)), {md.asset_key(contract) for contract in pipeline.contracts.values()}
    beside = dict(_rows_beside(pipeline))
    for key in _planned(context.instance, context.run.run_id):
        record = latest_record(context.instance, key, apart=context.run.run_id) if key.asset_key in tables else None
        past = evaluation_of(record)
        if record is None or past is None:
            continue
        where = found(record, past)
        if key in ages:
            yield _asked_again(past, where, services, *ages[key])
        else:
            yield _counted_again(past, where, services, *beside[key]) if key in beside else _said_again(past, where)


def is_news(evaluation: dg.AssetCheckEvaluation) -> bool:
    """Say whether a result was found by its own run, and not only said again or found once more."""
    return SINCE not in evaluation.metadata and KNOWN not in evaluation.metadata


def _age_rules(pipeline: Pipeline) -> Iterator[tuple[dg.AssetCheckKey, tuple[Contract, Rule]]]:
    for contract in pipeline.contracts.values():
        for rule in contract.rules:
            if rule.kind == FRESHNESS:
                yield dg.AssetCheckKey(md.asset_key(contract), rule.code), (contract, rule)


def _rows_beside(pipeline: Pipeline) -> Iterator[tuple[dg.AssetCheckKey, tuple[Contract, str, str]]]:
    """Yield the checks of rows that stand beside tables, which may be closed without a run, and the SQL of the rows."""
    for contract in pipeline.layer("silver"):
        for name, sql in zip((REJECTS, PENDING), open_sql(pipeline, contract), strict=True):
            yield dg.AssetCheckKey(md.asset_key(contract), name), (contract, name, sql)


def _counted_again(
    past: dg.AssetCheckEvaluation, where: Found, services: Services, contract: Contract, name: str, sql: str
) -> dg.AssetCheckEvaluation:
    """Count open rows again where there were some; where there were none, only a load brings any."""
    before = past.metadata.get("failing")
    now = None if past.passed else services.check(contract, Rule(name, "assertion", "warn", "", sql))
    if now is None or (before is not None and before.value == now.failing):
        return _said_again(past, where)
    facts = {"last_run": 0, "sample": md.preview(now.sample), "sql": md.sql(sql)}
    found = stands(past.asset_key, name, Standing(now.failing), WHAT[name], facts)
    return _with(past, passed=found.passed, metadata=found.metadata, description=found.description)


def _planned(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetCheckKey]:
    """Return the checks that Dagster planned when the run started."""
    planned = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
    entries = (record.event_log_entry for record in instance.get_records_for_run(run_id, of_type=planned).records)
    events = (entry.dagster_event for entry in entries if entry.dagster_event)
    return [event.asset_check_planned_data.asset_check_key for event in events]


def _said_again(past: dg.AssetCheckEvaluation, where: Found) -> dg.AssetCheckEvaluation:
    metadata = {**past.metadata, **standing_metadata(where)}
    return _with(past, passed=past.passed, metadata=metadata, description=past.description)


def _asked_again(
    past: dg.AssetCheckEvaluation, where: Found, services: Services, contract: Contract, rule: Rule
) -> dg.AssetCheckEvaluation:
    now = assertion_result(contract, rule, services.check(contract, rule))
    known = {} if past.passed or now.passed else {KNOWN: past.metadata.get(KNOWN, standing_metadata(where)[SINCE])}
    return _with(past, passed=now.passed, metadata={**(now.metadata or {}), **known}, description=now.description)


def _with(past: dg.AssetCheckEvaluation, **changed: object) -> dg.AssetCheckEvaluation:
    """Return the result with other facts, about the same materialization of the table."""
    same = ("asset_key", "check_name", "target_materialization_data", "severity", "blocking", "partition")
    return dg.AssetCheckEvaluation(**{name: getattr(past, name) for name in same}, **changed)  # type: ignore[arg-type] # named above
