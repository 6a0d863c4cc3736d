"""Erase a person's records from the files that loads have read: in the archive, in bronze, and in landing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import landing_datasets
from lakehouse_assets.core.batches import in_batches
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.errors import NativeRefused
from lakehouse_assets.formats.compression import packed, unpacked
from lakehouse_assets.formats.registry import format_of
from lakehouse_assets.load.file_source import FileSource
from lakehouse_assets.load.forget_asked import Forget, Forgotten, mentions
from lakehouse_assets.load.history import FORGOTTEN, History, PastLoad
from lakehouse_assets.load.ledger import known
from lakehouse_assets.load.source_files import SourceFiles, survey
from lakehouse_assets.sql import forget as statements
from lakehouse_assets.sql import silver
from lakehouse_assets.sql.forget import Step
from lakehouse_assets.sql.silver import ROWS_PER_FILE
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder

if TYPE_CHECKING:
    from lakehouse_assets.core.manifest import FileEntry
    from lakehouse_assets.storage.objects import ObjectStore

FILES_AT_ONCE = 200
"""So many files are read together."""
Place = tuple[str, str, str]
"""Holds landing, key and archived key of a file."""


@dataclass(frozen=True)
class Held:
    """Hold where records that are theirs stand in one file.

    Attributes:
        source: reads the file.
        store: where it lies.
        key: it has there.
        entry: of the manifest that names it.
        positions: of the records.
        runs: that have read it.
    """

    source: FileSource
    store: ObjectStore
    key: str
    entry: FileEntry
    positions: set[int]
    runs: set[str]


def look_in_files(asked: Forget, engine: DuckEngine, done: Forgotten) -> list[Held]:
    """Return the files that loads have read and that hold their records, parents first; keep the keys of their rows."""
    past = History(asked.pipeline, asked.lake, known(asked.controls["run_ledger"], asked.lake)).loads()
    return [held for step in asked.steps for held in _held(asked, engine, step, past, done)]


def erase_files(asked: Forget, found: list[Held]) -> None:
    """Erase their records from these files, children before their parents."""
    for held in reversed(found):
        asked.guard()
        _note(asked, held.runs)
        _rewrite(held)


def _held(asked: Forget, engine: DuckEngine, step: Step, past: Iterable[PastLoad], done: Forgotten) -> Iterator[Held]:
    """Yield the files of one dataset that hold records that are theirs."""
    entries: dict[Place, FileEntry] = {}
    runs: dict[Place, set[str]] = {}
    for one in past:
        for entry in one.manifest.of(step.contract.landing):
            place = (one.manifest.landing, entry.key, entry.archived or "")
            entries[place] = entry
            runs.setdefault(place, set()).add(one.manifest.run_id)
    reading = _Reading(asked, engine, step, landing_datasets(asked.known)[step.contract.landing])
    for some in in_batches(iter(sorted(entries.items(), key=lambda item: item[0])), FILES_AT_ONCE):
        for landing in {place[0] for place, _ in some}:
            mine = {place: entry for place, entry in some if place[0] == landing}
            yield from reading.find(landing, mine, runs, done)


@dataclass(frozen=True)
class _Reading:
    """Read files of one dataset as a load does, and find the records in them that are theirs."""

    asked: Forget
    engine: DuckEngine
    step: Step
    dataset: Contract

    def find(
        self,
        landing: str,
        files: Mapping[Place, FileEntry],
        runs: Mapping[Place, set[str]],
        done: Forgotten,
    ) -> Iterator[Held]:
        """Yield those of these files that hold their records, and keep the keys of rows that silver does not have."""
        asked, places = self.asked, list(files)
        asked.tell(f"reading {len(places)} files of {self.dataset.name}")
        store = open_store(asked.lake.resolve(landing), create=False)
        source = FileSource(
            format_of(self.dataset, self.step.contract),
            ManifestFiles(store, asked.lake.store),
            dict(enumerate(files.values())),
        )
        for ordinal, positions in self._found(self._staged(source)).items():
            entry = source.entries[ordinal]
            where, key = (store, entry.key) if entry.archived is None else (asked.lake.store, entry.archived)
            done.files[key if entry.archived else f"{landing}/{key}"] = len(positions)
            yield Held(source, where, key, entry, positions, runs[places[ordinal]])
        self.engine.add(self.step.relation, statements.only_landed(self.step))

    def _staged(self, source: FileSource) -> SourceFiles:
        contract = self.step.contract
        for strict in (False, True):
            sources = survey(source, self.engine, strict=strict)
            try:
                self.engine.stage(f"{contract.name}__parsed", sources.text(None), silver.parsed(contract))
            except NativeRefused:
                if strict:
                    raise
                continue
            break
        return sources

    def _found(self, sources: SourceFiles) -> dict[int, set[int]]:
        """Return by file the positions of the records that are theirs."""
        parsed, found = f"{self.step.contract.name}__parsed", dict[int, set[int]]()
        for row in self.engine.values(f"SELECT p._row FROM {parsed} AS p WHERE {statements.matching_of(self.step)}"):
            found.setdefault(row // ROWS_PER_FILE, set()).add(row % ROWS_PER_FILE)
        broken = f"SELECT p._row FROM {parsed} AS p WHERE p._codes = '{silver.MALFORMED}' ORDER BY p._row"
        for row, raw in self._raw(sources, self.engine.values(broken)):
            if mentions(raw, self.asked.where.words):
                found.setdefault(row // ROWS_PER_FILE, set()).add(row % ROWS_PER_FILE)
        return found

    def _raw(self, sources: SourceFiles, rows: list[int]) -> Iterator[tuple[int, str]]:
        """Yield the text of malformed records."""
        by_file: dict[int, list[int]] = {}
        for row in rows:
            by_file.setdefault(row // ROWS_PER_FILE, []).append(row % ROWS_PER_FILE)
        for ordinal, positions in by_file.items():
            for batch in sources.source.raw_text(ordinal, positions):
                for place, raw in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                    yield ordinal * ROWS_PER_FILE + place, raw


def _rewrite(held: Held) -> None:
    content = unpacked(held.entry.key, held.store.chunks(held.key))
    kept = held.source.source_format.erase(held.entry.key, content, held.positions)
    held.store.rewrite(held.key, packed(held.entry.key, kept), known_as=held.entry.etag)


def _note(asked: Forget, runs: Iterable[str]) -> None:
    """Note that these runs' files have lost rows: they count less when they are loaded again."""
    for run_id in runs:
        RunFolder(asked.lake.store, asked.pipeline, run_id).write(FORGOTTEN, {"at": datetime.now(UTC)})
