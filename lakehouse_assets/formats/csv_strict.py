r"""Read CSV strictly; every faster way to read a file must give the same records as this reference.

The reference is Python's `csv` in strict mode (RFC 4180, https://www.rfc-editor.org/rfc/rfc4180). A record that it
refuses is malformed and ends with its first line, so that an unclosed quote costs one line and not the rest of the
file. A record is malformed too when its bytes are no UTF-8, or when it is longer than `lines.LONGEST_RECORD`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from lakehouse_assets.formats import lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMMA, NEWLINES = ord(","), (ord("\n"), ord("\r"))
OPENING = re.compile(rb'"|[^\r\n]*?,"')
"""Spans the start of a field to behind the first quote that opens one; any other quote in between is just text."""
QUOTED = re.compile(rb'(?:[^"]++|"")*+"')
"""Spans what is behind an opening quote to behind the one that closes it; two quotes are one in the text."""


@dataclass(frozen=True)
class Record:
    """Hold one record: first physical line from 1, its fields (None when malformed), its text without the newline."""

    line: int
    fields: tuple[str, ...] | None
    raw: str


class _State(Enum):
    """Say what following a record has come to: still in quotes, at its end, or at text behind a closing quote."""

    OPEN = auto()
    ENDED = auto()
    BROKEN = auto()


@dataclass(frozen=True)
class _Quoted:
    """Remember text that was followed in quotes from a line's start: from where, to where, and with what result.

    Positions count from the start of the stream.
    """

    begin: int
    reached: int
    state: _State


class RecordWindow:
    r"""Hold some whole lines of a stream, and read the records that begin on them.

    The window moves forward over blocks of lines: `grow` gives up the lines above and takes the next block. It holds
    one block, and what there is of a record that is not yet whole, which is no more than the longest record.

    Attributes:
        content: the lines with their newlines (`\n`, `\r\n` or `\r`).
        starts: where each line starts in the content, and the length of the content at the end.
        above: how many lines of the file are above the first one of the window.
    """

    def __init__(self, blocks: Iterator[bytes], above: int = 0) -> None:
        import numpy as np

        self._blocks = blocks
        self._is_last = False
        self._offset = 0
        self._quoted = _Quoted(-1, -1, _State.BROKEN)
        self.above = above
        self.content = b""
        self.starts: NDArray[np.int64] = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def grow(self, line: int) -> bool:
        """Give up the lines above this one and take the next block; return False when nothing is left to look at."""
        import numpy as np

        block = next(self._blocks, b"")
        self._is_last = not block
        start = int(self.starts[line])
        self.above += line
        self._offset += start
        self.content = self.content[start:] + block
        starts = self.starts[line:] - start
        self.starts = np.concatenate((starts, line_starts(block)[1:] + starts[-1])) if block else starts
        return bool(self.content)

    def reach(self, line: int) -> int | None:
        """Grow the window down to this line and return where it is then; None when the stream ends above it."""
        while line >= len(self):
            line -= len(self)
            if not self.grow(len(self)):
                return None
        return line

    def record(self, first: int) -> tuple[Record | None, int] | None:
        """Return the record that begins on a line, counted from 0, and the line after the record.

        The record is None on an empty line. The whole answer is None where the record goes on below the window.
        """
        start, stop = int(self.starts[first]), int(self.starts[first + 1])
        state, end = _follow(self.content, start, stop, in_quotes=False)
        if state is _State.OPEN:
            state, end = self._follow_below(stop)
        if state is _State.OPEN and not self._is_last and len(self.content) - start <= lines.LONGEST_RECORD:
            return None
        if state is not _State.ENDED or end - start > lines.LONGEST_RECORD:
            return self._malformed(first), first + 1
        after = first + 1 if end <= stop else self._line_after(end)
        return self._parsed(first, after), after

    def whole_record(self, first: int) -> tuple[Record | None, int]:
        """Return what `record` does, growing the window where needed; the line after counts in the grown one."""
        while (found := self.record(first)) is None:
            self.grow(first)
            first = 0
        return found

    def header(self) -> tuple[Record | None, int]:
        """Return the first record (None in a stream without one) and the line after it; grow the window up to it."""
        line = self.reach(0)
        while line is not None:
            record, after = self.whole_record(line)
            if record:
                return record, after
            line = self.reach(after)
        return None, 0

    def _follow_below(self, line_start: int) -> tuple[_State, int]:
        """Return what a record comes to, and where, that is still in quotes where this line starts.

        The result does not depend on where the record began. So what was once followed is kept, over all records that
        begin in it and over the growth of the window, and no byte is followed twice: broken quoting costs linear time.
        """
        begin, known = self._offset + line_start, self._quoted
        if not known.begin <= begin < known.reached:
            known = _Quoted(begin, begin, _State.OPEN)
        if known.state is _State.OPEN:
            state, reached = _follow(self.content, known.reached - self._offset, len(self.content), in_quotes=True)
            known = _Quoted(known.begin, self._offset + reached, state)
        self._quoted = known
        return known.state, known.reached - self._offset

    def _line_after(self, end: int) -> int:
        """Return the line below the one that this position is in, or at the end of."""
        return min(int(self.starts.searchsorted(end, side="right")), len(self))

    def _malformed(self, line: int) -> Record:
        start, stop = int(self.starts[line]), int(self.starts[line + 1])
        text = self.content[start : min(stop, start + lines.LONGEST_RECORD)]
        return Record(self.above + line + 1, None, _shown(text.decode("utf-8", "surrogateescape")))

    def _parsed(self, first: int, after: int) -> Record | None:
        text = self.content[self.starts[first] : self.starts[after]].decode("utf-8", "surrogateescape")
        fields = next(strict_reader([text]))
        readable = text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
        return Record(self.above + first + 1, tuple(fields) if readable else None, _shown(text)) if fields else None


def strict_reader(text: Iterable[str]) -> Iterator[list[str]]:
    """Return Python's strict `csv.reader`, for fields as long as a record may be."""
    allow_long_fields()
    return csv.reader(text, strict=True)


