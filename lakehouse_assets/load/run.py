"""Run one load from a frozen manifest to silver, the same on whichever engine it is given.

The order of effects makes it crash-safe: everything is judged first and nothing written; then the ledger says what
will be touched; then reference tables are replaced and parents before children are merged; then rejects and pending
rows are written; then the ledger is closed. A run that is killed in between leaves a planned ledger row, so that gold
still learns what was touched, and the next run over the same files finds rows that are unchanged already.
"""

from __future__ import annotations

import time
from datetime import timedelta

from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.errors import RejectRatioExceeded
from lakehouse_assets.load import affected
from lakehouse_assets.load.classify import detect_changes, find_orphans, set_aside
from lakehouse_assets.load.control_tables import PENDING_DAYS
from lakehouse_assets.load.failing import failing
from lakehouse_assets.load.hints import hints
from lakehouse_assets.load.ledger import Ledger
from lakehouse_assets.load.merge import merge
from lakehouse_assets.load.parallel import each, timed
from lakehouse_assets.load.rejects import RejectWriter
from lakehouse_assets.load.report import LoadCheck, LoadReport, reconcile
from lakehouse_assets.load.retry import Retry
from lakehouse_assets.load.rule_errors import asking
from lakehouse_assets.load.seeds import stage_seeds, write_seed
from lakehouse_assets.load.stage import stage_all
from lakehouse_assets.load.state import LoadInput, TableLoad

__all__ = ["LoadInput", "load"]

MIN_REJECTS = 10
"""With fewer rejects than this the reject ratio is not checked: it says nothing about so few rows."""


def load(work: LoadInput, engine: Engine, guard: Guard) -> LoadReport:
    """Run the load.

    Args:
        work: what to do.
        engine: where the SQL runs.
        guard: raises FenceLost when this run may not write any more; called before every commit.

    Raises:
        SeedInvalid: the seed of a reference table breaks its contract; nothing is written.
        ContractInvalid, RuleFailed: a rule is none, or fails on a value; nothing is merged.
        RejectRatioExceeded: too many rejects; they are kept, nothing is merged.
        ReconciliationFailed: the counts do not add up; nothing is merged.
        LandingChanged: a file changed while it was being read; nothing is merged.
        CommitConflict, FenceLost: somebody else writes; what was merged before stays and is found unchanged later.
    """
    started = time.perf_counter()
    work.progress.count_elsewhere(engine.counter())
    report = LoadReport(work.manifest.run_id, engine.name, work.manifest.mode)
    seeds = stage_seeds(work.seeds, work.lake, engine)
    ledger, retry = Ledger(work), Retry(work, engine)
    report.touched = affected.nothing(ledger.windows)
    loads = stage_all(work, engine, retry, report)
    coming = {seed.seed.contract.catalog_name: seed.relation for seed in seeds}

    def look(table: TableLoad) -> None:
        with timed(table):
            find_orphans(table, loads, coming, engine)

    work.progress.doing("looking for parents")
    each(engine, loads, look)
    writer = RejectWriter(work, engine, retry)
    _refuse_if_too_many(work, report, loads, writer, ledger, guard)

    def settle(table: TableLoad) -> None:
        with timed(table):
            set_aside(table, engine, work.as_of - timedelta(days=PENDING_DAYS))
            report.hints += hints(table, loads, coming, engine)
            detect_changes(table, engine)
            reconcile(table.name, table.report.counts)

    work.progress.doing("comparing with silver")
    each(engine, loads, settle)
    writer.gather(loads)
    # Any row may name a row of a reference table, so a change there touches everything.
    if any(seed.has_changes for seed in seeds):
        report.touched = affected.everything(ledger.windows)
        ledger.plan(report.touched, guard)
    elif any(table.has_changes for table in loads):
        report.touched = affected.find(loads, engine, ledger.windows)
        ledger.plan(report.touched, guard)
    report.references = {seed.name: write_seed(seed, work.lake, engine, guard) for seed in seeds}
    for table in loads:
        with timed(table):
            counts = table.report.counts
            work.progress.doing(f"writing {table.name}", rows=counts.inserted + counts.updated)
            merge(table, engine, guard)
    work.progress.doing("writing rejected and waiting rows")
    writer.write(guard)
    ledger.close(loads, guard)
    report.checks = _checks(work, engine)
    report.seconds = time.perf_counter() - started
    return report


def _refuse_if_too_many(
    work: LoadInput, report: LoadReport, loads: list[TableLoad], writer: RejectWriter, ledger: Ledger, guard: Guard
) -> None:
    """Keep the rejects and stop, when one table has too many of them."""
    for table in loads:
        limit = table.contract.max_reject_ratio if work.max_reject_ratio is None else work.max_reject_ratio
        counts = table.report.counts
        seen = counts.read + counts.retried
        if counts.rejected >= MIN_REJECTS and counts.rejected > limit * seen:
            writer.gather(loads)
            writer.write_rejects(guard)
            ledger.refuse(loads, guard)
            error = RejectRatioExceeded(
                table=table.name, rejected=counts.rejected, read=seen, ratio=counts.rejected / seen, limit=limit
            )
            error.report = report
            raise error


def _checks(work: LoadInput, engine: Engine) -> list[LoadCheck]:
    """Return the answers to the set rules of the load's own step, on the tables as they are now."""
    contracts = (*(seed.contract for seed in work.seeds), *work.tables)
    asked = [(contract, rule) for contract in contracts for rule in contract.rules_of("load")]
    for contract in contracts if asked else ():  # a rule may read any of them
        engine.attach(contract)
    found: list[LoadCheck] = []
    for contract, rule in asked:
        with asking(contract, rule, work.manifest.pipeline):
            count, rows = failing(engine.rows, rule.implementation)
        sample = [{k: None if v is None else str(v) for k, v in row.items()} for row in rows]
        found.append(LoadCheck(contract.name, rule.code, rule.verdict, count, sample, rule.implementation))
    return found
