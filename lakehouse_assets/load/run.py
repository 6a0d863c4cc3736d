"""One load, written once: from a frozen manifest to silver, on whichever engine it is given.

The order of effects makes it crash-safe: everything is judged first and nothing written; then the ledger says what
will be touched; then parents before children are merged; then rejects and pending rows; then the ledger is closed.
A run that is killed in between leaves a planned ledger row, so that gold still learns what was touched, and the
next run over the same files finds rows that are unchanged already.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.errors import NativeRefused, RejectRatioExceeded
from lakehouse_assets.load import touched
from lakehouse_assets.load.landing import Landing, Sources, check_unchanged, survey, text_batch
from lakehouse_assets.load.ledger import Ledger
from lakehouse_assets.load.owed import Owed
from lakehouse_assets.load.report import LoadReport, TableReport, reconcile
from lakehouse_assets.load.retry import Retry
from lakehouse_assets.sql import silver

PENDING_DAYS = 7
"""Days after which a row whose parent never came is rejected, counted from when it was first seen."""
SPARING = 4
"""A run this many times smaller than silver is worth a look at which dates hold its keys."""
MIN_REJECTS = 10
"""Below this many rejects the ratio says nothing."""


@dataclass(frozen=True)
class Work:
    """What a load is asked to do.

    Attributes:
        manifest: the frozen files and the run's clock.
        tables: silver contracts, parents before children.
        side: contracts of rejects, pending and run ledger, by those words.
        lake: root of the lake.
        landing: where the manifest's files are read.
        max_reject_ratio: overrides the contracts for this run.
    """

    manifest: Manifest
    tables: tuple[Contract, ...]
    side: dict[str, Contract]
    lake: str
    landing: Landing
    max_reject_ratio: float | None = None

    @property
    def as_of(self) -> datetime:
        """The run's clock, zone-less UTC."""
        return self.manifest.as_of.replace(tzinfo=None)


@dataclass
class TableLoad:
    """One table while it is being loaded: what was read and what is known about it so far."""

    contract: Contract
    entries: dict[int, FileEntry]
    sources: Sources
    report: TableReport = field(default_factory=TableReport)
    excluded: list[str] = field(default_factory=list)
    all_new: bool = True
    was_empty: bool = True

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to merge."""
        return bool(self.report.counts.inserted + self.report.counts.updated)

    @property
    def name(self) -> str:
        """Bare table name, the prefix of its relations."""
        return self.contract.name


def load(work: Work, engine: Engine, guard: Guard) -> LoadReport:
    """Run the load.

    Args:
        work: what to do.
        engine: where the SQL runs.
        guard: raises FenceLost when this run may not write any more; called before every commit.

    Raises:
        RejectRatioExceeded: too many rejects; they are kept, nothing is merged.
        ReconciliationFailed: the counts do not add up; nothing is merged.
        LandingChanged: a file changed while it was being read; nothing is merged.
        CommitConflict, FenceLost: somebody else writes; what was merged before stays and is found unchanged later.
    """
    started = time.perf_counter()
    report = LoadReport(work.manifest.run_id, engine.name, work.manifest.mode)
    ledger, retry = Ledger(work), Retry(work)
    loads = _stage_all(work, engine, retry, report)
    owed = Owed(work, engine, retry)
    _refuse_if_too_many(work, loads, owed, ledger, guard)
    for table in loads:
        with timed(table):
            _sort_out(table, loads, engine, work.as_of - timedelta(days=PENDING_DAYS))
            _judge(table, engine)
            reconcile(table.name, table.report.counts)
    report.touched = touched.find(loads, engine)
    ledger.plan(report.touched, guard)
    for table in loads:
        with timed(table):
            _merge(table, engine, guard)
    owed.write(loads, guard)
    ledger.close(loads, guard)
    report.checks = _checks(work, engine)
    report.seconds = time.perf_counter() - started
    return report


@contextmanager
def timed(table: TableLoad) -> Iterator[None]:
    """Add the seconds of the block to the table's report."""
    started = time.perf_counter()
    yield
    table.report.seconds += time.perf_counter() - started


def _stage_all(work: Work, engine: Engine, retry: Retry, report: LoadReport) -> list[TableLoad]:
    """Read every dataset into its `__parsed` relation and count codes."""
    ordinals = retry.ordinals(work.manifest.files)
    engine.register("__files", retry.files_relation(ordinals))
    engine.register("__seen", retry.seen)
    loads = []
    for contract in work.tables:
        dataset = contract.properties["landing"]
        entries = {n: e for n, (e, retried) in ordinals.items() if e.dataset == dataset and not retried}
        started = time.perf_counter()
        table = _stage(work, engine, contract, entries, retry)
        check_unchanged(entries, table.sources, work.landing)
        table.report.seconds += time.perf_counter() - started
        report.refused_files |= table.sources.refused
        report.skipped_files += table.sources.skipped
        report.extra_columns |= table.sources.extra_columns
        report.tables[table.name] = table.report
        loads.append(table)
    return loads


