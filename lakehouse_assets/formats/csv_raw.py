"""Read some records of a CSV file once more, with their raw text and the text of all the file's columns.

The cost goes with the number of wanted records: all other lines are only counted. Wanted lines that are clear by
themselves are read by Arrow, all together; any other record goes through the strict reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from lakehouse_assets.formats.csv_hybrid import clear_lines, read_lines
from lakehouse_assets.formats.csv_strict import Record, RecordWindow
from lakehouse_assets.formats.protocol import raw_batch

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

ESCAPED = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\\]")
"""Finds what JSON text escapes, newlines and quotes excepted: no field of a clear line holds one of those."""


def raw_batches(window: RecordWindow, header: tuple[str, ...], positions: Iterable[int]) -> Iterator[pa.RecordBatch]:
    """Yield the records that begin on these lines; a line where no record begins must not be asked for.

    Args:
        window: where the records are.
        header: names of the file's columns.
        positions: ascending lines of the file, from 1.
    """
    import numpy as np

    wanted, done = np.fromiter(positions, np.int64), 0
    while done < len(wanted):
        line = window.reach(int(wanted[done]) - window.above - 1)
        if line is None:
            return
        due = wanted[done : int(np.searchsorted(wanted, window.above + len(window), side="right"))]
        found = _lines(window, due)
        clear = clear_lines(*_text_of(found), len(header))
        odd, below = _odd_records(window, header, due[~clear])
        whole = len(due) if below is None else int(np.searchsorted(due, below))
        yield from _clear_records(found.slice(0, whole), due[:whole], clear[:whole], header)
        yield from odd
        done += whole
        if below is not None:
            window.grow(below - window.above - 1)


def _lines(window: RecordWindow, positions: NDArray[np.int64]) -> pa.LargeBinaryArray:
    """Return these lines of the file, which are in the window."""
    import numpy as np
    import pyarrow as pa

    starts = np.ascontiguousarray(window.starts, np.int64)
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(window.content)]
    lines = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(window), buffers)
    return lines.take(pa.array(positions - window.above - 1))


def _clear_records(
    lines: pa.LargeBinaryArray, positions: NDArray[np.int64], clear: NDArray[np.bool_], header: tuple[str, ...]
) -> Iterator[pa.RecordBatch]:
    """Yield the records on those of the lines that are clear."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if clear.any():
        chosen = lines.filter(pa.array(clear))
        raw = pc.utf8_rtrim(chosen.cast(pa.large_string()), "\r\n").cast(pa.string())
        yield raw_batch(positions[clear], raw, _json(_text_of(chosen)[0], header))


def _text_of(lines: pa.LargeBinaryArray) -> tuple[bytes, NDArray[np.int64]]:
    """Return the bytes of whole lines one behind the other, and where each of them starts, and the last one stops."""
    import numpy as np

    _, offsets, data = lines.buffers()
    starts = np.frombuffer(offsets, np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return data[int(starts[0]) : int(starts[-1])].to_pybytes(), starts - starts[0]


def _json(text: bytes, header: tuple[str, ...]) -> pa.Array:
    """Return the fields of clear lines as JSON text, one object per line; of a name that comes twice, the last."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = {name: number for number, name in enumerate(header)}
    table = read_lines(text, len(header), sorted(place.values()))
    columns = {name: table.column(f"c{number}").combine_chunks() for name, number in place.items()}
    if ESCAPED.search(text):
        rows = zip(*(column.to_pylist() for column in columns.values()), strict=True)
        return pa.array([orjson.dumps(dict(zip(columns, row, strict=True))).decode() for row in rows], pa.string())
    parts: list[Any] = []
    for name, column in columns.items():
        parts += ["," if parts else "{", f'{orjson.dumps(name).decode()}:"', column, '"']
    return pc.binary_join_element_wise(*parts, "}", "")


def _odd_records(
    window: RecordWindow, header: tuple[str, ...], due: NDArray[np.int64]
) -> tuple[list[pa.RecordBatch], int | None]:
    """Return the records on these lines, and the line whose record goes on below the window; None where none does."""
    found: list[tuple[int, str, str | None]] = []
    for position in due.tolist():
        answer = window.record(position - window.above - 1)
        if answer is None:
            return _batches(found), position
        if answer[0] is not None:
            found.append(_raw(answer[0], header))
    return _batches(found), None


def _batches(found: list[tuple[int, str, str | None]]) -> list[pa.RecordBatch]:
    return [raw_batch(*zip(*found, strict=True))] if found else []


def _raw(record: Record, header: tuple[str, ...]) -> tuple[int, str, str | None]:
    if record.fields is None or len(record.fields) != len(header):
        return record.line, record.raw, None
    return record.line, record.raw, orjson.dumps(dict(zip(header, record.fields, strict=True))).decode()
