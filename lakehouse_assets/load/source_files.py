"""Decide for each file of a dataset in a run which reader takes it, and which files are refused as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lakehouse_assets.engines.protocol import Engine, NativeFile, TextSource
from lakehouse_assets.errors import LandingChanged
from lakehouse_assets.formats.compression import is_packed
from lakehouse_assets.formats.parts import ByteRange, PartSurvey, counted
from lakehouse_assets.load.file_source import FileSource, Look, Piece

MANY_FILES = 100
"""From so many plain files of a dataset on, small ones are read together."""
SMALL_BYTES = 1 << 16
"""A file of fewer bytes is small: an engine's own reader takes as long to open it as to read it."""


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
    parts = {file.ordinal: file.parts for file in found.native if file.parts}
    kept = frozenset(ordinal for ordinal in found.odd if whole[ordinal].is_kept)
    found.source = replace(source, parts=parts, kept=kept)
    if len(found.native) >= MANY_FILES:
        found.small = [file for file in found.native if file.size_bytes < SMALL_BYTES and not is_packed(file.uri)]
        found.native = [file for file in found.native if file.size_bytes >= SMALL_BYTES or is_packed(file.uri)]
    return found


def _looks(source: FileSource, engine: Engine, pieces: list[Piece]) -> Iterable[tuple[Piece, Look]]:
    size = sum(source.entries[ordinal].size_bytes for ordinal, _ in pieces) if source.is_python else 0
    return zip(pieces, engine.map(source.look, pieces, python_bytes=size), strict=True)


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
