"""Define what each step of a run reports, typed, and make the run report of it.

Every fact about a run (its status, its totals) is derived here and nowhere else. The reports are kept as JSON in the
run's folder. Not here: the load's own report (`load/report.py`), and words for people (`alerts.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from lakehouse_assets.compute.costs import CostLine, cost_lines
from lakehouse_assets.compute.usage import usage_of
from lakehouse_assets.load.report import Counts, LoadReport
from lakehouse_assets.storage.runs import REQUEST, RunFolder

Row = dict[str, Any]
"""Holds one row of any table: column name to plain value."""
Status = Literal["succeeded", "failed", "nothing_to_do"]
Runtime = Literal["dagster", "stepfunctions"]
FACTS, PLAN, LOAD, ARCHIVE, FAILURE, REPORT = "facts", "plan", "load", "archive", "failure", "report"
"""Name the pieces in a run's folder; a gold table's piece is named by `model_piece`."""
LINKS = "links"
"""Names the piece with the addresses of logs, by step, where a step's log is not on this machine."""
REFUSED = "refused"
"""Names the piece with the `keys` of the files that the load refused: they may be too many for a machine to carry."""
NOTES = "notes"
"""Names the piece with what a function of the pipeline's own has to say to people (`NotesReport`)."""


def model_piece(model: str) -> str:
    """Return the name of a gold table's piece in a run's folder."""
    return f"gold-{model}"


def refused_key(folder: RunFolder, report: LoadReport | None) -> str:
    """Return the lake's key of the list of files that a load refused; empty where it refused none."""
    return folder.key_of(REFUSED) if report and report.refused_files else ""


WHOLE_TABLES = "1970-01-01T00:00:00+00:00"
"""Stands for the oldest time of a file when checks shall look at whole tables."""


@dataclass(frozen=True)
class NotesReport:
    """Hold what a function of the pipeline's own has to say to people, a sentence each."""

    lines: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the notes as plain values that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """Hold what a plan found to do.

    Attributes:
        manifest: key of the frozen work in the lake.
        as_of: the run's clock, ISO-8601.
        files: how many landed files by dataset.
        bytes: their size.
        pending: rows that wait for a parent.
        due: those of them that have waited long enough to be rejected.
        unacknowledged: earlier runs that some gold table has not caught up with.
        references: reference tables that do not hold their seed yet.
        doubts: which files have a time that is not believed, in words (`core.file_times`).
        left_alone: key -> why it is not taken from landing, of the first ones.
        left_alone_count: how many there are.
        given_back: keys of archived files that were written on since, and are back in landing.
        models: gold tables that have to be built whole, and why, in words that follow the table's name.
        since: the oldest time of a file whose rows this run may touch, ISO-8601; its checks look at what came since.
        has_work: whether anything follows.
        already: which run has taken the tick before, in words; then this one has no work.
        engine: what loads: `lambda` or `glue`; `auto` where that shows only once pages are pulled.
    """

    run_id: str
    manifest: str
    as_of: str
    mode: str
    files: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    pending: int = 0
    due: int = 0
    unacknowledged: int = 0
    references: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    left_alone: dict[str, str] = field(default_factory=dict)
    left_alone_count: int = 0
    given_back: list[str] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    since: str = WHOLE_TABLES
    has_work: bool = True
    already: str = ""
    engine: str = "glue"


@dataclass(frozen=True)
class FunctionAnswer:
    """Hold what a function answered, JSON values by name, and how many seconds the call took."""

    values: dict[str, Any]
    seconds: float = 0.0


@dataclass(frozen=True)
class Left:
    """Name a landed object that stays where it is, and say why; `error` is the class of what failed, or empty."""

    key: str
    why: str
    error: str = ""


@dataclass(frozen=True)
class ArchiveSlice:
    """Hold one slice of an archive: objects moved, their bytes, those that were left, and how many were refused."""

    moved: int = 0
    bytes: int = 0
    left: tuple[Left, ...] = ()
    refused: int = 0


