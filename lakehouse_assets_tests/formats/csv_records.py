"""CSV texts that are hard to read, and their records by Python's `csv` over the whole text: slow and simple."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from hypothesis import strategies as st

from lakehouse_assets.formats.csv_strict import Record, RecordWindow
from lakehouse_assets.formats.lines import line_blocks, without_bom
from lakehouse_assets_tests.formats.streams import chunks_of

HEADER = "a,b,c,d"
NAMES = ("a", "b", "c", "d")
PIECES = [
    *('"', '""', ",", "\n", "\r\n", "\r", "1", "x y", "é", "\0", '",', '\n"', "1,2,3,4\n", "\udce9", "\ufeff"),
    # Fields in quotes, whole and broken; a record over lines that look like records.
    *('"a,b"', '"a ""b"""', ',"c"', '"d",', '1,"2",3,"4"\r\n', '"1","2,2","","4"\n', '"1\n2",3,4,5\n'),
    '1,2,3,"a\n1,2,3,4\n1,2,3,4\n5"\n',
    # Each such line leaves its quote open, whether it is met in quotes or not.
    'x","y\n',
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def content_of(text: str) -> bytes:
    """The text as bytes; a lone surrogate stands for a byte that is no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def expected_records(content: bytes, longest: int = 1 << 30) -> Iterator[Record]:
    """The records of strict CSV; one that is refused, no UTF-8 or too long (bytes) is malformed.

    One that is refused or too long ends with its first line, of which no more than that many bytes are shown.
    """
    csv.field_size_limit(1 << 30)
    text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    lines, first = list(io.StringIO(text, newline="")), 0
    while first < len(lines):
        reader = csv.reader(lines[first:], strict=True)
        try:
            fields = next(reader)
        except csv.Error:
            fields = None
        used = "".join(lines[first : first + reader.line_num])
        if fields is None or len(_bare(used)) > longest:
            yield Record(first + 1, None, _shown(_bare(lines[first])[:longest]))
            first += 1
            continue
        if fields:
            readable = not any("\ud800" <= character <= "\udfff" for character in used)
            yield Record(first + 1, tuple(fields) if readable else None, _shown(_bare(used)))
        first += reader.line_num


def strict_records(content: bytes, sizes: list[int], block_bytes: int = 1 << 20) -> list[Record]:
    """The records that the strict reader makes of all lines."""
    window = RecordWindow(line_blocks(without_bom(chunks_of(content, sizes)), block_bytes))
    found, line = [], window.reach(0)
    while line is not None:
        record, after = window.whole_record(line)
        found += [record] if record else []
        line = window.reach(after)
    return found


def fitting(record: Record) -> tuple[str, ...] | None:
    """The fields of a record with as many as the header has."""
    return record.fields if record.fields is not None and len(record.fields) == len(NAMES) else None


def _bare(text: str) -> bytes:
    content = content_of(text)
    return content.removesuffix(b"\n").removesuffix(b"\r")


def _shown(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
