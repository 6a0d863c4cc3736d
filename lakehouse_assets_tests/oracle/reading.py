"""Bytes -> records, by Python's `csv` in strict mode. Nothing is trimmed, blank lines are no records."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

Record = tuple[int, dict[str, str | None] | None, str]
"""First physical line (the header's is 1), values by column or None when malformed, text without its last newline."""


class Refused(Exception):  # noqa: N818 - says what happens to the file
    """The file is no CSV of its dataset."""


def read_records(content: bytes, columns: Sequence[str]) -> Iterator[Record]:
    """The records of one file; columns are found by name, others are left out.

    A record is malformed when its quoting is broken, its bytes are no UTF-8, or it has more or fewer fields than the
    header; one whose quoting is broken ends with its first line. A file with no line at all has no records. Blanks
    around a name in the header are none of it.

    Raises:
        Refused: the header is malformed, lacks a column, or names one twice.
    """
    text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    records = _split(text)
    first = next(records, None)
    if first is None:
        return
    header = None if first[1] is None else [name.strip(" \t") for name in first[1]]
    if header is None or any(header.count(column) != 1 for column in columns):
        raise Refused(f"header {first[2]!r} does not have each of {list(columns)} once")
    for line, fields, raw in records:
        well_formed = fields is not None and len(fields) == len(header)
        values = dict(zip(header, fields, strict=True)) if fields is not None and well_formed else None
        yield line, {column: values[column] for column in columns} if values else None, raw


def _split(text: str) -> Iterator[tuple[int, list[str] | None, str]]:
    """Each record with its first line; None for one that strict mode refuses or whose bytes are no UTF-8."""
    lines, at = list(io.StringIO(text, newline="")), 0
    while at < len(lines):
        used, fields = _record(lines[at:])
        raw = "".join(lines[at : at + used])
        if fields != []:
            yield at + 1, None if _undecodable(raw) else fields, _shown(raw.rstrip("\r\n"))
        at += used


def _record(lines: list[str]) -> tuple[int, list[str] | None]:
    """How many lines the record on the first of these takes, and its fields; one that strict mode refuses takes one."""
    reader = csv.reader(lines, strict=True)
    try:
        fields = next(reader)
    except csv.Error:
        return 1, None
    return reader.line_num, fields


def _undecodable(raw: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in raw)


def _shown(raw: str) -> str:
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