@dataclass(frozen=True)
class ArchiveReport:
    """Hold what an archive has done so far, by the token that each slice began with; the first one began with none."""

    slices: dict[str, ArchiveSlice] = field(default_factory=dict)

    @property
    def moved(self) -> int:
        """Return how many objects were moved out of landing."""
        return sum(one.moved for one in self.slices.values())

    @property
    def bytes(self) -> int:
        """Return the size in bytes of the objects that were moved."""
        return sum(one.bytes for one in self.slices.values())

    @property
    def refused(self) -> int:
        """Return how many of the objects that were moved were refused by the load, and so went to quarantine."""
        return sum(one.refused for one in self.slices.values())

    @property
    def left(self) -> tuple[Left, ...]:
        """Return the objects that were left, in the order of the manifest."""
        return tuple(left for one in self.slices.values() for left in one.left)

    @property
    def failed(self) -> Left | None:
        """Return the first object that was left because moving it failed; None where all went well."""
        return next((left for left in self.left if left.error), None)


@dataclass(frozen=True)
class ModelReport:
    """Hold what a build did to a gold table.

    Attributes:
        inserted, updated, deleted: rows by what became of them.
        rows: rows that the table holds now.
        added_bytes: bytes of new data files.
        acknowledged: runs that the table has caught up with.
        preview: its first rows.
        seconds: how long it took.
        engine: what ran the model.
        rebuilt: why the table was built whole, in words that follow its name; empty when only what was touched was.
        window: the values of the table's window that were built, as text; none when it was built whole.
        kept_out: groups that the table lacks since a value of theirs has no room in its column, with the rows behind
            it, in words; also those of earlier runs, until they are built again.
        is_whole: whether all values were built.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rows: int = 0
    added_bytes: int = 0
    acknowledged: tuple[str, ...] = ()
    preview: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    engine: str = "duckdb"
    rebuilt: str = ""
    window: tuple[str, ...] = ()
    kept_out: tuple[str, ...] = ()
    is_whole: bool = False


@dataclass(frozen=True)
class Failure:
    """Say why a run failed: the step, the class of the error, and its sentence; of a state machine also the state."""

    step: str | None
    error: str
    message: str
    state: str | None = None

    @property
    def place(self) -> str | None:
        """Return where the run failed, as its runtime calls it."""
        return self.step or self.state


@dataclass(frozen=True)
class ModelCounts:
    """Count the rows of a gold table by what became of them, and those it holds now."""

    inserted: int
    updated: int
    deleted: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """Report a whole run, zeros and empty lists included.

    Attributes:
        tables: counts by silver table.
        rejects, warnings: rows by rule code, most frequent first.
        refusals: key of a refused file -> why.
        skipped_files: keys that changed while the run was going on; the next run takes them.
        left_alone, left_alone_count: key -> why the run does not take it from landing; the first ones, and how many.
        given_back: keys of archived files that were written on since, and are back in landing.
        waiting: pending rows when the run was planned.
        extra_columns: key -> columns that no contract knows.
        gold: counts by gold table; None for one that was not built.
        rebuilt: why gold tables were built whole, in words that follow the table's name.
        kept_out: groups that gold tables lack since a value of theirs does not fit, in words, by table.
        archived: how many files were moved out of landing.
        quarantined: how many of these were refused, and lie in quarantine.
        timings: seconds by step.
        failure: None when the run went well.
        doubts: which files have a time that is not believed, in words.
        hints: which parents waiting rows may have meant, in words.
        notes: what functions of the pipeline's own say, such as as of when a pull is.
        already: which run has taken the tick before, in words; then this one had nothing to do.
        runtime: who made the run, `dagster` or `stepfunctions`.
        execution, link: ARN of a machine's execution, and where people see it.
        job: the job of the pipeline, where it is known.
        tick: the moment of the schedule's tick that the run was for, ISO-8601.
        started_at, ended_at: ISO-8601, UTC; empty where it is not known.
        costs: what its steps used where that is metered, and what it costs, a line for each step, table and check.
    """

    run_id: str
    pipeline: str
    status: Status
    tables: dict[str, Counts]
    rejects: dict[str, int]
    warnings: dict[str, int]
    refused_files: list[str]
    refusals: dict[str, str]
    skipped_files: list[str]
    waiting: int
    extra_columns: dict[str, list[str]]
    gold: dict[str, ModelCounts | None]
    rebuilt: dict[str, str] = field(default_factory=dict)
    kept_out: dict[str, list[str]] = field(default_factory=dict)
    archived: int
    left: tuple[Left, ...]
    timings: dict[str, float]
    left_alone: dict[str, str] = field(default_factory=dict)
    left_alone_count: int = 0
    given_back: list[str] = field(default_factory=list)
    quarantined: int = 0
    failure: Failure | None = None
    doubts: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    already: str = ""
    runtime: Runtime = "dagster"
    execution: str = ""
    link: str = ""
    job: str = ""
    tick: str | None = None
    started_at: str = ""
    ended_at: str = ""
    costs: tuple[CostLine, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values that JSON can hold."""
        return asdict(self)


