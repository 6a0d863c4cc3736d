r"""Cut a stream of bytes into blocks of whole lines, so that each block can be looked at by itself.

`\n`, `\r\n` and `\r` end a line. No quote, newline or character of several bytes is ever cut by a block's end but by
the quoted field that it belongs to. Memory is bounded by the size of a block and the longest record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

BOM = b"\xef\xbb\xbf"
BLOCK_BYTES = 1 << 22
"""About how many bytes a block has: large enough for vectors to pay, small enough for readers side by side."""
LONGEST_RECORD = 1 << 24
"""How many bytes the longest record has, without the newline at its end; a longer one is malformed, and its first line
is its text. So a reader that follows an open quote has an end to stop at."""
NEWLINE = re.compile(rb"[\r\n]")


def line_blocks(chunks: Iterable[bytes], size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the same bytes in blocks that end where a line does; the last one ends where the bytes do.

    A line that is longer than the longest record loses what is behind `LONGEST_RECORD` + 1 bytes: the line is
    malformed whatever the lost part holds, and what is left is still too long.
    """
    rest, is_cut = b"", False
    for piece in _pieces(chunks, size):
        block = rest + (piece[_first_end(piece) :] if is_cut else piece)
        end = _last_end(block)
        if end:
            yield block[:end]
        rest, is_cut = _shortened(block[end:])
    if rest:
        yield rest


def without_bom(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes without the byte order mark that they may begin with."""
    rest, head = iter(chunks), b""
    for chunk in rest:
        head += chunk
        if len(head) >= len(BOM):
            break
    yield head.removeprefix(BOM)
    yield from rest


def is_utf8(content: bytes) -> bool:
    """Say whether all of the content can be decoded as UTF-8."""
    try:
        return content.isascii() or bool(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in pieces of at least `size` and less than twice that; the last one may be shorter."""
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        for part in [chunk] if len(chunk) <= size else _cut(chunk, size):
            held.append(part)
            length += len(part)
            if length >= size:
                yield b"".join(held)
                held, length = [], 0
    if held:
        yield b"".join(held)


def _cut(chunk: bytes, size: int) -> Iterator[bytes]:
    return (chunk[start : start + size] for start in range(0, len(chunk), size))


def _last_end(block: bytes) -> int:
    r"""Return where the last whole line ends, 0 where none does. A `\r` at the very end may be half of a newline."""
    return max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1 if block else 0


def _first_end(piece: bytes) -> int:
    """Return where the newline behind the rest of a line begins, or the piece's length where there is none."""
    found = NEWLINE.search(piece)
    return found.start() if found else len(piece)


def _shortened(line: bytes) -> tuple[bytes, bool]:
    r"""Return a line, cut where it is longer than a record may be, and whether more of it may follow."""
    newline = line[-1:] if line.endswith(b"\r") else b""
    if len(line) - len(newline) <= LONGEST_RECORD:
        return line, False
    return line[: LONGEST_RECORD + 1] + newline, not newline
