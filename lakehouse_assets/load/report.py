"""What a load did, as values: counts per table that must add up, codes, files, commits."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from lakehouse_assets.errors import ReconciliationFailed

COUNTS = ("read", "retried", "valid", "rejected", "superseded", "pending", "inserted", "updated", "unchanged")


@dataclass
class Counts:
    """Rows of one table in one run.

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
class TableReport:
    """One table of a load: its counts, codes of rejects and warnings, and the commit."""

    counts: Counts = field(default_factory=Counts)
    rejects: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    added_files: int = 0
    added_bytes: int = 0
    removed_files: int = 0
    seconds: float = 0.0


@dataclass
class Touched:
    """What gold must look at again; None where it is too much to list, so that gold looks at everything."""

    dates: list[Any] | None = field(default_factory=list)
    users: list[str] | None = field(default_factory=list)
    products: list[str] | None = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.dates != [] or self.users != [] or self.products != []


@dataclass
class LoadReport:
    """A whole load.

    Attributes:
        tables: by bare silver table name.
        refused_files: key -> why a file was refused as a whole.
        skipped_files: keys that changed after the manifest was frozen; the next run takes them.
        extra_columns: key -> columns that the contract does not know.
        touched: dates, users and products whose gold rows may have changed.
    """

    run_id: str
    engine: str
    mode: str
    tables: dict[str, TableReport] = field(default_factory=dict)
    refused_files: dict[str, str] = field(default_factory=dict)
    skipped_files: list[str] = field(default_factory=list)
    extra_columns: dict[str, list[str]] = field(default_factory=dict)
    touched: Touched = field(default_factory=Touched)
    checks: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rejects(self) -> Counter[str]:
        """Codes of all tables."""
        return sum((t.rejects for t in self.tables.values()), Counter())

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        plain = asdict(self)
        for name, table in self.tables.items():
            # Python 3.11's asdict breaks a Counter up into pairs.
            plain["tables"][name] |= {"rejects": dict(table.rejects), "warnings": dict(table.warnings)}
        if self.touched.dates is not None:
            plain["touched"]["dates"] = [d.isoformat() for d in self.touched.dates]
        return plain
