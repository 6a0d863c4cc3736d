r"""Read a large CSV file in parts, each by itself and anywhere: a part is the lines that begin in a range of bytes.

Parts are cut where `\n` ends a line, which every kind of newline but a lone `\r` has. A line belongs to the range that
its first byte is in, so any ranges that cover the file give each line to exactly one of them, with the characters of
several bytes in it.

A line number needs the lines of all parts above, so a file is read twice: once to count each part, once to read it.
Nobody can tell from a part alone whether its first line is inside of a quoted field. But where every line of every part
closes the quotes that it opens, taken for itself, then so it is from the first line on: no record goes over a line, and
each part may be read for itself. A file with one line that leaves quotes open is not read in parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from lakehouse_assets.formats import csv_hybrid, csv_raw, csv_survey
from lakehouse_assets.formats.csv_strict import NEWLINES, RecordWindow, leaves_open, line_starts
from lakehouse_assets.formats.lines import BLOCK_BYTES, line_blocks, without_bom
from lakehouse_assets.formats.parts import ByteRange, PartSurvey
from lakehouse_assets.formats.protocol import Field

if TYPE_CHECKING:
    import pyarrow as pa


NOT_SEPARABLE = PartSurvey(is_separable=False)


def survey(
    key: str, chunks: Iterable[bytes], part: ByteRange, fields: tuple[Field, ...], block_bytes: int = BLOCK_BYTES
) -> PartSurvey:
    """Look at a part and count its lines; one that turns out not to be separable is left at once.

    Args:
        key: of the file, for messages.
        chunks: of the file, from `part.opened_at` on.
        part: which lines to look at.
        fields: the wanted columns.
        block_bytes: how many bytes are looked at in one piece.

    Raises:
        FileUnreadable: the part is the start of the file, and its first record is no header of this dataset.
    """
    blocks = _blocks(chunks, part, block_bytes)
    found = PartSurvey()
    if part.start == 0:
        first = next(blocks, b"")
        if not first or leaves_open(first, 0, int(line_starts(first)[1])):
            return NOT_SEPARABLE
        header, below = csv_survey.read_header(key, RecordWindow(iter([first])), fields)
        if header is None or below != 1:
            return NOT_SEPARABLE
        found, blocks = PartSurvey(header=header), chain([first], blocks)
    for block in blocks:
        found += _look(block)
        if not found.is_separable:
            return NOT_SEPARABLE
    return found


def batches(
    chunks: Iterable[bytes], part: ByteRange, columns: tuple[str, ...], first_row: int, block_bytes: int = BLOCK_BYTES
) -> Iterator[pa.RecordBatch]:
    """Yield the records of a part of a separable file, with the numbers they have in the file; see `csv_hybrid`.

    Args:
        chunks: of the file, from `part.opened_at` on.
        part: which lines to read, with the number of lines above and the header.
        columns: the wanted columns.
        first_row: `_row` is this plus the physical line, counted from 1.
        block_bytes: how many bytes are held in memory.
    """
    window = RecordWindow(_blocks(chunks, part, block_bytes), part.above)
    if window.grow(0):
        yield from csv_hybrid.batches(
            window, 1 if part.start == 0 else 0, csv_hybrid.Layout(part.header, columns, first_row)
        )


def raw_text(
    chunks: Iterable[bytes], part: ByteRange, positions: Iterable[int], block_bytes: int = BLOCK_BYTES
) -> Iterator[pa.RecordBatch]:
    """Yield the records of a part that begin on these lines of the file; see `csv_raw`."""
    window = RecordWindow(_blocks(chunks, part, block_bytes), part.above)
    yield from csv_raw.raw_batches(window, part.header, positions)


def lines_of(chunks: Iterable[bytes], part: ByteRange) -> Iterator[bytes]:
    """Yield the bytes of a file from the first line of a part to the end of its last one.

    Args:
        chunks: of the file, from `part.opened_at` on; no more of them are taken than needed.
        part: which lines.
    """
    at, is_inside = part.opened_at, part.start == 0
    for chunk in chunks:
        begin = 0
        if not is_inside:
            begin = chunk.find(b"\n") + 1
            if (at + begin if begin else at + len(chunk)) >= part.stop:
                return  # the next line begins behind the part
            is_inside = begin > 0
        if is_inside:
            end = chunk.find(b"\n", max(part.stop - 1 - at, 0)) + 1
            yield chunk[begin : end or len(chunk)]
            if end:
                return
        at += len(chunk)


def _blocks(chunks: Iterable[bytes], part: ByteRange, block_bytes: int) -> Iterator[bytes]:
    lines = lines_of(chunks, part)
    return line_blocks(without_bom(lines) if part.start == 0 else lines, block_bytes)


def _look(block: bytes) -> PartSurvey:
    """Count the lines of a block; most files hold nothing but lines that are counted in a few vectors."""
    import numpy as np

    plain = csv_survey.tally(block)
    if plain is not None:
        return PartSurvey(plain.lines, plain.lines)
    starts = line_starts(block)
    if b'"' in block:
        unclear = np.flatnonzero(~csv_hybrid.clear_lines(block, starts))
        if any(leaves_open(block, int(starts[line]), int(starts[line + 1])) for line in unclear):
            return NOT_SEPARABLE
    first_bytes = np.frombuffer(block, np.uint8)[starts[:-1]]
    return PartSurvey(len(first_bytes), int(np.count_nonzero(~np.isin(first_bytes, NEWLINES))))
