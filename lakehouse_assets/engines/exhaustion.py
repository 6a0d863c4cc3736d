"""Recognise that an engine ran out of memory or disk, was refused by S3, or met a spoilt file, wherever that comes out.

DuckDB's errors reach us from its own calls, and through delta-rs and Arrow, which read its answer while they write; so
they are told by their words as well as by their class. Spark's come through Py4J, also as words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lakehouse_assets.errors import (
    AccessDenied,
    BucketMissing,
    CredentialsUnusable,
    DiskFull,
    HeapExhausted,
    LakehouseError,
    MemoryExhausted,
    RegionWrong,
    ServiceRefused,
    ServiceUnavailable,
    SpillExhausted,
    StorageUnavailable,
    TableDamaged,
)
from lakehouse_assets.storage.damage import first_line
from lakehouse_assets.storage.os_errors import NO_ROOM
from lakehouse_assets.storage.remote_errors import remote_error

TELLING = (
    *(DiskFull, HeapExhausted, MemoryExhausted, SpillExhausted),
    *(AccessDenied, BucketMissing, CredentialsUnusable, RegionWrong),
    *(ServiceRefused, ServiceUnavailable, StorageUnavailable),
)
"""Errors of ours that say what ran out or who refused; what lies below them knows less of it."""
NO_SPACE = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|os error (28|122|27)\b|database or disk is full"
)
PLACED = re.compile(r"[/\\]")
"""Finds that a text names a file."""
SHUFFLED = re.compile(r"blockmgr-|ShuffleWriter|DiskBlockObjectWriter|UnsafeSorterSpill|SpillableIterator")
"""Finds in an error of Spark that it is about what a task puts aside on its own disk, and not about a table."""
SPARKS_OWN = "a temporary file of Spark"
SPILL = re.compile(r"max_temp_directory_size|duckdb_temp|lakehouse-spill")
NO_MEMORY = re.compile(r"Out of Memory Error|OutOfMemoryException|malloc of size \d+ failed")
JAVA_ENDED = "Java has ended in the middle of its work"
NO_HEAP = re.compile(
    r"OutOfMemoryError|OutOfDirectMemoryError|arrow\.memory\.OutOfMemoryException|"
    r"INVALID_(DRIVER|EXECUTOR)_MEMORY|Container killed by YARN for exceeding|exceeding memory limits|"
    rf"^{JAVA_ENDED}$"
)
"""Finds what Java, Spark and the cluster that it runs on say of a heap that is too small."""
NO_WRITE = re.compile(r"Could not write (all bytes to )?file|Could not truncate file|failed to offload")
GONE = re.compile(r'No files found that match the pattern "(?P<file>[^"]+)"')
SPOILT = re.compile(
    r"TProtocolException|Thrift|[Ss]nappy|ZSTD|[Dd]ecompress|[Cc]orrupt|magic bytes|No files found|"
    r"Cannot open file|HTTP 404|don't know what type|invalid TType|Out of buffer|Could not read enough bytes|"
    r"Invalid unicode|in Parquet file|Prefetch registered|Varint-decoding"
)
"""Finds what DuckDB says of bytes that are no Parquet, as four thousand files with changed bytes made it say."""


def damaged(error: Exception, tables: Iterable[str]) -> TableDamaged | None:
    """Return the error that says that a data file is gone or spoilt, when DuckDB's is about that.

    Args:
        error: what DuckDB raised for a statement.
        tables: catalog names of the tables that the statement reads, since DuckDB does not always name the file.
    """
    if not SPOILT.search(str(error)):
        return None
    gone = GONE.search(str(error))
    problem = f"`{gone['file']}` is not there" if gone else first_line(error)
    return TableDamaged(table="` or `".join(sorted(tables)), problem=problem)


@contextmanager
def writing(table: str) -> Iterator[None]:
    """Say of a write that finds no room which table it is of; all else that is raised inside passes as it is.

    Raises:
        DiskFull: there was no room.
    """
    try:
        yield
    except Exception as error:
        found = None if isinstance(error, LakehouseError) else exhausted(error, f"`{table}`")
        if not isinstance(found, DiskFull):
            raise
        raise found from error


def exhausted(error: BaseException, place: str = "a file") -> LakehouseError | None:
    """Return the error that says what ran out or was refused, found in an error or in its cause; None for others.

    Args:
        error: what was raised.
        place: what was written, as far as the caller knows.
    """
    for cause in _chain(error):
        if isinstance(cause, TELLING):
            return cause
        found = _typed(cause, place)
        if found:
            return found
    return None


def _typed(error: BaseException, place: str) -> LakehouseError | None:
    text = _text(error)
    problem = _problem(text)
    is_full = bool(NO_SPACE.search(text)) or (isinstance(error, OSError) and error.errno in NO_ROOM)
    if SPILL.search(text) and (is_full or NO_MEMORY.search(text) or NO_WRITE.search(text)):
        return SpillExhausted(problem=problem)
    if is_full:
        return DiskFull(place=SPARKS_OWN if SHUFFLED.search(text) else place, problem=_without_layers(problem))
    if NO_HEAP.search(text):
        return HeapExhausted(problem=problem)
    if isinstance(error, MemoryError) or NO_MEMORY.search(text):
        return MemoryExhausted(problem=problem)
    return remote_error(error)


def _text(error: BaseException) -> str:
    """Return an error's text; Py4J asks Java for it, which ends where a task of Spark has no memory left."""
    try:
        return JAVA_ENDED if type(error).__name__ == "Py4JNetworkError" else str(error)
    except Exception:  # noqa: BLE001 - whatever the connection to it says
        return JAVA_ENDED


def _problem(text: str) -> str:
    """Return the line that says what ran out: Spark's errors begin with the call in which it did."""
    lines = [line.strip(": ").removeprefix("Caused by: ") for line in text.splitlines()] or [""]
    telling = (line for line in lines if any(said.search(line) for said in (NO_SPACE, NO_HEAP, NO_MEMORY)))
    return next(telling, lines[0])


def _without_layers(problem: str) -> str:
    """Return what the system says of the room, without the layers of a library before it, unless they name a file."""
    found = NO_SPACE.search(problem)
    return problem[found.start() :] if found and not PLACED.search(problem[: found.start()]) else problem


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()  # an error may be its own cause: `raise found or error from error`
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
