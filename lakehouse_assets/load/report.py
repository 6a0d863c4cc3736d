"""Hold what a load did, as values: counts per table that must add up, codes, files, commits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lakehouse_assets.errors import ReconciliationFailed

COUNTS = ("read", "retried", "valid", "rejected", "superseded", "pending", "inserted", "updated", "unchanged")

SAMPLE_ROWS = 5
"""How many failing rows a check shows at most."""


@dataclass
class Counts:
    """Count the rows of one table in one run.

    Attributes:
        read: records in the files, counted independently of the parse.
        retried: pending or replayed rows that were tried again.
        valid: rows that silver holds now: inserted + updated + unchanged.
        rejected, superseded, pending: where the others went.
    """

    read: int = 0
    retried: int = 0
    valid: int = 0
    rejected: int = 0
    superseded: int = 0
    pending: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0


def reconcile(table: str, counts: Counts) -> None:
    """Fail unless every row is accounted for.

    Raises:
        ReconciliationFailed: shows the equation that does not hold.
    """
    came = counts.read + counts.retried
    went = counts.valid + counts.rejected + counts.superseded + counts.pending
    kept = counts.inserted + counts.updated + counts.unchanged
    if came != went:
        equation = (
            f"read {counts.read} + retried {counts.retried} = {came}, but valid {counts.valid} + rejected "
            f"{counts.rejected} + superseded {counts.superseded} + pending {counts.pending} = {went}"
        )
        raise ReconciliationFailed(table=table, equation=equation)
    if counts.valid != kept:
        equation = (
            f"valid {counts.valid}, but inserted {counts.inserted} + updated {counts.updated} + unchanged "
            f"{counts.unchanged} = {kept}"
        )
        raise ReconciliationFailed(table=table, equation=equation)


@dataclass
class Standing:
    """Hold rows that stand after a load, of whichever run: how many, by code, and since when the oldest (UTC, ISO)."""

    rows: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    oldest: str = ""


@dataclass
class TableReport:
    """Hold what a load did to one table, its counts, codes of rejects and warnings, and the commit; and what stands.

    `rejected` are its open rejects, `waiting` the rows that wait for a parent, and `warned` how many of its rows break
    each rule that warns, where that can be counted.
    """

    counts: Counts = field(default_factory=Counts)
    rejects: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    added_files: int = 0
    added_bytes: int = 0
    removed_files: int = 0
    seconds: float = 0.0
    rejected: Standing | None = None
    waiting: Standing | None = None
    warned: dict[str, int] | None = None


@dataclass
class LoadCheck:
    """Hold the answer to a set rule that the load's own step asked: failing rows, some of them as text, its SQL."""

    table: str
    check: str
    verdict: str
    failing: int
    sample: list[dict[str, str | None]] = field(default_factory=list)
    sql: str = ""


@dataclass
class ReferenceReport:
    """Hold what a load did to one reference table: rows it holds, whether this load brought them, and the commit."""

    rows: int
    has_changes: bool
    added_files: int = 0
    added_bytes: int = 0


Affected = dict[str, list[Any] | None]
"""Maps a window to its affected values in order; to None where they are too many to list: gold then looks at all."""


@dataclass
class LoadReport:
    """Hold what a whole load did.

    Attributes:
        run_id, engine, mode: which run it belongs to, what it ran on, and what the files were.
        tables: by bare silver table name.
        references: by bare name of a reference table.
        refused_files: key -> why a file was refused as a whole.
        skipped_files: keys that changed after the manifest was frozen; the next run takes them.
        extra_columns: key -> columns that the contract does not know.
        touched: values whose gold rows may have changed, by window; None where they are too many to list.
        checks: answers to the set rules that belong to the load's own step.
        hints: which parents waiting rows may have meant, in words (`hints`).
        seconds: how long it took.
    """

    run_id: str
    engine: str
    mode: str
    tables: dict[str, TableReport] = field(default_factory=dict)
    refused_files: dict[str, str] = field(default_factory=dict)
    skipped_files: list[str] = field(default_factory=list)
    extra_columns: dict[str, list[str]] = field(default_factory=dict)
    touched: Affected = field(default_factory=dict)
    checks: list[LoadCheck] = field(default_factory=list)
    seconds: float = 0.0
    references: dict[str, ReferenceReport] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)

    @property
    def rejects(self) -> Counter[str]:
        """Return how often each reject code occurs, over all tables."""
        return sum((t.rejects for t in self.tables.values()), Counter())
