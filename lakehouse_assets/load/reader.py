r"""Reading CSV: the strict reader that is the reference, and the test whether a file may take the fast road.

The reference is Python's `csv` in strict mode (RFC 4180, https://www.rfc-editor.org/rfc/rfc4180). The engines'
native readers differ from it, and from each other, on odd input; so only a *plain* file goes to them: UTF-8, no
quote, one kind of newline, no empty line, and as many commas as its records need. Works on bytes, opens nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
BLOCK = 1 << 18
"""Bytes counted at a time: what fits into the processor's cache is counted three times as fast."""
csv.field_size_limit(2**31 - 1)
"""Python's limit of 131,072 characters is no rule of CSV; the engines' readers do not have it."""


@dataclass(frozen=True)
class Record:
    """One record: first physical line from 1, its fields (None when malformed), and its text without the newline."""

    line: int
    fields: tuple[str, ...] | None
    raw: str


class Lines:
    r"""The physical lines of a file without its byte order mark; `\n`, `\r\n` and `\r` end a line.

    Attributes:
        content: the bytes.
        starts: where each line starts, and the length of the content at the end.
    """

    def __init__(self, content: bytes) -> None:
        import numpy as np

        self.content = content.removeprefix(BOM)
        data = np.frombuffer(self.content, np.uint8)
        ends = data == ord("\n")
        if b"\r" in self.content:
            ends |= (data == ord("\r")) & ~np.append(ends[1:], False)
        starts = np.flatnonzero(ends) + 1
        last = [] if self.content.endswith((b"\n", b"\r")) or not self.content else [len(data)]
        self.starts = np.concatenate(([0], starts, last)).astype(np.int64)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def text(self, first: int, end: int | None = None) -> str:
        """Some lines with their newlines; bytes that are no UTF-8 are escaped as surrogates."""
        end = first + 1 if end is None else end
        return self.content[self.starts[first] : self.starts[end]].decode("utf-8", "surrogateescape")

    def record(self, first: int) -> tuple[Record | None, int]:
        """The record that starts on a line, counted from 0, and the line after it; None on an empty line."""
        reader = csv.reader(map(self.text, range(first, len(self))), strict=True)
        try:
            fields = next(reader)
        except csv.Error:
            return Record(first + 1, None, _clean(self.text(first))), first + 1
        after = first + reader.line_num
        return (_record(first + 1, fields, self.text(first, after)) if fields else None), after

    def header(self) -> tuple[Record | None, int]:
        """The first record, None in a file without one, and the line after it."""
        record, after = None, 0
        while record is None and after < len(self):
            record, after = self.record(after)
        return record, after


def records(content: bytes) -> Iterator[Record]:
    """All records of a file in order, the header first; empty lines are no records.

    A record that strict CSV refuses is malformed and ends with its first line, so that an unclosed quote costs one
    line and not the rest of the file. A record with bytes that are no UTF-8 is malformed too.
    """
    lines, after = Lines(content), 0
    while after < len(lines):
        record, after = lines.record(after)
        if record:
            yield record


def _record(line: int, fields: list[str], text: str) -> Record:
    readable = text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
    return Record(line, tuple(fields) if readable else None, _clean(text))


def _clean(text: str) -> str:
    """Text without its last newline and without bytes that are no UTF-8 (shown as backslash escapes)."""
    text = text.removesuffix("\n").removesuffix("\r")
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def plain_records(content: bytes, columns: int) -> int | None:
    """How many records (without the header) a plain file holds; None when the file is not plain.

    Counted from bytes alone: lines and commas, independent of any parser. A file with a byte order mark is not plain.
    """
    crlf = b"\r" in content
    if b'"' in content or b"\0" in content or content.startswith((b"\r", b"\n")):
        return None
    lines, commas, doubled = _count(content.replace(b"\r\n", b"\n") if crlf else content)
    if crlf and not content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n"):
        return None
    if doubled or commas != lines * (columns - 1) or not (content.isascii() or is_utf8(content)):
        return None
    return lines - 1


def _count(content: bytes) -> tuple[int, int, bool]:
    """Lines, commas, and whether there is an empty line, of a file with Unix newlines."""
    import numpy as np

    data = np.frombuffer(content, np.uint8)
    lines, commas, doubled = 0 if content.endswith(b"\n") else 1, 0, False
    for start in range(0, len(data), BLOCK):
        block = data[start : start + BLOCK + 1]  # one byte of the next block, for an empty line between the two
        ends = block == ord("\n")
        doubled = doubled or bool(np.any(ends[1:] & ends[:-1]))
        lines += int(np.count_nonzero(ends[:BLOCK]))
        commas += int(np.count_nonzero(block[:BLOCK] == ord(",")))
    return lines, commas, doubled


def is_utf8(content: bytes) -> bool:
    """Whether all of it can be decoded."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
