r"""Look once at a CSV file: find its header, what is wrong with the file as a whole, and whether it is plain.

The engines' native readers differ from strict CSV, and from each other, on odd input. So only a *plain* file goes to
them: UTF-8, no quote, one kind of newline, no empty line, and as many commas as its records need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from lakehouse_assets.core.shown import listed, name_shown
from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.csv_strict import COMMA, NEWLINES, RecordWindow
from lakehouse_assets.formats.lines import BOM, LONGEST_RECORD, is_utf8, line_blocks
from lakehouse_assets.formats.protocol import Field, Survey, lacking
from lakehouse_assets.formats.recognition import no_csv

HEAD_BYTES = 1 << 16
"""How many bytes the header is looked for in; more where the header is longer."""
CACHE_BYTES = 1 << 18
"""How many bytes are counted at a time; what fits into the processor's cache is counted three times as fast."""


@dataclass(frozen=True)
class Tally:
    r"""Count what some lines of a file hold, from bytes alone, independently of any parser.

    The tallies of two parts add up to that of the whole, so parts that begin and end with a line may be counted
    anywhere, in any order.

    Attributes:
        lines: how many there are, a last one without newline included.
        newlines, windows_newlines: how many of them end with `\n`, and with `\r\n` (which ends with `\n` too).
        commas: how many bytes are commas.
    """

    lines: int = 0
    newlines: int = 0
    windows_newlines: int = 0
    commas: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.lines + other.lines,
            self.newlines + other.newlines,
            self.windows_newlines + other.windows_newlines,
            self.commas + other.commas,
        )

    def plain_records(self, columns: int) -> int | None:
        """Return how many records a whole file with so many columns has below its header; None when it is not plain."""
        one_kind = self.windows_newlines in {0, self.newlines}
        return self.lines - 1 if one_kind and self.commas == self.lines * (columns - 1) else None


def survey(key: str, blocks: Iterator[bytes], fields: tuple[Field, ...]) -> Survey:
    """Look at one file in blocks of whole lines; see `SourceFormat.survey`.

    A file that turns out not to be plain is left at once: it is read as a whole later anyhow.
    """
    first = next(blocks, b"")
    parts = chain(line_blocks([first.removeprefix(BOM)], HEAD_BYTES), blocks)
    window = RecordWindow(parts)
    header, _ = read_header(key, window, fields)
    if header is None:
        return Survey(is_empty=True)
    names = {field.name for field in fields}
    is_clean = not first.startswith(BOM) and not window.above
    records = _plain_records(chain([window.content], parts), len(header)) if is_clean else None
    return Survey(
        header=header, plain_records=records, extra_columns=tuple(name for name in header if name not in names)
    )


def read_header(key: str, window: RecordWindow, fields: tuple[Field, ...]) -> tuple[tuple[str, ...] | None, int]:
    """Return the column names of a file (None for one without a record), and the line of the window below them.

    Raises:
        FileUnreadable: the first record is no header of this dataset.
    """
    first, after = window.header()
    if first is None:
        return None, after
    header = tuple(name.strip(" \t") for name in first.fields or ())
    needed = [field.name for field in fields if not field.optional]
    missing = [name for name in needed if name not in header]
    is_header = first.fields is not None and not len(header) == 1 < len(needed)
    if missing or not is_header:
        other = no_csv(window.content[:HEAD_BYTES], first.raw, needed)
        nearly = (
            lacking(missing, header) if is_header else f"its first line is no CSV header: `{name_shown(first.raw)}`"
        )
        raise FileUnreadable(key=key, problem=other or nearly)
    doubled = sorted({field.name for field in fields if header.count(field.name) > 1})
    if doubled:
        raise FileUnreadable(key=key, problem=f"it names {listed(doubled)} twice")
    return header, after


def tally(block: bytes) -> Tally | None:
    """Count what a block of whole lines holds; return None when its lines alone show that the file is not plain."""
    if b'"' in block or b"\0" in block or block.startswith((b"\r", b"\n")) or not is_utf8(block):
        return None
    unix = block.replace(b"\r\n", b"\n") if b"\r" in block else block
    if b"\r" in unix or _is_too_long(unix):
        return None
    newlines, commas, has_empty = _counted(unix)
    unended = int(not unix.endswith(b"\n"))
    return None if has_empty else Tally(newlines + unended, newlines, len(block) - len(unix), commas)


def _plain_records(blocks: Iterable[bytes], columns: int) -> int | None:
    found = Tally()
    for block in blocks:
        counted = tally(block)
        if counted is None:
            return None
        found += counted
    return found.plain_records(columns)


def _is_too_long(unix: bytes) -> bool:
    """Say whether a line is longer than the longest record, which only a block far above the usual size can hold."""
    return len(unix) > LONGEST_RECORD and any(len(line) > LONGEST_RECORD for line in unix.split(b"\n"))


def _counted(content: bytes) -> tuple[int, int, bool]:
    """Return how many newlines and commas there are, and whether two newlines follow each other."""
    import numpy as np

    data = np.frombuffer(content, np.uint8)
    newlines, commas, doubled = 0, 0, False
    for start in range(0, len(data), CACHE_BYTES):
        part = data[start : start + CACHE_BYTES + 1]  # one byte of the next part, for an empty line between the two
        ends = part == NEWLINES[0]
        doubled = doubled or bool(np.any(ends[1:] & ends[:-1]))
        newlines += int(np.count_nonzero(ends[:CACHE_BYTES]))
        commas += int(np.count_nonzero(part[:CACHE_BYTES] == COMMA))
    return newlines, commas, doubled