def _stage(
    work: Work,
    engine: Engine,
    contract: Contract,
    entries: dict[int, FileEntry],
    retry: Retry,
) -> TableLoad:
    columns = tuple(c.source for c in contract.content if c.source)
    rows = retry.batch(contract.properties["landing"], columns)
    for strict in (False, True):
        sources = survey(entries, columns, work.landing, strict=strict)
        try:
            engine.stage(f"{contract.name}__parsed", text_batch(sources, work.landing, rows), silver.parsed(contract))
            break
        except NativeRefused:
            if strict:
                raise
    table = TableLoad(contract, entries, sources)
    table.report.counts.read = sources.read
    table.report.counts.retried = rows.num_rows
    _tally(table, engine)
    return table


def _tally(table: TableLoad, engine: Engine) -> None:
    """Count rejected rows, reject codes and warnings."""
    for row in engine.rows(silver.tally(table.name)):
        codes, warnings = _split(row["_codes"]), _split(row["_warnings"])
        if codes:
            table.report.counts.rejected += row["n"]
            table.report.rejects.update(dict.fromkeys(codes, row["n"]))
        else:
            table.report.warnings.update(dict.fromkeys(warnings, row["n"]))


def _split(codes: str) -> list[str]:
    return [code for code in codes.split(",") if code]


def _refuse_if_too_many(work: Work, loads: list[TableLoad], owed: Owed, ledger: Ledger, guard: Guard) -> None:
    """Keep the rejects and stop, when one table has too many of them."""
    for table in loads:
        limit = table.contract.max_reject_ratio if work.max_reject_ratio is None else work.max_reject_ratio
        counts = table.report.counts
        seen = counts.read + counts.retried
        if counts.rejected >= MIN_REJECTS and counts.rejected > limit * seen:
            owed.write_rejects(loads, guard)
            ledger.refuse(loads, guard)
            raise RejectRatioExceeded(
                table=table.name, rejected=counts.rejected, read=seen, ratio=counts.rejected / seen, limit=limit
            )


def _sort_out(table: TableLoad, loads: list[TableLoad], engine: Engine, limit: datetime) -> None:
    """Set aside rows that wait for a parent and rows that are older versions of a key."""
    references = []
    for number, rule in enumerate(table.contract.rules_of("reference")):
        if rule.reference is None:
            continue
        parent = next((p for p in loads if p.contract.catalog_name == rule.reference.parent), None)
        relation = f"{table.name}__missing_{number}"
        column, parsed = rule.reference.column, f"{parent.name}__parsed" if parent else None
        sql = silver.missing(table.name, column, rule.reference.parent, rule.reference.parent_column, parsed)
        engine.keep(relation, sql)
        references.append((rule.code, column, relation))
    if any(engine.rows(f"SELECT count(*) AS n FROM {relation}")[0]["n"] for _, _, relation in references):
        _set_waiting_aside(table, engine, references, limit)
    engine.keep(f"{table.name}__repeated", silver.repeated(table.contract, table.excluded))
    if engine.rows(f"SELECT count(*) AS n FROM {table.name}__repeated")[0]["n"]:
        engine.keep(f"{table.name}__losers", silver.losers(table.contract, table.excluded))
        table.excluded.append(f"{table.name}__losers")
        table.report.counts.superseded += engine.rows(f"SELECT count(*) AS n FROM {table.name}__losers")[0]["n"]


def _set_waiting_aside(
    table: TableLoad, engine: Engine, references: list[tuple[str, str, str]], limit: datetime
) -> None:
    """Rows without a parent are pending, or rejected once they have waited long enough."""
    name = f"{table.name}__waiting"
    engine.keep(name, silver.waiting(table.name, table.contract.properties["landing"], references), {"limit": limit})
    table.excluded.append(name)
    counted = f"SELECT _expired, _codes, count(*) AS n FROM {name} GROUP BY _expired, _codes"
    for row in engine.rows(counted):
        if row["_expired"]:
            table.report.counts.rejected += row["n"]
            table.report.rejects.update(dict.fromkeys(_split(row["_codes"]), row["n"]))
        else:
            table.report.counts.pending += row["n"]


