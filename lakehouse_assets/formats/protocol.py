"""Define what the load asks of a source format, and the values that go to and fro; each format has its own module.

A format is pure and streams: an iterable of bytes goes in, Arrow record batches come out, and no file is ever held as
a whole. A format is a frozen value that can be pickled and opens nothing itself. So whoever has the bytes may run it:
a thread on this machine, or an executor that opened the file by its URI.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from lakehouse_assets.core.shown import listed

if TYPE_CHECKING:
    import pyarrow as pa

ROW, MALFORMED = "_row", "_malformed"
"""Columns that every record batch has before its text columns: the record's number, and whether it is malformed."""


@dataclass(frozen=True)
class Field:
    """Describe one wanted text column: its name, where its text is in a record, and whether a file may lack it.

    Attributes:
        name: of the landing column, and of the column in the record batches.
        path: names below each other, from the record down. A format of flat records looks for the name alone.
        optional: whether a file may lack the column, which is NULL then; otherwise such a file is refused.
    """

    name: str
    path: tuple[str, ...]
    optional: bool = False


@dataclass(frozen=True)
class Survey:
    """Hold what one look at a file found.

    Attributes:
        is_empty: whether the file holds nothing to read and nothing to complain about.
        header: names of the file's columns by position, in a format that has them.
        plain_records: how many records the file holds, where it is so plain that an engine's own reader may take it;
            counted from bytes, independently of any parser. None for every other file.
        extra_columns: what is in its records and is no wanted column.
    """

    is_empty: bool = False
    header: tuple[str, ...] = ()
    plain_records: int | None = None
    extra_columns: tuple[str, ...] = ()


class SourceFormat(Protocol):
    """Read the files of one dataset. `key` is the name of a file and is used in messages only."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return the wanted columns, in the order of the record batches."""

    @property
    def is_python(self) -> bool:
        """Say whether records are made by Python code one at a time, so that threads do not help."""

    def survey(self, key: str, chunks: Iterable[bytes]) -> Survey:
        """Look at a file and report what is in it; chunks may be left over when enough was seen.

        Raises:
            FileUnreadable: the file is not of this format and dataset.
        """

    def batches(self, key: str, chunks: Iterable[bytes], first_row: int) -> Iterator[pa.RecordBatch]:
        """Yield all records of a file: `_row` (`first_row` plus the position), `_malformed`, the text of each field.

        The batches are in any order of `_row`. The text of a malformed record is NULL in every column.

        Raises:
            FileUnreadable: as `survey`.
        """

    def raw_text(self, key: str, chunks: Iterable[bytes], positions: Iterable[int]) -> Iterator[pa.RecordBatch]:
        """Yield the records at these ascending positions as batches of `raw_schema`, in any order.

        A position where no record begins is left out. What is not asked for costs little more than reading it.

        Raises:
            FileUnreadable: as `survey`.
        """

    def erase(self, key: str, chunks: Iterable[bytes], positions: Collection[int]) -> Iterator[bytes]:
        """Yield a file's bytes without the records at these positions; all others keep theirs, and are read alike.

        Raises:
            FileUnreadable: as `survey`.
            RecordShared: what stands there is not of these positions alone.
        """


@runtime_checkable
class ReadWhileSurveyed(Protocol):
    """Give the records of a file while it is surveyed, in a format where a survey makes all of them anyway."""

    def survey_and_keep(
        self, key: str, chunks: Iterable[bytes], first_row: int, keep: Callable[[pa.RecordBatch], None]
    ) -> Survey:
        """Do what `survey` does, and hand each batch that `batches` would yield to `keep`.

        Raises:
            FileUnreadable: as `survey`; some batches may have been handed over before.
        """


def raw_schema() -> pa.Schema:
    """Return the columns of records as they stand in their file.

    `position` tells records of a file apart, from 1. `raw` is the record's own text, where bytes that are no UTF-8 are
    shown as backslash escapes. `fields` is a JSON object of its text by column; NULL for a malformed record.
    """
    import pyarrow as pa

    return pa.schema([("position", pa.int64()), ("raw", pa.string()), ("fields", pa.string())])


def raw_batch(positions: Any, raw: Any, fields: Any) -> pa.RecordBatch:  # noqa: ANN401 - what Arrow makes arrays of
    """Return one batch of `raw_schema`."""
    import pyarrow as pa

    values = zip((positions, raw, fields), raw_schema(), strict=True)
    return pa.RecordBatch.from_arrays([pa.array(some, field.type) for some, field in values], schema=raw_schema())


def lacking(missing: Iterable[str], present: Iterable[str]) -> str:
    """Say why a file is refused that lacks needed names, and which names it has instead."""
    return f"it lacks {listed(missing)}; it has {listed(present) or 'nothing'}"


def record_batch(rows: list[tuple[Any, ...]], columns: Iterable[str]) -> pa.RecordBatch:
    """Return rows of (`_row`, `_malformed`, text...) as an Arrow batch, which is empty without rows."""
    import pyarrow as pa

    names = [ROW, MALFORMED, *columns]
    types = [pa.int64(), pa.bool_(), *(pa.string() for _ in names[2:])]
    values = zip(*rows, strict=True) if rows else ([] for _ in names)
    arrays = [pa.array(some, kind) for some, kind in zip(values, types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=names)
