"""Read a CSV file that is not plain as a whole: clear lines by a fast reader, all others by the strict one.

A line is clear when every reader of CSV sees the same fields in it: quotes only around whole fields, as many fields as
the header, nothing odd. Such lines go to Arrow's reader, fifty times as fast as Python's. Whatever else there is goes
through the strict reader record by record, and takes the lines it runs over with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse_assets.formats.csv_strict import COMMA, NEWLINES, Record, RecordWindow
from lakehouse_assets.formats.lines import BOM, is_utf8
from lakehouse_assets.formats.protocol import MALFORMED, ROW, record_batch

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

LONGEST_CLEAR = 1 << 20
"""A line of more bytes than this is not clear."""
PART_BYTES = 1 << 23
"""How many bytes of lines are told apart in one go: more than a usual block has, less than a window may hold."""
QUOTE, LAST_ASCII = ord('"'), 127


@dataclass(frozen=True)
class Layout:
    """Say how the fields of a file become rows.

    Attributes:
        header: names of the file's columns.
        columns: the ones that are wanted; one that the file lacks is NULL.
        first_row: `_row` is this plus the physical line, counted from 1.
    """

    header: tuple[str, ...]
    columns: tuple[str, ...]
    first_row: int


def batches(window: RecordWindow, line: int, layout: Layout) -> Iterator[pa.RecordBatch]:
    """Yield all records from a line on as batches of (`_row`, `_malformed`, text...).

    The window may as well begin in the middle of a file, at a line that is not in quotes.

    Args:
        window: where the records are; its `above` counts the lines of the file.
        line: the first line to read, counted in the window from 0.
        layout: how they become rows.
    """
    while True:
        part = _divided(window, line, len(layout.header))
        if part.clear.any():
            yield _fast(window, line, part.clear, layout)
        if part.odd:
            yield record_batch([_row(record, layout) for record in part.odd], layout.columns)
        line = part.end
        if line == len(window) or part.goes_on:
            if not window.grow(line):
                return
            line = 0


@dataclass(frozen=True)
class _Part:
    """Describe some lines of a window: which are clear, the records of the others (`odd`), the next line (`end`).

    `goes_on` says that the record which begins on the next line goes on below the window.
    """

    clear: NDArray[np.bool_]
    odd: list[Record]
    end: int
    goes_on: bool = False


def _divided(window: RecordWindow, first: int, fields: int) -> _Part:
    """Divide the lines from the first one on, `PART_BYTES` of them or what the window has, into clear and odd ones."""
    import numpy as np

    stop = int(np.searchsorted(window.starts, window.starts[first] + PART_BYTES))
    clear = clear_lines(window.content, window.starts[first : max(stop, first + 1) + 1], fields)
    odd: list[Record] = []
    after = first
    for line in (np.flatnonzero(~clear) + first).tolist():
        if line < after:
            continue  # the record before runs over this line
        found = window.record(line)
        if found is None:
            clear[line - first :] = False
            return _Part(clear, odd, line, goes_on=True)
        record, after = found
        odd += [record] if record else []
        clear[line - first : after - first] = False
    return _Part(clear, odd, max(after, first + len(clear)))


def clear_lines(content: bytes, starts: NDArray[np.int64], fields: int | None = None) -> NDArray[np.bool_]:
    """Mark the lines that are clear by themselves; one may still turn out to be inside of a quoted field.

    Without a number of fields, a line may have any.

    This is a tokenizer of CSV in vectors: nothing loops over bytes or lines. It works on the positions of all commas
    and all quotes, which are sorted. So where the lines start in them tells how many each line has.

    In a line without a quote every comma separates two fields. In one with quotes, the first quote of the line opens a
    field, the second closes it, the third opens one, and so on: what has an odd number of quotes before it is inside
    of a field. That holds where quotes stand at the edges of fields only, which `_at_edge` checks, and where their
    number is even, since a field goes on in the next line otherwise. Of a doubled quote inside of a field the first
    half would close and the second open one, and neither is at an edge, so such a line is not clear.
    """
    import numpy as np

    text = content[starts[0] : starts[-1]]
    data = np.frombuffer(text, np.uint8)
    starts = starts - starts[0]
    clear: NDArray[np.bool_] = (np.diff(starts) < LONGEST_CLEAR) & ~_table(*NEWLINES, BOM[0])[data[starts[:-1]]]
    if not is_utf8(text):
        clear[np.searchsorted(starts, np.flatnonzero(data > LAST_ASCII), side="right") - 1] = False
    commas, quotes = np.flatnonzero(data == COMMA), np.flatnonzero(data == QUOTE)
    # How many commas and quotes there are above each line, and in it.
    commas_above, quotes_above = np.searchsorted(commas, starts), np.searchsorted(quotes, starts)
    separators, quotes_in = np.diff(commas_above), np.diff(quotes_above)
    if len(quotes):
        of_quote = np.repeat(np.arange(len(clear)), quotes_in)
        rank = np.arange(len(quotes)) - quotes_above[of_quote]
        clear[of_quote[~_at_edge(text, quotes, rank)]] = False
        clear &= quotes_in % 2 == 0
        # Commas inside of fields separate none; only lines with quotes have such.
        of_comma = np.repeat(np.arange(len(clear)), separators)
        beside_quotes = quotes_in[of_comma] > 0
        commas, of_comma = commas[beside_quotes], of_comma[beside_quotes]
        inside = (np.searchsorted(quotes, commas) - quotes_above[of_comma]) % 2 == 1
        separators -= np.bincount(of_comma[inside], minlength=len(clear))
    return clear if fields is None else clear & (separators == fields - 1)


def _at_edge(text: bytes, quotes: NDArray[np.intp], rank: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Say of each quote whether it opens a field right at its start or closes it right at its end.

    Args:
        text: the bytes.
        quotes: positions of the quotes in them.
        rank: of each quote in its line, from 0: an even one opens, an odd one closes.
    """
    import numpy as np

    # One byte more at both ends, so that each quote has a neighbour; position p of the text is p + 1 here.
    framed = np.frombuffer(b",%b\n" % text, np.uint8)
    return _table(COMMA, *NEWLINES)[framed[np.where(rank % 2 == 0, quotes, quotes + 2)]]