def compose(folder: RunFolder, silver: Iterable[str], gold: Iterable[str], failure: Failure | None) -> RunReport:
    """Compose the run report from the pieces in the run's folder.

    Args:
        folder: what the steps reported.
        silver: names of the pipeline's silver tables.
        gold: names of its gold tables.
        failure: why the run failed; None when it went well.
    """
    plan, load = folder.report(PLAN, PlanReport), folder.report(LOAD, LoadReport) or LoadReport(folder.run_id, "", "")
    archive = folder.report(ARCHIVE, ArchiveReport) or ArchiveReport()
    built = {name: folder.report(model_piece(name), ModelReport) for name in gold}
    worked = (plan is not None and plan.has_work) or any(built.values())
    return RunReport(
        run_id=folder.run_id,
        pipeline=folder.pipeline,
        status="failed" if failure else "succeeded" if worked else "nothing_to_do",
        tables={name: load.tables[name].counts if name in load.tables else Counts() for name in silver},
        rejects=_most_frequent_first(sum((t.rejects for t in load.tables.values()), Counter())),
        warnings=_most_frequent_first(sum((t.warnings for t in load.tables.values()), Counter())),
        refused_files=sorted(load.refused_files),
        refusals=load.refused_files,
        skipped_files=load.skipped_files,
        left_alone=plan.left_alone if plan else {},
        left_alone_count=plan.left_alone_count if plan else 0,
        given_back=plan.given_back if plan else [],
        waiting=plan.pending if plan else 0,
        extra_columns=load.extra_columns,
        doubts=plan.doubts if plan else [],
        hints=load.hints,
        notes=(folder.report(NOTES, NotesReport) or NotesReport()).lines,
        gold={name: _counts(report) for name, report in built.items()},
        rebuilt={name: report.rebuilt for name, report in built.items() if report and report.rebuilt},
        kept_out={name: list(report.kept_out) for name, report in built.items() if report and report.kept_out},
        archived=archive.moved,
        quarantined=archive.refused,
        left=archive.left,
        timings={LOAD: load.seconds} | {name: b.seconds for name, b in built.items() if b},
        failure=failure,
        costs=cost_lines(usage_of(folder)),
        already=plan.already if plan else "",
        tick=(folder.read(REQUEST) or {}).get("tick"),
    )


def _counts(report: ModelReport | None) -> ModelCounts | None:
    if report is None:
        return None
    return ModelCounts(report.inserted, report.updated, report.deleted, report.rows)


def _most_frequent_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def failed_step(step: str, error: BaseException, at: datetime) -> dict[str, Any]:
    """Return the piece that a failed step leaves in the run's folder: `Failure` and the moment."""
    return asdict(Failure(step, type(error).__name__, str(error))) | {"at": at.isoformat()}
