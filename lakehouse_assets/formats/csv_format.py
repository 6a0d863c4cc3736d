"""Read CSV files: a record takes one line or more, and its position is the physical line that it begins on.

The header's line is 1. Columns are found by name; what the header names beyond the wanted ones is reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lakehouse_assets.formats import csv_erase, csv_hybrid, csv_parts, csv_raw, csv_survey
from lakehouse_assets.formats.csv_strict import RecordWindow
from lakehouse_assets.formats.lines import BLOCK_BYTES, line_blocks, without_bom
from lakehouse_assets.formats.parts import ByteRange, PartSurvey
from lakehouse_assets.formats.protocol import Field, Survey

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Csv:
    """Read the CSV files of one dataset; see `protocol.SourceFormat`, and `parts.ReadInParts` for large ones.

    Attributes:
        fields: the wanted columns.
        block_bytes: how many bytes of a file are looked at in one piece.
    """

    is_python: ClassVar[bool] = False
    fields: tuple[Field, ...]
    block_bytes: int = BLOCK_BYTES

    def survey(self, key: str, chunks: Iterable[bytes]) -> Survey:
        """Look at the header, and count the records of a plain file; a file without a record is empty."""
        return csv_survey.survey(key, line_blocks(chunks, self.block_bytes), self.fields)

    def batches(self, key: str, chunks: Iterable[bytes], first_row: int) -> Iterator[pa.RecordBatch]:
        """Yield all records below the header; one block of lines is held in memory at a time."""
        window = RecordWindow(line_blocks(without_bom(chunks), self.block_bytes))
        header, line = csv_survey.read_header(key, window, self.fields)
        if header is not None:
            columns = tuple(field.name for field in self.fields)
            yield from csv_hybrid.batches(window, line, csv_hybrid.Layout(header, columns, first_row))

    def raw_text(self, key: str, chunks: Iterable[bytes], positions: Iterable[int]) -> Iterator[pa.RecordBatch]:
        """Yield the records that begin on these lines, with the text of all the file's columns."""
        window = RecordWindow(line_blocks(without_bom(chunks), self.block_bytes))
        header, _ = csv_survey.read_header(key, window, self.fields)
        yield from csv_raw.raw_batches(window, header or (), positions)

    def erase(self, key: str, chunks: Iterable[bytes], positions: Collection[int]) -> Iterator[bytes]:  # noqa: ARG002 - as in `SourceFormat`
        """See `protocol.SourceFormat`; of each line that a record took its newline stays."""
        yield from csv_erase.erase(chunks, positions, self.block_bytes)

    def survey_part(self, key: str, chunks: Iterable[bytes], part: ByteRange) -> PartSurvey:
        """Count the lines of a part, and look at the header in the first one."""
        return csv_parts.survey(key, chunks, part, self.fields, self.block_bytes)

    def part_batches(self, chunks: Iterable[bytes], part: ByteRange, first_row: int) -> Iterator[pa.RecordBatch]:
        """Yield the records of a part."""
        columns = tuple(field.name for field in self.fields)
        return csv_parts.batches(chunks, part, columns, first_row, self.block_bytes)

    def part_raw_text(
        self, chunks: Iterable[bytes], part: ByteRange, positions: Iterable[int]
    ) -> Iterator[pa.RecordBatch]:
        """Yield the records of a part that begin on these lines of the file."""
        return csv_parts.raw_text(chunks, part, positions, self.block_bytes)
