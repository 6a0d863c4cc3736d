"""Decide for each file of a dataset in a run which reader takes it, and which files are refused as a whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, cast

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.protocol import Engine, NativeFile, TextSource
from lakehouse_assets.errors import FileUnreadable, LandingChanged, NativeRefused, ObjectMissing
from lakehouse_assets.formats import csv_bundle
from lakehouse_assets.formats.compression import is_packed, unpacked
from lakehouse_assets.formats.parts import ByteRange, PartSurvey, ReadInParts, counted, ranges
from lakehouse_assets.formats.protocol import SourceFormat, Survey
from lakehouse_assets.progress import Progress
from lakehouse_assets.sql.silver import ROWS_PER_FILE

if TYPE_CHECKING:
    import pyarrow as pa


MANY_FILES = 100
"""From so many plain files of a dataset on, small ones are read together."""
SMALL_BYTES = 1 << 16
"""A file of fewer bytes is small: an engine's own reader takes as long to open it as to read it."""
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
    """

    source_format: SourceFormat
    landing: LandedObjects
    entries: Mapping[int, FileEntry]
    progress: Progress = field(default_factory=Progress)
    parts: Mapping[int, tuple[ByteRange, ...]] = field(default_factory=dict)

    def __call__(self, ordinal: int, part: ByteRange | None = None) -> Iterator[pa.RecordBatch]:
        """Yield all records of a file, or of a part of it.

        Raises:
            LandingChanged: the file is no longer the one that was surveyed.
        """
        entry, first_row = self.entries[ordinal], ordinal * ROWS_PER_FILE
        with self._unchanged(entry):
            if part is None:
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
            for some in _bundles(alike):
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
            seen = self.source_format.survey(entry.key, chunks)
            if is_packed(entry.key):
                deque(chunks, maxlen=0)  # whether a packed file is whole shows at its end only
        except FileUnreadable as error:
            return Look(refused=str(error))
        except ObjectMissing:
            return Look(changed=True)
        finally:
            self.progress.add(files=1 if part is None or part.start == 0 else 0)
        return Look(seen)

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


@dataclass
class SourceFiles:
    """Hold the files of one dataset, and what a look at each of them gave.

    Attributes:
        source: how they are read.
        native: plain files, which the engine's own reader takes.
        small: plain files that are many and small, which are read together.
        odd: the others that hold records, which the format's reader takes: ordinal -> size in bytes.
        refused: key -> why a file is left out as a whole.
        skipped: keys of files that changed since they were listed.
        extra_columns: key -> what is in a file and is no wanted column.
        counted: records that the format's reader met in the odd files.
    """

    source: FileSource
    native: list[NativeFile] = field(default_factory=list)
    small: list[NativeFile] = field(default_factory=list)
    odd: dict[int, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    extra_columns: dict[str, list[str]] = field(default_factory=dict)
    counted: int = 0

    @property
    def read(self) -> int:
        """Return how many records the files hold: counted from bytes in plain files, by the format's reader else."""
        return sum(file.records for file in (*self.native, *self.small)) + self.counted

    def text(self, retried: str | None) -> TextSource:
        """Return the text that an engine stages, with the SELECT of the rows that are tried again."""
        columns = tuple(field.name for field in self.source.source_format.fields)
        return TextSource(columns, tuple(self.native), tuple(self.small), dict(self.odd), self.source, retried)

    def check_unchanged(self, engine: Engine) -> None:
        """Fail after reading when a file changed meanwhile: it may have been read half old and half new.

        Raises:
            LandingChanged: names the file; the next try leaves it out.
        """
        entries, skipped = self.source.entries, set(self.skipped)
        read = [ordinal for ordinal, entry in entries.items() if entry.key not in skipped]
        for ordinal, is_unchanged in zip(read, engine.map(self.source.is_unchanged, read), strict=True):
            if not is_unchanged:
                raise LandingChanged(key=entries[ordinal].key)


def survey(source: FileSource, engine: Engine, *, strict: bool = False) -> SourceFiles:
    """Look at every file once and decide which reader takes it.

    Args:
        source: the files.
        engine: where they are looked at.
        strict: whether all files take the format's reader (an engine's own reader refused one).
    """
    found, whole = SourceFiles(source), {}
    split: dict[int, list[tuple[ByteRange, Look]]] = {}
    for (ordinal, part), look in _looks(source, engine, source.pieces(engine.part_bytes)):
        if part is None:
            whole[ordinal] = look
        else:
            split.setdefault(ordinal, []).append((part, look))
    inseparable: list[Piece] = [(ordinal, None) for ordinal, looks in split.items() if not _is_separable(looks)]
    whole |= {ordinal: look for (ordinal, _), look in _looks(source, engine, inseparable)}
    for ordinal in source.entries:
        if ordinal in whole:
            _add(found, ordinal, whole[ordinal], may_be_native=not strict)
        else:
            _add_parts(found, ordinal, split[ordinal])
    found.source = replace(source, parts={file.ordinal: file.parts for file in found.native if file.parts})
    if len(found.native) >= MANY_FILES:
        found.small = [file for file in found.native if file.size_bytes < SMALL_BYTES and not is_packed(file.uri)]
        found.native = [file for file in found.native if file.size_bytes >= SMALL_BYTES or is_packed(file.uri)]
    return found


def _looks(source: FileSource, engine: Engine, pieces: list[Piece]) -> Iterable[tuple[Piece, Look]]:
    return zip(pieces, engine.map(source.look, pieces), strict=True)


def _is_separable(looks: list[tuple[ByteRange, Look]]) -> bool:
    """Say whether a file can be read in parts, or is not read at all."""
    return all(look.part is None or look.part.is_separable for _, look in looks)


def _add_parts(found: SourceFiles, ordinal: int, looks: list[tuple[ByteRange, Look]]) -> None:
    """Add a file whose parts were looked at, unless one look says that it is not taken."""
    seen = [(part, look.part) for part, look in looks if look.part is not None]
    left_out = next((look for _, look in looks if look.part is None), None)
    if left_out is not None:
        _add(found, ordinal, left_out, may_be_native=False)
        return
    entry, whole = found.source.entries[ordinal], sum((part for _, part in seen), PartSurvey())
    wanted = {field.name for field in found.source.source_format.fields}
    extra = [name for name in whole.header if name not in wanted]
    if extra:
        found.extra_columns[entry.key] = extra
    if whole.records > 1:
        facts = (ordinal, found.source.landing.uri(entry), whole.header, whole.records - 1, entry.size_bytes)
        found.native.append(NativeFile(*facts, tuple(counted(seen))))


def _bundles(files: Iterable[NativeFile]) -> Iterator[list[NativeFile]]:
    """Yield the files, some at a time, so that the content of those fits into memory."""
    some: list[NativeFile] = []
    size = 0
    for file in files:
        some.append(file)
        size += file.size_bytes
        if size >= BUNDLE_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _add(found: SourceFiles, ordinal: int, look: Look, *, may_be_native: bool) -> None:
    entry, seen = found.source.entries[ordinal], look.survey
    if look.changed:
        found.skipped.append(entry.key)
    if look.refused:
        found.refused[entry.key] = look.refused
    if seen is None or seen.is_empty:
        return
    if seen.extra_columns:
        found.extra_columns[entry.key] = list(seen.extra_columns)
    if seen.plain_records is None or not may_be_native:
        found.odd[ordinal] = entry.size_bytes
    elif seen.plain_records:
        found.native.append(
            NativeFile(ordinal, found.source.landing.uri(entry), seen.header, seen.plain_records, entry.size_bytes)
        )