def _judge(table: TableLoad, engine: Engine) -> None:
    """Compare the latest versions with silver, so that the merge gets changed rows only."""
    contract, counts, name = table.contract, table.report.counts, table.name
    valid = _count(engine, silver.valid(name, table.excluded))
    table.was_empty = not engine.attach(contract)
    if not table.was_empty:
        _compare(table, engine, valid)
    if table.all_new:
        engine.view(f"{name}__changed", silver.changed(contract, table.excluded, all_new=True))
        counts.inserted = valid
    counts.valid = counts.inserted + counts.updated + counts.unchanged


def _compare(table: TableLoad, engine: Engine, valid: int) -> None:
    """Find the rows that silver lacks or holds otherwise; an older version than silver's is superseded."""
    contract, counts, name = table.contract, table.report.counts, table.name
    bounds = _bounds(table, engine, valid)
    if not bounds["all"] and not bounds["held"]:
        return
    table.all_new = False
    engine.keep(f"{name}__differing", silver.differing(contract, table.excluded), bounds)
    differing, new = (
        _count(engine, f"{name}__differing"),
        _count(engine, f"(SELECT * FROM {name}__differing WHERE _new)"),
    )
    counts.unchanged, counts.inserted = valid - differing, new
    if differing > new:
        engine.keep(f"{name}__judged", silver.judged(contract), bounds)
        engine.keep(f"{name}__decided", silver.decided(contract))
        found = {r["_verdict"]: r["n"] for r in engine.rows(silver.verdicts(name, "decided"))}
        counts.updated, counts.superseded = found.get("update", 0), counts.superseded + found.get("stale", 0)
        engine.keep(f"{name}__changed", silver.changed(contract, table.excluded, all_new=False))
    elif new:
        only_new = f"SELECT * FROM ({silver.changed(contract, table.excluded, all_new=True)}) AS a"
        rows = f" WHERE EXISTS (SELECT 1 FROM {name}__differing AS d WHERE d._row = a._row)"
        engine.view(f"{name}__changed", only_new + rows)


def _bounds(table: TableLoad, engine: Engine, valid: int) -> dict[str, Any]:
    """Dates that silver holds for this run's keys; not asked where the run is about as large as silver.

    A table without a date column is compared whole.
    """
    if not table.contract.properties.get("date_column") or valid * SPARING > _count(
        engine, table.contract.catalog_name
    ):
        return {"all": True, "held": ()}
    held = [row["held"] for row in engine.rows(silver.held_dates(table.contract, table.excluded))]
    return {"all": False, "held": tuple(held)}


def _count(engine: Engine, relation: str) -> int:
    return int(engine.rows(f"SELECT count(*) AS n FROM {relation} AS counted")[0]["n"])


def _merge(table: TableLoad, engine: Engine, guard: Guard) -> None:
    """Write the changed rows, if there are any."""
    if not table.has_changes:
        return
    contract, dates, is_sorted = table.contract, None, False
    date = contract.properties.get("date_column")
    if date:
        spans = sorted(engine.rows(silver.spans(table.name, date)), key=lambda span: span["ordinal"])
        is_sorted = all(a["last_date"] <= b["first_date"] for a, b in pairwise(spans))
        dates = _touched_dates(table, engine, date)
    updates = table.report.counts.updated > 0
    source = silver.merge_source(contract, is_sorted=is_sorted)
    done = engine.merge(contract, source, updates=updates, dates=dates, guard=guard)
    table.report.added_files, table.report.added_bytes = done.added_files, done.added_bytes
    table.report.removed_files = done.removed_files


def _touched_dates(table: TableLoad, engine: Engine, date: str) -> list[Any]:
    """Literal partition bounds of the merge: dates of the changed rows, and dates that silver holds for their keys."""
    columns = [silver.quoted(date), f"_old_{date}"] if table.report.counts.updated else [silver.quoted(date)]
    found = [engine.rows(f"SELECT DISTINCT {column} AS d FROM {table.name}__changed") for column in columns]
    return sorted({row["d"] for rows in found for row in rows if row["d"] is not None})


def _checks(work: Work, engine: Engine) -> list[dict[str, object]]:
    """Set rules that belong to the load's own step, on the tables as they are now."""
    found: list[dict[str, object]] = []
    for contract in work.tables:
        engine.attach(contract)
        for rule in contract.rules_of("load"):
            rows = engine.rows(rule.implementation)
            found.append(
                {
                    "table": contract.name,
                    "check": rule.code,
                    "verdict": rule.verdict,
                    "failing": len(rows),
                    "sample": [{k: None if v is None else str(v) for k, v in row.items()} for row in rows[:5]],
                    "sql": rule.implementation,
                }
            )
    return found
