"""Say what parts of a large file are, for the formats that can be read in parts, each by itself and anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ByteRange:
    """Name the records of a file that begin from byte `start` to before byte `stop`.

    Attributes:
        start: of the range, bytes from the start of the file.
        stop: of the range, likewise.
        above: how many lines of the file begin above the range, once they are counted.
        header: names of the file's columns by position, once they are known.
    """

    start: int
    stop: int
    above: int = 0
    header: tuple[str, ...] = ()

    @property
    def opened_at(self) -> int:
        """Return the byte from which on the file has to be read: one before, which tells whether a line begins."""
        return max(self.start - 1, 0)


@dataclass(frozen=True)
class PartSurvey:
    """Hold what one look at a part of a file found; those of two parts add up to that of both.

    Attributes:
        lines: how many lines begin in it.
        records: how many of them are not empty; the header is one of them.
        is_separable: whether, as far as this part shows, the file can be read in parts.
        header: names of the file's columns by position, found in the part at the start of the file.
    """

    lines: int = 0
    records: int = 0
    is_separable: bool = True
    header: tuple[str, ...] = ()

    def __add__(self, other: PartSurvey) -> PartSurvey:
        return PartSurvey(
            self.lines + other.lines,
            self.records + other.records,
            self.is_separable and other.is_separable,
            self.header or other.header,
        )


@runtime_checkable
class ReadInParts(Protocol):
    """Read files in parts; a `protocol.SourceFormat` can do it besides. Chunks come from `part.opened_at` on."""

    def survey_part(self, key: str, chunks: Iterable[bytes], part: ByteRange) -> PartSurvey:
        """Look at a part of a file.

        Raises:
            FileUnreadable: the file is not of this format and dataset.
        """

    def part_batches(self, chunks: Iterable[bytes], part: ByteRange, first_row: int) -> Iterator[pa.RecordBatch]:
        """Yield the records of a part of a file whose parts are all separable; see `SourceFormat.batches`."""

    def part_raw_text(
        self, chunks: Iterable[bytes], part: ByteRange, positions: Iterable[int]
    ) -> Iterator[pa.RecordBatch]:
        """Yield the records of such a part at these positions in the file; see `SourceFormat.raw_text`."""


def ranges(size_bytes: int, part_bytes: int) -> list[ByteRange]:
    """Return ranges of about equal size, none larger than `part_bytes`, that cover a file.

    >>> [(part.start, part.stop) for part in ranges(10, 4)]
    [(0, 3), (3, 6), (6, 10)]
    """
    number = -(-size_bytes // part_bytes)
    cuts = [size_bytes * cut // number for cut in range(number + 1)] if number else []
    return [ByteRange(start, stop) for start, stop in pairwise(cuts)]


def counted(parts: Iterable[tuple[ByteRange, PartSurvey]]) -> list[ByteRange]:
    """Return the ranges of a file, given in its order, with its header and the lines above; those without a line go."""
    found: list[ByteRange] = []
    total = PartSurvey()
    for part, seen in parts:
        total, above = total + seen, total.lines
        if seen.lines:
            found.append(replace(part, above=above, header=total.header))
    return found
