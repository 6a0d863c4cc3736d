"""Make silver, pending rows and rejects anew from the archive, and prove that they are what they were.

Every load of the past is done again, in order and with its own clock, into a lake beside. What each of them counts has
to be what it counted then, and tables that can still be read have to hold the same rows. Only then does a table that
is lost or damaged get its rows, in one commit each. Killed in between, it can be done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import control_tables, landing_datasets, seeds, silver_tables
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.damage import Damage
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import RebuildRefused, RejectRatioExceeded, TableMissing
from lakehouse_assets.load.history import History, PastLoad
from lakehouse_assets.load.ledger import announce_everything, unfinished_runs
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.run import LoadInput, load
from lakehouse_assets.load.soundness import unsound
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.opening import open_store

if TYPE_CHECKING:
    from deltalake import DeltaTable

SHOWN = 10
"""How many files or differences a refusal names."""
THEN = ("read", "retried", "valid", "rejected", "superseded", "pending")
"""Counts that a load done again has to have; how many valid rows were new depends on tries that died in between."""
Progress = Callable[[int, int], None]
"""Called with how many loads are done, and how many there are."""


@dataclass(frozen=True)
class Rebuild:
    """Say which silver is made anew, and with what.

    Attributes:
        pipeline: whose silver.
        known: its contracts by `layer.name`.
        lake: the lake that it is in.
        beside: a lake for the tables while they are made; it has nothing in it.
        open_engine: opens the embedded engine on a lake.
        guard: called before each commit to the lake.
        accepts: whether tables are made anew also where they differ from what they were, and without missing files.
    """

    pipeline: str
    known: Mapping[str, Contract]
    lake: Lake
    beside: Lake
    open_engine: Callable[[Lake], DuckEngine]
    guard: Guard
    accepts: bool = False


@dataclass(frozen=True)
class Rebuilt:
    """Hold what came of it.

    Attributes:
        loads, files: how many were done again.
        differences: what is not as it was, and was accepted.
        tables: rows of each table, and whether it was written; the others hold the same rows.
    """

    loads: int
    files: int
    differences: tuple[str, ...]
    tables: dict[str, tuple[int, bool]]


def rebuild(asked: Rebuild, progress: Progress) -> Rebuilt:
    """Do all loads of the past again, compare, and write the tables that are lost or damaged.

    Raises:
        RebuildRefused: files that a load has read are nowhere any more, or something is not what it was; nothing was
            written.
        CommitConflict, FenceLost: somebody else writes; tables that were written before stay, and are right.
    """
    broken = unsound(asked.known, asked.pipeline, asked.lake)
    ledger = control_tables(asked.known, asked.pipeline)["run_ledger"]
    unfinished = frozenset() if ledger in broken else unfinished_runs(ledger, asked.lake)
    past = History(asked.pipeline, asked.lake, unfinished).loads()
    _refuse_missing(asked, past)
    differences = _again(asked, past, progress)
    engine = asked.open_engine(asked.beside)
    try:
        due = _compare(asked, engine, broken, differences)
        if differences and not asked.accepts:
            raise RebuildRefused(pipeline=asked.pipeline, problem=f"not all is what it was: {_listed(differences)}")
        if due and ledger not in due:
            announce_everything(ledger, asked.lake, f"rebuild-{uuid4()}", datetime.now(UTC), asked.guard)
        shown = [c for c in _tables(asked) if c != ledger or c in due]
        tables = {c.catalog_name: (_count(engine, c), c in due) for c in shown}
        for contract in due:
            _put(asked, contract, engine, broken.get(contract))
    finally:
        engine.close()
    return Rebuilt(len(past), sum(len(one.manifest.files) for one in past), tuple(differences), tables)


def _refuse_missing(asked: Rebuild, past: Sequence[PastLoad]) -> None:
    if not past:
        raise RebuildRefused(pipeline=asked.pipeline, problem="there is no load in `runs` that could be done again")
    missing = sorted({f"{entry.key} (etag {entry.etag})" for one in past for entry in one.missing})
    if missing and not asked.accepts:
        problem = f"files that were loaded are neither in the archive nor in landing any more: {_listed(missing)}"
        raise RebuildRefused(pipeline=asked.pipeline, problem=problem)


def _listed(items: Sequence[str]) -> str:
    more = f"; and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return "; ".join(items[:SHOWN]) + more


def _tables(asked: Rebuild) -> list[Contract]:
    """Return the tables that are made anew: silver, pending rows, rejects, and the ledger, which is compared last."""
    controls = control_tables(asked.known, asked.pipeline)
    return [*silver_tables(asked.known), controls["pending"], controls["rejects"], controls["run_ledger"]]


def _again(asked: Rebuild, past: Sequence[PastLoad], progress: Progress) -> list[str]:
    """Do the loads again in the lake beside; return what they counted otherwise than then."""
    asked.beside.create()
    differences = [f"`{entry.key}` is missing" for one in past for entry in one.missing]
    for number, one in enumerate(past):
        progress(number, len(past))
        differences += _differences(one, _load(asked, one))
    return differences


def _load(asked: Rebuild, past: PastLoad) -> LoadReport:
    manifest, corrected = past.manifest, past.manifest.selection.get("corrected")
    if corrected:
        asked.beside.store.put(corrected, asked.lake.store.read(corrected))
    landing = open_store(asked.lake.resolve(manifest.landing), create=False)
    work = LoadInput(
        manifest=manifest,
        tables=silver_tables(asked.known),
        datasets=landing_datasets(asked.known),
        controls=control_tables(asked.known, asked.pipeline),
        lake=asked.beside,
        landing=ManifestFiles(landing, asked.lake.store),
        # What was merged is merged again, whatever share is allowed by now.
        max_reject_ratio=manifest.request.max_reject_ratio if past.was_refused else 1.0,
        seeds=seeds(asked.known, asked.pipeline),
    )
    engine = asked.open_engine(asked.beside)
    try:
        return load(work, engine, asked.guard)
    except RejectRatioExceeded as error:
        if not isinstance(error.report, LoadReport):
            raise
        return error.report
    finally:
        engine.close()


def _differences(past: PastLoad, now: LoadReport) -> list[str]:
    """Say, by table and count, what a load did otherwise than then; nothing of one that died before it could count."""
    if past.report is None:
        return []
    found = []
    for name in sorted(past.report.tables.keys() | now.tables.keys()):
        counts = [_counted(report, name) for report in (past.report, now)]
        for what in sorted(counts[0].keys() | counts[1].keys()):
            then, again = (count.get(what, 0) for count in counts)
            if then != again:
                found.append(f"run {now.run_id}: `{name}` had {then} rows {what}, and has {again} now")
    return found


def _counted(report: LoadReport, name: str) -> dict[str, int]:
    table = report.tables.get(name)
    if table is None:
        return {}
    counts = {what: getattr(table.counts, what) for what in THEN}
    return counts | {f"rejected as `{code}`": count for code, count in table.rejects.items()}


def _compare(
    asked: Rebuild, engine: DuckEngine, broken: Mapping[Contract, Damage], differences: list[str]
) -> list[Contract]:
    """Return the tables to write, and add to the differences what tables that can be read hold otherwise."""
    due = []
    for contract in _tables(asked):
        engine.attach(contract)
        if contract in broken:
            due.append(contract)
        elif contract != control_tables(asked.known, asked.pipeline)["run_ledger"]:
            ours, theirs = _other_rows(asked, contract, engine)
            if ours or theirs:
                held = f"holds {ours} rows that the archive does not give, and lacks {theirs} that it gives"
                differences.append(f"`{contract.catalog_name}` {held}")
                due.append(contract)
    return due


def _other_rows(asked: Rebuild, contract: Contract, engine: DuckEngine) -> tuple[int, int]:
    """Count the rows that only the lake's table holds, and those that only the one beside holds."""
    try:
        files = asked.lake.delta_files(contract, asked.lake.delta(contract))
    except TableMissing:
        files = []
    engine.show_files("__held", contract, files)
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    held, made = (f"SELECT {columns} FROM {name}" for name in ("__held", contract.catalog_name))
    counts = (f"SELECT count(*) AS n FROM ({a} EXCEPT ALL {b}) AS d" for a, b in ((held, made), (made, held)))
    ours, theirs = (int(engine.rows(count)[0]["n"]) for count in counts)
    return ours, theirs


