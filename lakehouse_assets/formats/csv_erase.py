"""Write a CSV file without some of its records, so that all others stay on the lines that they are on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from lakehouse_assets.formats.csv_strict import RecordWindow
from lakehouse_assets.formats.lines import BLOCK_BYTES, BOM, line_blocks

NEWLINES = re.compile(rb"\r\n|\n|\r")


def erase(chunks: Iterable[bytes], positions: Collection[int], block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield a file's bytes, in which each of the lines that these records took is empty.

    Args:
        chunks: the file, unpacked.
        positions: the lines, from 1, that the records begin on.
        block_bytes: how many bytes are looked at in one piece.
    """
    window, line = RecordWindow(line_blocks(_noted(chunks), block_bytes)), 0
    reached = window.reach(0)
    while reached is not None:
        line = reached
        while (found := window.record(line)) is None:
            window.grow(line)
            line = 0
        after = found[1]
        text = bytes(window.content[int(window.starts[line]) : int(window.starts[after])])
        if window.above + line == 0 and text.startswith(BOM):
            yield text
        elif window.above + line + 1 in positions:
            yield b"".join(NEWLINES.findall(text))
        else:
            yield text
        reached = window.reach(after)


def _noted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes: a byte order mark stays, since the header is never erased."""
    yield from chunks
