"""Make the checks that the load's own step answers: reconciliation, rejects, waiting rows, warnings and set rules.

Those of rejects, of waiting rows and of warnings say what stands in the table, and beside it what the last run added.
"""

# No postponed annotations here: see `checks`.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

from lakehouse_assets.compute.reports import Row
from lakehouse_assets.compute.services import Services
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.contracts.layers import control_tables
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.check_history import KNOWN
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.load.report import COUNTS, SAMPLE_ROWS, LoadReport, Standing, TableReport
from lakehouse_assets.sql.dialects import literal

REJECTS, PENDING = "rejects", "pending"
"""Name the checks of rows that stand beside a silver table."""
WHAT = {REJECTS: "rejected and open, see `lakehouse rejects list`", PENDING: "waiting for a parent"}
"""Says what the rows of each of these checks are."""


def load_check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """Declare checks that the load's own step answers: reconciliation, set rules of kind load, row rules that warn."""
    key = md.asset_key(contract)
    warned = [rule for rule in contract.rules_of("row") if rule.verdict == "warn"]
    waits = [dg.AssetCheckSpec(PENDING, asset=key, description="no row waits for its parent")]
    return [
        dg.AssetCheckSpec(
            "reconciliation", asset=key, blocking=True, description="every row read is accounted for, exactly"
        ),
        dg.AssetCheckSpec(REJECTS, asset=key, description="no rejected row is open"),
        *(waits if may_wait(contract) else []),
        *set_check_specs(contract),
        *(dg.AssetCheckSpec(rule.code, asset=key, description=rule.description) for rule in warned),
    ]


def may_wait(contract: Contract) -> bool:
    """Say whether rows of a silver table may wait for a parent."""
    return any(rule.verdict == "pending" for rule in contract.rules)


def set_check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """Declare the checks of a whole table that the load's own step answers: set rules of kind load."""
    key = md.asset_key(contract)
    return [dg.AssetCheckSpec(rule.code, asset=key, description=rule.description) for rule in contract.rules_of("load")]


@dataclass(frozen=True)
class Evidence:
    """Hold the SQL behind the counts of a load, for open rejects and waiting rows too, and the first open rejects."""

    counts_sql: str
    rejects_sql: str
    pending_sql: str
    rejected: Sequence[Row]


def evidence(pipeline: Pipeline, contract: Contract, services: Services, report: LoadReport) -> Evidence:
    """Return the evidence for one table of one run; rows are asked for only when some are rejected."""
    kept = kept_evidence(pipeline, contract, report)
    if not rejected_in(report.tables[contract.name]).rows:
        return kept
    first = Rule(REJECTS, "assertion", "warn", "", f"{kept.rejects_sql} LIMIT {SAMPLE_ROWS}")
    return replace(kept, rejected=services.check(contract, first).sample)


def kept_evidence(pipeline: Pipeline, contract: Contract, report: LoadReport) -> Evidence:
    """Return where the evidence for one table of one run is, without its rows."""
    run = literal(report.run_id).sql()
    controls = control_tables(pipeline.contracts, pipeline.name)
    held = f"run_id = {run} AND table_name = '{contract.name}' AND kind = 'load'"
    counts = f"SELECT {', '.join(COUNTS)} FROM {controls['run_ledger'].catalog_name} WHERE {held}"
    return Evidence(counts, *open_sql(pipeline, contract), [])


def open_sql(pipeline: Pipeline, contract: Contract) -> tuple[str, str]:
    """Return the SELECTs of the open rejects and of the waiting rows of a silver table."""
    controls = control_tables(pipeline.contracts, pipeline.name)
    whose, order = f"dataset = '{contract.landing}'", "ORDER BY file, line"
    rejects = f"SELECT file, line, codes, raw, run_id FROM {controls['rejects'].catalog_name}"
    waiting = f"SELECT file, line, codes, raw, run_id FROM {controls['pending'].catalog_name}"
    return f"{rejects} WHERE status = 'open' AND {whose} {order}", f"{waiting} WHERE {whose} {order}"


