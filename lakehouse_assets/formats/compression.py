"""Unpack a file while it is read, so that a packed file needs no more memory than another one."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.recognition import HEAD_BYTES, no_gzip

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 1 << 20
GZIP = b"\x1f\x8b"
"""Every gzip file begins with these two bytes (RFC 1952, section 2.3.1)."""


def is_packed(key: str) -> bool:
    """Say whether the file is packed, which its name tells (`.gz`)."""
    return key.endswith(".gz")


def unpacked(key: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of a file: its bytes, unpacked where its name ends in `.gz`.

    Raises:
        FileUnreadable: the name ends in `.gz` and the file is no gzip file, or breaks off.
    """
    if not is_packed(key):
        yield from chunks
        return
    rest = iter(chunks)
    first = next((chunk for chunk in rest if chunk), b"")
    if not GZIP.startswith(first[: len(GZIP)]):
        raise FileUnreadable(key=key, problem=no_gzip(first[:HEAD_BYTES]))
    packed = gzip.GzipFile(fileobj=io.BufferedReader(ByteStream(chain([first], rest)), CHUNK_BYTES))
    try:
        while content := packed.read(CHUNK_BYTES):
            yield content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileUnreadable(key=key, problem="it is no complete gzip file") from error


def packed(key: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield bytes as the file of this name holds them: packed where it ends in `.gz`, and else as they are."""
    if not is_packed(key):
        yield from chunks
        return
    packing = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)  # 16 asks for gzip's header
    for chunk in chunks:
        yield packing.compress(chunk)
    yield packing.flush()


class ByteStream(io.RawIOBase):
    """Present chunks of bytes as a file that is read from start to end."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Say that the stream can be read, as `io.RawIOBase` asks."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill some of the buffer and return how many bytes; 0 means the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        target = memoryview(buffer)
        taken = min(len(target), len(self._rest))
        target[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken
