"""Do the loads of the past again, in a lake beside, and close again between them the rejects that were closed by hand.

Each load has its own clock and files, and has to count what it counted then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import control_tables, landing_datasets, seeds, silver_tables
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import RejectRatioExceeded, TableMissing
from lakehouse_assets.load.by_hand import Closing, closings
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.load.history import PastLoad
from lakehouse_assets.load.ledger import Known, know_closing
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.run import LoadInput, load
from lakehouse_assets.sql.closings import closed_as_held, closed_rows
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.opening import open_store

THEN = ("read", "retried", "valid", "rejected", "superseded", "pending")
"""Counts that a load done again has to have; how many valid rows were new depends on tries that died in between."""
Progress = Callable[[int, int], None]
"""Called with how many loads are done, and how many there are."""


@dataclass(frozen=True)
class Redo:
    """Say whose loads are done again, and where.

    Attributes:
        pipeline: whose silver.
        known: its contracts by `layer.name`.
        lake: the lake that it is in, which is only read.
        beside: a lake for the tables while they are made; it has nothing in it.
        open_engine: opens the embedded engine on a lake.
        guard: called before each commit to the lake.
    """

    pipeline: str
    known: Mapping[str, Contract]
    lake: Lake
    beside: Lake
    open_engine: Callable[[Lake], DuckEngine]
    guard: Guard

    @property
    def controls(self) -> dict[str, Contract]:
        """Return the contracts of rejects, pending rows and run ledger by those words."""
        return control_tables(self.known, self.pipeline)


@dataclass(frozen=True)
class Closings:
    """Hold the closings of rejects by hand.

    Attributes:
        known: in their order.
        unknown: how many rows each of the others closed, by id; which they were nobody can tell.
        are_held: whether the lake's table of rejects can be read, which then says what they closed.
    """

    known: tuple[Closing, ...]
    unknown: Mapping[str, int]
    are_held: bool


def closings_of(asked: Redo, seen: Known, *, are_held: bool) -> Closings:
    """Return what was closed by hand, as the rejects say where they can be read, or else the notes.

    Args:
        asked: whose rejects.
        seen: what the ledger knows.
        are_held: whether the lake's table of rejects can be read.
    """
    noted = closings(asked.lake, asked.pipeline)
    if not are_held:
        ids = {closing.run_id for closing in noted}
        return Closings(tuple(noted), {one: rows for one, rows in seen.closings.items() if one not in ids}, are_held)
    # A command that was killed is noted and has closed nothing; one of before there were notes has closed rows.
    names = {closing.at: closing.run_id for closing in noted}
    where = "status = 'closed' GROUP BY replayed_at ORDER BY replayed_at"
    try:
        rows = ControlTable(asked.controls["rejects"], asked.lake).read(where, "replayed_at, count(*) AS n").to_pylist()
    except TableMissing:
        rows = []
    moments = [(row["replayed_at"].replace(tzinfo=None), row["n"]) for row in rows]
    return Closings(tuple(Closing(names.get(at, ""), at, {}, "", rows) for at, rows in moments), {}, are_held)


def redo(asked: Redo, past: Sequence[PastLoad], closed: Closings, progress: Progress) -> list[str]:
    """Do the loads again; return what they, and closings between them, did otherwise than then.

    Counts are not compared from a load on whose files have lost rows since (`lakehouse forget`); tables are.
    """
    asked.beside.create()
    differences, due, is_shorter = list[str](), list(closed.known), False
    for number, one in enumerate(past):
        progress(number, len(past))
        while due and due[0].at < one.began.astimezone(UTC).replace(tzinfo=None):
            differences += _close(asked, due.pop(0), are_held=closed.are_held)
        # Rows that were erased have waited in later loads, too, which counted them.
        is_shorter = is_shorter or one.is_shorter
        if one.lost is None:
            report = _load(asked, one)
            differences += [] if is_shorter else _differences(one, report)
    return differences + [text for one in due for text in _close(asked, one, are_held=closed.are_held)]


def _close(asked: Redo, closing: Closing, *, are_held: bool) -> list[str]:
    """Close the rows again; say how many they are where these are others than then."""
    rejects, engine = asked.controls["rejects"], asked.open_engine(asked.beside)
    try:
        engine.attach(rejects)
        if are_held:
            engine.show_files("__held", rejects, asked.lake.delta_files(rejects, asked.lake.delta(rejects)))
            rows = closed_as_held(rejects, "__held", closing.at)
        else:
            rows = closed_rows(rejects, closing.selection, closing.reason, closing.at)
        count = int(engine.rows(f"SELECT count(*) AS n FROM ({rows}) AS c")[0]["n"])
        if count:
            engine.merge(rejects, rows, updates=True, dates=None, guard=asked.guard)
        if closing.run_id:
            know_closing(asked.controls["run_ledger"], asked.beside, closing, asked.guard)
    finally:
        engine.close()
    if are_held or count == closing.rows:  # what the held table says otherwise is found when it is compared
        return []
    return [f"`{closing.run_id}` closed {closing.rows} rejects, and closes {count} now"]


def _load(asked: Redo, past: PastLoad) -> LoadReport:
    manifest, corrected = past.manifest, past.manifest.selection.get("corrected")
    if corrected:
        asked.beside.store.put(corrected, asked.lake.store.read(corrected))
    landing = open_store(asked.lake.resolve(manifest.landing), create=False)
    work = LoadInput(
        manifest=manifest,
        tables=silver_tables(asked.known),
        datasets=landing_datasets(asked.known),
        controls=asked.controls,
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