def _table(*bytes_in: int) -> NDArray[np.bool_]:
    """Return a table that says for each of the 256 bytes whether it is one of these."""
    import numpy as np

    table = np.zeros(256, np.bool_)
    table[list(bytes_in)] = True
    return table


def _fast(window: RecordWindow, first: int, clear: NDArray[np.bool_], layout: Layout) -> pa.RecordBatch:
    """Read the clear lines with Arrow's reader into one batch."""
    import numpy as np

    # Where runs of clear lines begin and end: where the mask changes.
    edges = np.flatnonzero(np.diff(np.concatenate(([False], clear, [False])))) + first
    text = b"".join(window.content[start:stop] for start, stop in window.starts[edges].reshape(-1, 2).tolist())
    return batch_of(text, np.flatnonzero(clear) + (layout.first_row + window.above + first + 1), layout)


def batch_of(text: bytes, rows: NDArray[np.int64], layout: Layout) -> pa.RecordBatch:
    """Read clear lines into one batch, given the `_row` of each of them."""
    import pyarrow as pa

    name_of = {c: f"c{layout.header.index(c)}" for c in layout.columns if c in layout.header}
    table = read_lines(text, len(layout.header), [layout.header.index(c) for c in name_of])
    absent = pa.nulls(len(rows), pa.string())
    texts = [table.column(name_of[c]).combine_chunks() if c in name_of else absent for c in layout.columns]
    malformed = pa.repeat(pa.scalar(value=False), len(rows))
    return pa.RecordBatch.from_arrays(
        [pa.array(rows, pa.int64()), malformed, *texts], names=[ROW, MALFORMED, *layout.columns]
    )


def read_lines(text: bytes, fields: int, wanted: list[int]) -> pa.Table:
    """Read clear lines with Arrow's reader as text; columns are named by number, as a file may name some twice.

    Args:
        text: the lines.
        fields: how many fields each of them has.
        wanted: numbers of the fields to return, from 0, as the columns `c<number>`.
    """
    import pyarrow as pa
    from pyarrow import csv

    names = [f"c{number}" for number in range(fields)]
    return csv.read_csv(
        pa.py_buffer(text),
        csv.ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
        csv.ParseOptions(ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=[f"c{number}" for number in wanted],
            check_utf8=False,
        ),
    )


def _row(record: Record, layout: Layout) -> tuple[int | bool | str | None, ...]:
    number = layout.first_row + record.line
    if record.fields is None or len(record.fields) != len(layout.header):
        return (number, True, *(None for _ in layout.columns))
    values = dict(zip(layout.header, record.fields, strict=True))
    return (number, False, *(values.get(name) for name in layout.columns))