def _count(engine: DuckEngine, contract: Contract) -> int:
    return int(engine.rows(f"SELECT count(*) AS n FROM {contract.catalog_name}")[0]["n"])


def _put(asked: Rebuild, contract: Contract, engine: DuckEngine, damage: Damage | None) -> None:
    """Let the lake's table hold the rows that were made beside, in one commit; what cannot be read is set aside."""
    import pyarrow as pa
    from deltalake import CommitProperties, write_deltalake

    if damage is not None and damage.is_unreadable:
        asked.guard()
        asked.lake.set_aside(contract)
    target: DeltaTable = delta.ensure(contract, asked.lake)
    schema = delta.arrow_schema(contract)
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    batches = engine.batches(f"SELECT {columns} FROM {contract.catalog_name}")
    rows = pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in batches))
    asked.guard()
    with delta.conflicts(contract.name):
        properties = CommitProperties(max_commit_retries=0)
        write_deltalake(target, rows, mode="overwrite", schema_mode="overwrite", commit_properties=properties)
    delta.check_protocol(target, contract.name)


def beside(lake: Lake, pipeline: str) -> Lake:
    """Return the lake in which a pipeline's tables are made; it lies in the lake itself and may be there or not."""
    return open_lake(f"{lake.root}/rebuild/{pipeline}")
