"""What the tests of all formats share: content cut into chunks anywhere, and what a format makes of it."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
from hypothesis import strategies as st

from lakehouse_assets.formats.json_rows import Record
from lakehouse_assets.formats.protocol import Field, ReadWhileSurveyed, SourceFormat, Survey

KEY = "drop/file"
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=6) | st.just([1]) | st.just([1 << 20])
"""Lengths of chunks, over and over."""


def chunks_of(content: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """The content in chunks of these lengths, which come round again."""
    start, number = 0, 0
    while start < len(content):
        size = sizes[number % len(sizes)]
        yield content[start : start + size]
        start, number = start + size, number + 1


def packed(content: bytes, members: int) -> bytes:
    """The content as a gzip file of several members, as appending to a file makes one."""
    size = len(content) // members + 1
    return b"".join(gzip.compress(content[start : start + size]) for start in range(0, len(content) + 1, size))


def fields_of(*paths: str, optional: Iterable[str] = ()) -> tuple[Field, ...]:
    """Wanted columns named like their dotted paths."""
    return tuple(Field(path, tuple(path.split(".")), path in optional) for path in paths)


def rows_of(source_format: SourceFormat, chunks: Iterable[bytes]) -> dict[int, tuple[str | None, ...] | None]:
    """Every record by position: its texts, or None when it is malformed."""
    found = [row for batch in source_format.batches(KEY, chunks, 0) for row in batch.to_pylist()]
    rows = {row["_row"]: None if row["_malformed"] else _texts(row) for row in found}
    assert len(rows) == len(found)
    return dict(sorted(rows.items()))


def _texts(row: dict[str, Any]) -> tuple[str | None, ...]:
    return tuple(value for name, value in row.items() if not name.startswith("_"))


def kept_of(source_format: ReadWhileSurveyed, chunks: Iterable[bytes]) -> tuple[Survey, list[dict[str, Any]]]:
    """What a survey that keeps records says, and the rows that it kept."""
    batches: list[pa.RecordBatch] = []
    survey = source_format.survey_and_keep(KEY, chunks, 70, batches.append)
    return survey, [row for batch in batches for row in batch.to_pylist()]


def twice(record: Record, _page: Record) -> Iterator[Record]:
    """A normaliser that makes two rows of a record, and cannot take apart one without `id`."""
    yield {"id": record["id"]}
    yield {"id": "again", "payouts": record.get("payouts")}


def raw_of(
    source: SourceFormat, chunks: Iterable[bytes], positions: Iterable[int]
) -> dict[int, tuple[str, dict[str, str | None] | None]]:
    """Raw text and text by column of the records at these positions, by position."""
    rows = [row for batch in source.raw_text(KEY, chunks, sorted(positions)) for row in batch.to_pylist()]
    found = {row["position"]: (row["raw"], row["fields"] and orjson.loads(row["fields"])) for row in rows}
    assert len(found) == len(rows)
    return found
