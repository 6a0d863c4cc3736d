"""Unpacking a file while it is read, so that a packed file needs no more memory than another one."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lakehouse_assets.errors import FileUnreadable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 1 << 20


def is_packed(key: str) -> bool:
    """Whether the name says that the file is packed."""
    return key.endswith(".gz")


def unpacked(key: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a file: its bytes, unpacked where its name ends in `.gz`.

    Raises:
        FileUnreadable: it has that name and is no gzip file, or breaks off.
    """
    if not is_packed(key):
        yield from chunks
        return
    packed = gzip.GzipFile(fileobj=io.BufferedReader(_Stream(chunks), CHUNK_BYTES))
    try:
        while content := packed.read(CHUNK_BYTES):
            yield content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileUnreadable(key=key, problem="it is no complete gzip file") from error


class _Stream(io.RawIOBase):
    """Chunks of bytes as a file that is read from start to end."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill some of the buffer; 0 at the end."""
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
