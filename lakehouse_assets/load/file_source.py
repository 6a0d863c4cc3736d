"""Read the landed files of one dataset: whole or in parts, many small ones together, and some records once more.

What is here can be pickled, so that an executor reads as a thread on this machine does. Which reader takes which file
is decided in `source_files`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, cast

from lakehouse_assets.core.batches import by_size
from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.protocol import NativeFile
from lakehouse_assets.errors import FileUnreadable, LandingChanged, NativeRefused, ObjectMissing
from lakehouse_assets.formats import csv_bundle
from lakehouse_assets.formats.compression import is_packed, unpacked
from lakehouse_assets.formats.parts import ByteRange, PartSurvey, ReadInParts, ranges
from lakehouse_assets.formats.protocol import ReadWhileSurveyed, SourceFormat, Survey
from lakehouse_assets.load.kept_records import KeptRecords
from lakehouse_assets.progress import Progress
from lakehouse_assets.sql.silver import ROWS_PER_FILE

if TYPE_CHECKING:
    import pyarrow as pa

BUNDLE_BYTES = 1 << 22
"""About how many bytes of small files are read together."""

Piece = tuple[int, ByteRange | None]
"""A file by its ordinal, as a whole or a part of it."""


class LandedObjects(Protocol):
    """Read the files of a manifest where they landed."""

    def chunks(self, entry: FileEntry, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the object's bytes, or those from `start` to before `stop`, a piece at a time."""

    def uri(self, entry: FileEntry) -> str:
        """Return where an engine's own reader finds the object."""

    def is_unchanged(self, entry: FileEntry) -> bool:
        """Say whether the object is still the one that the manifest names."""


