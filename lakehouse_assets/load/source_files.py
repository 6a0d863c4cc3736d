"""Decide for each file of a dataset in a run which reader takes it, and which files are refused as a whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.protocol import NativeFile, TextBatch
from lakehouse_assets.errors import FileUnreadable, LandingChanged, ObjectMissing
from lakehouse_assets.formats.compression import is_packed, unpacked
from lakehouse_assets.formats.protocol import RawRecord, SourceFormat, Survey
from lakehouse_assets.sql.silver import ROWS_PER_FILE

if TYPE_CHECKING:
    import pyarrow as pa

READERS = 2
"""How many files are looked at side by side; a block of each is held in memory."""


class LandedObjects(Protocol):
    """Read the files of a manifest where they landed."""

    def chunks(self, entry: FileEntry) -> Iterator[bytes]:
        """Yield the object's bytes, a piece at a time."""

    def uri(self, entry: FileEntry) -> str:
        """Return where an engine's own reader finds the object."""

    def is_unchanged(self, entry: FileEntry) -> bool:
        """Say whether the object is still the one that the manifest names."""


@dataclass
class SourceFiles:
    """Hold the files of one dataset: where they are, how they are read, and what a look at each of them gave.

    Attributes:
        source_format: how the dataset's files are read, and which columns are wanted.
        landing: where they are read.
        entries: the files by ordinal.
        native: plain files, which the engine's own reader takes.
        odd: ordinals of the others that hold records, which the format's reader takes.
        refused: key -> why a file is left out as a whole.
        skipped: keys of files that changed since they were listed.
        extra_columns: key -> what is in a file and is no wanted column.
        counted: records that the format's reader met in the odd files so far.
    """

    source_format: SourceFormat
    landing: LandedObjects
    entries: Mapping[int, FileEntry]
    native: list[NativeFile] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    extra_columns: dict[str, list[str]] = field(default_factory=dict)
    counted: int = 0

    @property
    def read(self) -> int:
        """Return how many records the files hold: counted from bytes in plain files, by the format's reader else."""
        return sum(file.records for file in self.native) + self.counted

    def text_batch(self, retried: pa.RecordBatch | None) -> TextBatch:
        """Return the text that an engine stages; the format's reader runs while the engine takes its batches."""
        columns = tuple(field.name for field in self.source_format.fields)
        return TextBatch(columns, tuple(self.native), self._odd_batches(retried))

    def _odd_batches(self, retried: pa.RecordBatch | None) -> Iterator[pa.RecordBatch]:
        if retried is not None and retried.num_rows:
            yield retried
        self.counted = 0
        for ordinal in self.odd:
            entry = self.entries[ordinal]
            with self._unchanged(entry):
                for batch in self.source_format.batches(entry.key, self._content(entry), ordinal * ROWS_PER_FILE):
                    self.counted += batch.num_rows
                    yield batch

    def check_unchanged(self) -> None:
        """Fail after reading when a file changed meanwhile: it may have been read half old and half new.

        Raises:
            LandingChanged: names the file; the next try leaves it out.
        """
        for entry in self.entries.values():
            if entry.key not in self.skipped and not self.landing.is_unchanged(entry):
                raise LandingChanged(key=entry.key)

    def raw_text(self, ordinal: int, positions: Iterable[int]) -> dict[int, RawRecord]:
        """Read some records of a file a second time and return their raw text, by position.

        Raises:
            LandingChanged: the file is no longer the one that was read.
        """
        entry = self.entries[ordinal]
        with self._unchanged(entry):
            records = self.source_format.raw_text(entry.key, self._content(entry), sorted(positions))
            found = {record.position: record for record in records}
        if not self.landing.is_unchanged(entry):
            raise LandingChanged(key=entry.key)
        return found

    def _content(self, entry: FileEntry) -> Iterator[bytes]:
        return unpacked(entry.key, self.landing.chunks(entry))

    @contextmanager
    def _unchanged(self, entry: FileEntry) -> Iterator[None]:
        """Report an error in reading a file that was good in the survey as `LandingChanged` when the file changed."""
        try:
            yield
        except (FileUnreadable, ObjectMissing) as error:
            if not self.landing.is_unchanged(entry):
                raise LandingChanged(key=entry.key) from error
            raise


def survey(
    source_format: SourceFormat, landing: LandedObjects, entries: Mapping[int, FileEntry], *, strict: bool = False
) -> SourceFiles:
    """Look at every file once and decide which reader takes it.

    Args:
        source_format: how they are read.
        landing: where they are read.
        entries: ordinal -> file.
        strict: whether all files take the format's reader (an engine's own reader refused one).
    """
    found = SourceFiles(source_format, landing, entries)
    with ThreadPoolExecutor(READERS) as pool:
        looks = pool.map(lambda entry: _look(entry, source_format, landing), entries.values())
        for ordinal, look in zip(entries, looks, strict=True):
            _add(found, ordinal, look, may_be_native=not strict)
    return found


@dataclass(frozen=True)
class _Look:
    """Hold what a first look at one file gave, or why the file is not taken."""

    survey: Survey | None = None
    refused: str | None = None
    changed: bool = False


def _look(entry: FileEntry, source_format: SourceFormat, landing: LandedObjects) -> _Look:
    if not landing.is_unchanged(entry):
        return _Look(changed=True)
    chunks = unpacked(entry.key, landing.chunks(entry))
    try:
        seen = source_format.survey(entry.key, chunks)
        if is_packed(entry.key):
            deque(chunks, maxlen=0)  # whether a packed file is whole shows at its end only
    except FileUnreadable as error:
        return _Look(refused=str(error))
    except ObjectMissing:
        return _Look(changed=True)
    return _Look(seen)


def _add(found: SourceFiles, ordinal: int, look: _Look, *, may_be_native: bool) -> None:
    entry, seen = found.entries[ordinal], look.survey
    if look.changed:
        found.skipped.append(entry.key)
    if look.refused:
        found.refused[entry.key] = look.refused
    if seen is None or seen.is_empty:
        return
    if seen.extra_columns:
        found.extra_columns[entry.key] = list(seen.extra_columns)
    if seen.plain_records is None or not may_be_native:
        found.odd.append(ordinal)
    elif seen.plain_records:
        found.native.append(NativeFile(ordinal, found.landing.uri(entry), seen.header, seen.plain_records))