def rejected_in(part: TableReport) -> Standing:
    """Return a table's open rejects; of a report that was written before they were counted, those of its run."""
    return part.rejected or Standing(part.counts.rejected, dict(part.rejects))


def load_check_results(contract: Contract, report: LoadReport, seen: Evidence) -> list[dg.AssetCheckResult]:
    """Return the results of the checks that the load has answered; a mismatch would have failed the load before."""
    part, key = report.tables[contract.name], md.asset_key(contract)
    found = [
        dg.AssetCheckResult(
            passed=True,
            asset_key=key,
            check_name="reconciliation",
            metadata={"failing": 0, "equation": md.balance(part.counts), "sql": md.sql(seen.counts_sql)},
        ),
        _rejects(key, part, seen),
        *([_pending(key, part, seen)] if may_wait(contract) else []),
        *(_warned(key, rule, part) for rule in contract.rules_of("row") if rule.verdict == "warn"),
    ]
    return [*found, *set_check_results(contract, report)]


def _rejects(key: dg.AssetKey, part: TableReport, seen: Evidence) -> dg.AssetCheckResult:
    added = {"last_run_codes": md.codes(part.rejects), "sample": md.preview(seen.rejected)}
    facts = {"last_run": part.counts.rejected, **added, "sql": md.sql(seen.rejects_sql)}
    return stands(key, REJECTS, rejected_in(part), WHAT[REJECTS], facts)


def _pending(key: dg.AssetKey, part: TableReport, seen: Evidence) -> dg.AssetCheckResult:
    # Every run tries each waiting row again, so what it counts as waiting is new only beyond that.
    facts = {"last_run": max(0, part.counts.pending - part.counts.retried), "sql": md.sql(seen.pending_sql)}
    return stands(key, PENDING, part.waiting or Standing(part.counts.pending), WHAT[PENDING], facts)


def stands(key: dg.AssetKey, name: str, standing: Standing, what: str, facts: Mapping[str, Any]) -> dg.AssetCheckResult:
    """Return the result of a check of rows that stand beside a table; it is no news where the last run added none."""
    is_known = bool(standing.rows) and not facts.get("last_run")
    return dg.AssetCheckResult(
        passed=not standing.rows,
        asset_key=key,
        check_name=name,
        severity=dg.AssetCheckSeverity.WARN,
        description=md.found(standing.rows, f"{what}; the last run added {facts['last_run']}"),
        metadata={
            "failing": standing.rows,
            **({"codes": md.codes(standing.codes)} if standing.codes else {}),
            **({"oldest": standing.oldest} if standing.oldest else {}),
            **facts,
            **({KNOWN: standing.oldest or "an earlier run"} if is_known else {}),
        },
    )


def _warned(key: dg.AssetKey, rule: Rule, part: TableReport) -> dg.AssetCheckResult:
    """Return how many rows of the table break a rule that warns; of the last run alone, where silver cannot tell."""
    added = part.warnings.get(rule.code, 0)
    counted = (part.warned or {}).get(rule.code)
    stand = added if counted is None else max(added, counted)
    is_known = {KNOWN: "an earlier run"} if stand and not added else {}
    facts = {"failing": stand, "last_run": added, "sql": md.sql(rule.implementation), **is_known}
    return _warning(key, rule, stand, facts)


def set_check_results(contract: Contract, report: LoadReport) -> list[dg.AssetCheckResult]:
    """Return the results of the table's set rules."""
    found = []
    for check in report.checks:
        if check.table == contract.name:
            rule = next(r for r in contract.rules_of("load") if r.code == check.check)
            facts = {"failing": check.failing, "sample": md.preview(check.sample), "sql": md.sql(check.sql)}
            found.append(_warning(md.asset_key(contract), rule, check.failing, facts))
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