@dataclass(frozen=True)
class FileSource:
    """Read the files of one dataset through their format; a value that can be pickled, see `protocol.FileReader`.

    Attributes:
        source_format: how the dataset's files are read, and which columns are wanted.
        landing: where they are read.
        entries: the files by ordinal.
        progress: where files, bytes and records are counted for who waits.
        parts: of the files that are read in parts, once their lines are counted.
        keeper: keeps records that are made while a file is looked at; None where looking and reading have no folder in
            common.
        kept: the files of which records were kept.
    """

    source_format: SourceFormat
    landing: LandedObjects
    entries: Mapping[int, FileEntry]
    progress: Progress = field(default_factory=Progress)
    parts: Mapping[int, tuple[ByteRange, ...]] = field(default_factory=dict)
    keeper: KeptRecords | None = None
    kept: frozenset[int] = frozenset()

    @property
    def is_python(self) -> bool:
        """Say whether records are made by Python code one at a time, so that threads do not help."""
        return self.source_format.is_python and not self.kept

    def __call__(self, ordinal: int, part: ByteRange | None = None) -> Iterator[pa.RecordBatch]:
        """Yield all records of a file, or of a part of it.

        Raises:
            LandingChanged: the file is no longer the one that was surveyed.
        """
        entry, first_row = self.entries[ordinal], ordinal * ROWS_PER_FILE
        with self._unchanged(entry):
            if self.keeper is not None and ordinal in self.kept:
                batches = self.keeper.batches(ordinal)
            elif part is None:
                batches = self.source_format.batches(entry.key, self._content(entry), first_row)
            else:
                batches = self._in_parts.part_batches(self._from(entry, part), part, first_row)
            for batch in batches:
                self.progress.add(rows=batch.num_rows)
                yield batch

    def together(self, files: Sequence[NativeFile]) -> Iterator[pa.RecordBatch]:
        """Yield all records of many small plain files.

        Raises:
            NativeRefused: a file is not as it was surveyed.
            LandingChanged: a file is gone.
        """
        columns = tuple(field.name for field in self.source_format.fields)
        for header, alike in groupby(sorted(files, key=lambda file: file.header), lambda file: file.header):
            for some in by_size(alike, lambda file: file.size_bytes, BUNDLE_BYTES):
                batch = csv_bundle.read(map(self._plain, some), header, columns)
                if batch is None:
                    raise NativeRefused(engine="bundle", problem=f"{some[0].uri} or one read with it is not plain")
                self.progress.add(rows=batch.num_rows)
                yield batch

    def _plain(self, file: NativeFile) -> csv_bundle.PlainFile:
        entry = self.entries[file.ordinal]
        with self._unchanged(entry):
            content = b"".join(self.landing.chunks(entry))
        return csv_bundle.PlainFile(content, file.records, file.ordinal * ROWS_PER_FILE)

    def raw_text(self, ordinal: int, positions: Iterable[int]) -> Iterator[pa.RecordBatch]:
        """Read some records of a file a second time and yield them as they stand there, see `raw_schema`.

        Raises:
            LandingChanged: the file is no longer the one that was read.
        """
        entry = self.entries[ordinal]
        with self._unchanged(entry):
            if ordinal in self.parts:
                yield from self._raw_text_of_parts(ordinal, positions)
            else:
                yield from self.source_format.raw_text(entry.key, self._content(entry), positions)
        if not self.landing.is_unchanged(entry):
            raise LandingChanged(key=entry.key)

    def _raw_text_of_parts(self, ordinal: int, positions: Iterable[int]) -> Iterator[pa.RecordBatch]:
        """Read just the parts of a file that these lines are in."""
        import numpy as np

        entry, parts, lines = self.entries[ordinal], self.parts[ordinal], np.fromiter(positions, np.int64)
        cuts = np.searchsorted(lines, [part.above for part in parts], side="right").tolist()
        for part, first, last in zip(parts, cuts, (*cuts[1:], len(lines)), strict=True):
            if first < last:
                yield from self._in_parts.part_raw_text(self._from(entry, part), part, lines[first:last])

    def pieces(self, part_bytes: int | None) -> list[Piece]:
        """Return what to look at: each file, or each part of one of more bytes than this, where its format has parts.

        A packed file can only be read from its start.
        """
        if part_bytes is None or not isinstance(self.source_format, ReadInParts):
            return [(ordinal, None) for ordinal in self.entries]
        found: list[Piece] = []
        for ordinal, entry in self.entries.items():
            is_cut = entry.size_bytes > part_bytes and not is_packed(entry.key)
            cuts = ranges(entry.size_bytes, part_bytes) if is_cut else [None]
            found += [(ordinal, part) for part in cuts]
        return found

    def look(self, piece: Piece) -> Look:
        """Look at one file or at a part of it, and say what that gave, or why the file is not taken."""
        ordinal, part = piece
        entry = self.entries[ordinal]
        if not self.landing.is_unchanged(entry):
            return Look(changed=True)
        try:
            if part is not None:
                return Look(part=self._in_parts.survey_part(entry.key, self._from(entry, part), part))
            chunks = unpacked(entry.key, self.progress.reading(self.landing.chunks(entry)))
            seen, is_kept = self._surveyed(ordinal, chunks)
            if is_packed(entry.key):
                deque(chunks, maxlen=0)  # whether a packed file is whole shows at its end only
        except FileUnreadable as error:
            return Look(refused=str(error))
        except ObjectMissing:
            return Look(changed=True)
        finally:
            self.progress.add(files=1 if part is None or part.start == 0 else 0)
        return Look(seen, is_kept=is_kept)

    def _surveyed(self, ordinal: int, chunks: Iterator[bytes]) -> tuple[Survey, bool]:
        """Survey a file, keep its records where that needs no second reading, and say whether they were kept."""
        entry = self.entries[ordinal]
        if self.keeper is None or not isinstance(self.source_format, ReadWhileSurveyed):
            return self.source_format.survey(entry.key, chunks), False
        with self.keeper.keeping(ordinal) as keep:
            return self.source_format.survey_and_keep(entry.key, chunks, ordinal * ROWS_PER_FILE, keep), True

    @property
    def _in_parts(self) -> ReadInParts:
        return cast("ReadInParts", self.source_format)

    def _from(self, entry: FileEntry, part: ByteRange) -> Iterator[bytes]:
        return self.landing.chunks(entry, part.opened_at)

    def is_unchanged(self, ordinal: int) -> bool:
        """Say whether a file is as it was listed."""
        return self.landing.is_unchanged(self.entries[ordinal])

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


@dataclass(frozen=True)
class Look:
    """Hold what a first look at one file, or a part of it, gave, or why the file is not taken."""

    survey: Survey | None = None
    part: PartSurvey | None = None
    refused: str | None = None
    changed: bool = False
    is_kept: bool = False