def allow_long_fields() -> None:
    """Raise Python's limit of 131,072 characters a field, which is no rule of CSV, to the longest record.

    The limit belongs to the whole process. It is raised here alone, by whoever is about to read records strictly.
    """
    if csv.field_size_limit() < lines.LONGEST_RECORD:
        csv.field_size_limit(lines.LONGEST_RECORD)


def line_starts(block: bytes) -> NDArray[np.int64]:
    """Return where each line of a block that is not empty starts, and the length of the block at the end."""
    import numpy as np

    data = np.frombuffer(block, np.uint8)
    ends = data == NEWLINES[0]
    if b"\r" in block:
        # Of `\r\n` only the second half ends a line.
        ends |= (data == NEWLINES[1]) & ~np.append(ends[1:], False)
    stops = np.flatnonzero(ends) + 1
    return np.concatenate(([0], stops, () if block.endswith((b"\n", b"\r")) else (len(block),))).astype(np.int64)


def leaves_open(content: bytes, start: int, stop: int) -> bool:
    """Say whether a line of the content that is not in quotes where it starts is in quotes where it stops."""
    return _follow(content, start, stop, in_quotes=False)[0] is _State.OPEN


def _follow(content: bytes, at: int, stop: int, *, in_quotes: bool) -> tuple[_State, int]:
    """Follow a record from the start of a field, or from inside of quotes, to its end or to where lines must follow.

    This is the state machine of Python's strict `csv`, which needs to look at quotes and line ends alone. A field is
    in quotes when it begins with one; text behind the closing quote breaks the record.

    Returns:
        What it has come to, and where: the newline (or end of content) after its last field, or the stop.
    """
    while True:
        if not in_quotes:
            opening = OPENING.match(content, at, stop)
            if opening is None:
                newline = lines.NEWLINE.search(content, at, stop)
                return _State.ENDED, newline.start() if newline else stop
            at = opening.end()
        closing = QUOTED.match(content, at, stop)
        if closing is None:
            return _State.OPEN, stop
        at = closing.end()
        if at == stop or content[at] in NEWLINES:
            return _State.ENDED, at
        if content[at] != COMMA:
            return _State.BROKEN, at
        at, in_quotes = at + 1, False


def _shown(text: str) -> str:
    """Return text without its last newline, with bytes that are no UTF-8 shown as backslash escapes."""
    text = text.removesuffix("\n").removesuffix("\r")
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
