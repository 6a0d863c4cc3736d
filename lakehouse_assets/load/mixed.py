"""Records of a file that is not plain as a whole: lines that leave no doubt, and the others.

A line leaves no doubt when every reader of CSV sees the same fields in it: quotes only around whole fields, as many
fields as the header, nothing odd. Such lines go to Arrow's reader, fifty times as fast as Python's; whatever else
there is goes through the strict reader record by record, and takes the lines it runs over with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakehouse_assets.load.reader import BOM, Lines, Record, is_utf8

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

BLOCK_LINES = 50_000
"""Lines taken at a time, so that a large file needs little more memory than its bytes."""
LONGEST = 1 << 20
"""Bytes of a line beyond which it is odd."""
NEWLINES, LAST_ASCII = (ord("\n"), ord("\r")), 127
ODD_STARTS = (*NEWLINES, BOM[0])
"""First bytes of lines that are odd: no record at all, or what Arrow would take for a byte order mark."""


def batches(
    content: bytes, first_row: int, header: tuple[str, ...], columns: tuple[str, ...]
) -> Iterator[pa.RecordBatch]:
    """All records below the header as (`_row`, `_malformed`, text...).

    Args:
        content: the file's bytes.
        first_row: `_row` is this plus the physical line, counted from 1.
        header: names of its columns.
        columns: the ones that are wanted.
    """
    import numpy as np

    lines = Lines(content)
    _, after = lines.header()
    readable = content.isascii() or is_utf8(content)
    for start in range(after, len(lines), BLOCK_LINES):
        end = min(start + BLOCK_LINES, len(lines))
        clear = _clear(lines, start, end, len(header), readable=readable)
        clear[: max(0, after - start)] = False  # a record of the block before runs into this one
        odd: list[Record] = []
        for line in np.flatnonzero(~clear) + start:
            if line >= after:
                record, after = lines.record(int(line))
                odd += [record] if record else []
                clear[line - start : after - start] = False
        if clear.any():
            yield _fast(lines, start, clear, first_row, header, columns)
        if odd:
            yield to_batch([_row(record, first_row, header, columns) for record in odd], columns)


def _clear(lines: Lines, start: int, end: int, fields: int, *, readable: bool) -> NDArray[np.bool_]:
    """Which lines of a block leave no doubt."""
    import numpy as np

    starts = lines.starts[start : end + 1]
    data = np.frombuffer(lines.content, np.uint8)[starts[0] : starts[-1]]
    starts = starts - starts[0]

    def line_of(positions: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.searchsorted(starts, positions, side="right") - 1

    clear: NDArray[np.bool_] = (np.diff(starts) < LONGEST) & ~np.isin(data[starts[:-1]], ODD_STARTS)
    if not readable:
        clear[line_of(np.flatnonzero(data > LAST_ASCII))] = False
    commas, quotes = np.flatnonzero(data == ord(",")), np.flatnonzero(data == ord('"'))
    of_comma, of_quote = line_of(commas), line_of(quotes)
    rank = np.arange(len(quotes)) - np.searchsorted(of_quote, of_quote)  # of a quote in its line, from 0
    clear[of_quote[~_at_edge(data, quotes, rank)]] = False
    clear &= np.bincount(of_quote, minlength=len(clear)) % 2 == 0
    before = np.searchsorted(quotes, commas) - np.searchsorted(of_quote, of_comma)  # quotes before a comma in its line
    clear &= np.bincount(of_comma[before % 2 == 0], minlength=len(clear)) == fields - 1
    return clear


def _at_edge(data: NDArray[np.uint8], quotes: NDArray[np.intp], rank: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether each quote opens a field right at its start (even rank in the line) or closes it right at its end."""
    import numpy as np

    framed = np.concatenate(([ord(",")], data, [ord("\n")]))
    neighbour = framed[np.where(rank % 2 == 0, quotes, quotes + 2)]
    return np.isin(neighbour, (ord(","), *NEWLINES))


def _fast(
    lines: Lines,
    start: int,
    clear: NDArray[np.bool_],
    first_row: int,
    header: tuple[str, ...],
    columns: tuple[str, ...],
) -> pa.RecordBatch:
    """The clear lines of a block by Arrow's reader."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    edges = np.flatnonzero(np.diff(np.concatenate(([False], clear, [False])))) + start
    pieces = lines.starts[edges].reshape(-1, 2)
    text = b"".join(lines.content[a:b] for a, b in pieces)
    names = [f"c{number}" for number in range(len(header))]
    name_of = {column: names[header.index(column)] for column in columns if column in header}
    table = csv.read_csv(
        pa.py_buffer(text),
        csv.ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
        csv.ParseOptions(ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=list(name_of.values()), check_utf8=False
        ),
    )
    rows = pa.array(np.flatnonzero(clear) + (first_row + start + 1), pa.int64())
    absent = pa.nulls(len(rows), pa.string())
    texts = [table.column(name_of[c]).combine_chunks() if c in name_of else absent for c in columns]
    malformed = pa.repeat(pa.scalar(value=False), len(rows))
    return pa.RecordBatch.from_arrays([rows, malformed, *texts], names=["_row", "_malformed", *columns])


def _row(record: Record, first_row: int, header: tuple[str, ...], columns: tuple[str, ...]) -> tuple[Any, ...]:
    number = first_row + record.line
    if record.fields is None or len(record.fields) != len(header):
        return (number, True, *(None for _ in columns))
    values = dict(zip(header, record.fields, strict=True))
    return (number, False, *(values.get(name) for name in columns))


def to_batch(rows: list[tuple[Any, ...]], columns: tuple[str, ...]) -> pa.RecordBatch:
    """Rows of (`_row`, `_malformed`, text...) as Arrow."""
    import pyarrow as pa

    types = [pa.int64(), pa.bool_(), *(pa.string() for _ in columns)]
    arrays = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=["_row", "_malformed", *columns])
