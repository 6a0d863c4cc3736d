"""Hold the values that the load's steps share: what a load is asked to do, and each table while it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.load.file_source import LandedObjects
from lakehouse_assets.load.report import TableReport
from lakehouse_assets.load.source_files import SourceFiles
from lakehouse_assets.progress import Progress
from lakehouse_assets.sql.silver import MissingParent
from lakehouse_assets.storage.lake import Lake


@dataclass(frozen=True)
class LoadInput:
    """Hold what a load is asked to do.

    Attributes:
        manifest: the frozen files and the run's clock.
        tables: silver contracts, parents before children.
        datasets: landing contracts by the name of their dataset.
        controls: contracts of rejects, pending and run ledger, by those words.
        lake: where the tables are.
        landing: where the manifest's files are read.
        max_reject_ratio: overrides the contracts for this run.
        seeds: what the pipeline's reference tables shall hold.
        progress: where the load says what it does.
    """

    manifest: Manifest
    tables: tuple[Contract, ...]
    datasets: dict[str, Contract]
    controls: dict[str, Contract]
    lake: Lake
    landing: LandedObjects
    max_reject_ratio: float | None = None
    seeds: tuple[Seed, ...] = ()
    progress: Progress = field(default_factory=Progress)

    @property
    def as_of(self) -> datetime:
        """Return the run's clock, zone-less UTC."""
        return self.manifest.as_of.replace(tzinfo=None)


@dataclass
class TableLoad:
    """Hold one table while it is being loaded: what was read and what is known about it so far.

    Attributes:
        contract, entries, sources: the table, its files by ordinal, and what they gave.
        report: its counts so far.
        clean: parsed rows without a reject.
        orphans: references with a missing parent in this run; none when every parent is there.
        has_orphaned: whether there may be rejected rows with one of them.
        excluded: relations of clean rows that are set aside, waiting or superseded.
        all_new: whether silver holds none of the run's keys.
        was_empty: whether silver held no row at all.
    """

    contract: Contract
    entries: dict[int, FileEntry]
    sources: SourceFiles
    report: TableReport = field(default_factory=TableReport)
    clean: int = 0
    orphans: list[MissingParent] = field(default_factory=list)
    has_orphaned: bool = False
    excluded: list[str] = field(default_factory=list)
    all_new: bool = True
    was_empty: bool = True

    @property
    def has_changes(self) -> bool:
        """Say whether there is anything to merge."""
        return bool(self.report.counts.inserted + self.report.counts.updated)

    @property
    def has_waiting(self) -> bool:
        """Say whether there are rows without a parent, in relation `<t>__waiting`."""
        return f"{self.name}__waiting" in self.excluded

    @property
    def has_unloaded(self) -> bool:
        """Say whether there are rejected or waiting rows."""
        return self.has_waiting or self.report.counts.rejected > 0

    @property
    def name(self) -> str:
        """Return the bare table name, the prefix of the table's relations."""
        return self.contract.name
