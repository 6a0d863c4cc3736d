"""Share landed files out over Spark's executors: each reads its share, makes rows of it, and keeps them as Parquet.

An executor opens files by itself and writes what it made into the scratch folder; only names of files and counts come
back. A task that is tried again writes a file of its own, and one whose task was given up is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import uuid4

from lakehouse_assets.engines.arrow_select import ArrowSelect
from lakehouse_assets.engines.protocol import FileReader, NativeFile, TextSource
from lakehouse_assets.formats.parts import ByteRange

if TYPE_CHECKING:
    import pyarrow as pa

FILE_COST = 1 << 16
"""How many bytes could be read while a file is opened: what a file weighs besides its bytes."""
SHARE_BYTES = 1 << 22
"""How many bytes are worth a task at least: what starting one takes is enough to read as many."""


@dataclass(frozen=True)
class Piece:
    """Name what one executor reads at a time: a file, a part of it, or a small file that is read with others.

    Attributes:
        ordinal: of the file.
        size_bytes: of the piece.
        part: which part of the file; None for all of it.
        small: the file, where it is read with others.
        is_odd: whether its records are counted by whoever reads them.
    """

    ordinal: int
    size_bytes: int
    part: ByteRange | None = None
    small: NativeFile | None = None
    is_odd: bool = False


@dataclass(frozen=True)
class Staged:
    """Hold what one task made: its file (None without rows), and how many records its odd files held."""

    file: str | None
    counted: int


def pieces_of(text: TextSource) -> list[Piece]:
    """Return what is to be read, in the order of files and parts.

    Rows that came together are so staged together, which keeps the statistics of their dates narrow.
    """
    pieces = [Piece(file.ordinal, file.size_bytes, small=file) for file in text.small]
    pieces += [Piece(ordinal, size, is_odd=True) for ordinal, size in text.odd.items()]
    for file in text.native:
        parts = [Piece(file.ordinal, part.stop - part.start, part) for part in file.parts]
        pieces += parts or [Piece(file.ordinal, file.size_bytes)]
    return sorted(pieces, key=lambda piece: (piece.ordinal, piece.part.start if piece.part else 0))


def shares(pieces: Sequence[Piece], tasks: int) -> list[list[Piece]]:
    """Divide pieces, in their order, into at most so many shares of about equal weight, but none too small for a task.

    >>> [[p.ordinal for p in share] for share in shares([Piece(n, n * SHARE_BYTES) for n in range(1, 6)], 2)]
    [[1, 2, 3], [4, 5]]
    >>> [[p.ordinal for p in share] for share in shares([Piece(n, 1000) for n in range(1, 6)], 2)]
    [[1, 2, 3, 4, 5]]
    """
    weights = [piece.size_bytes + FILE_COST for piece in pieces]
    total, before, found = sum(weights), 0, []
    tasks = min(tasks, -(-total // SHARE_BYTES))
    for piece, weight in zip(pieces, weights, strict=True):
        found.append((tasks * (before + weight // 2) // max(total, 1), piece))
        before += weight
    return [[piece for _, piece in share] for _, share in groupby(found, lambda item: item[0])]


@dataclass(frozen=True)
class StageFiles:
    """Make rows of a share of the files and keep them; see `Engine.map`.

    Attributes:
        reader: reads a file.
        select: makes rows of its records.
        folder: where the rows are kept.
    """

    reader: FileReader
    select: ArrowSelect
    folder: str

    def __call__(self, share: Sequence[Piece]) -> Staged:
        """Return the file that the rows of a share are in."""
        counted = 0

        def text() -> Iterator[pa.RecordBatch]:
            nonlocal counted
            small = [piece.small for piece in share if piece.small]
            if small:
                yield from self.reader.together(small)
            for piece in share:
                for batch in () if piece.small else self.reader(piece.ordinal, piece.part):
                    counted += batch.num_rows if piece.is_odd else 0
                    yield batch

        return Staged(kept(self.select(text()), self.folder), counted)


def kept(batches: Iterator[pa.RecordBatch], folder: str) -> str | None:
    """Write record batches into a new Parquet file of a folder and return its name; None without rows."""
    import pyarrow.parquet as pq
    from pyarrow.fs import FileSystem, LocalFileSystem

    writer, name = None, f"{folder}/{uuid4().hex}.parquet"
    system, path = FileSystem.from_uri(name)
    for batch in batches:
        if not batch.num_rows:
            continue
        if writer is None:
            if isinstance(system, LocalFileSystem):
                system.create_dir(path.rpartition("/")[0])
            writer = pq.ParquetWriter(path, batch.schema, filesystem=system, store_decimal_as_integer=True)
        writer.write_batch(batch)
    if writer is None:
        return None
    writer.close()
    return name
