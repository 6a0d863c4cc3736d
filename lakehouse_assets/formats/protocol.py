"""What the load asks of a source format, and the values that go to and fro; the formats answer in their own modules.

A format is pure and streams: an iterable of bytes goes in, Arrow record batches come out, and no file is ever held as
a whole. A format is a frozen value that can be pickled and opens nothing itself. So whoever has the bytes may run it:
a thread on this machine, or an executor that opened the file by its URI.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

ROW, MALFORMED = "_row", "_malformed"
"""What every record batch carries before its text columns: the identity of a record, and whether it can be read."""

SHOWN_CHARACTERS = 200
"""How much of the names in a file is shown in its refusal."""


@dataclass(frozen=True)
class Field:
    """One text column that is wanted: its name, where its text is in a record, and whether a file may lack it.

    Attributes:
        name: of the landing column, and of the column in the record batches.
        path: names below each other, from the record down. A format of flat records looks for the name alone.
        optional: it is NULL for a file without it, which is refused otherwise.
    """

    name: str
    path: tuple[str, ...]
    optional: bool = False


@dataclass(frozen=True)
class Survey:
    """What one look at a file found.

    Attributes:
        is_empty: it holds nothing to read and nothing to complain about.
        header: names of its columns by position, in a format that has them.
        plain_records: how many records it holds, where it is so plain that an engine's own reader may take it; counted
            from bytes, independently of any parser. None for every other file.
        extra_columns: what is in its records and is no wanted column.
    """

    is_empty: bool = False
    header: tuple[str, ...] = ()
    plain_records: int | None = None
    extra_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawRecord:
    """One record as it stands in its file.

    Attributes:
        position: what tells records of a file apart, from 1; see the format.
        text: the record's own text; bytes that are no UTF-8 are shown as backslash escapes.
        fields: its text by column; None for a malformed record.
    """

    position: int
    text: str
    fields: dict[str, str | None] | None


class SourceFormat(Protocol):
    """How the files of one dataset are read. `key` is the name of a file and only speaks in messages."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The wanted columns, in the order of the record batches."""

    def survey(self, key: str, chunks: Iterable[bytes]) -> Survey:
        """Look at a file; chunks may be left over when enough was seen.

        Raises:
            FileUnreadable: it is no file of this format and dataset.
        """

    def batches(self, key: str, chunks: Iterable[bytes], first_row: int) -> Iterator[pa.RecordBatch]:
        """All records of a file: `_row` (`first_row` plus the position), `_malformed`, and the text of each field.

        The batches are in any order of `_row`. The text of a malformed record is NULL in every column.

        Raises:
            FileUnreadable: as `survey`.
        """

    def raw_text(self, key: str, chunks: Iterable[bytes], positions: Iterable[int]) -> Iterator[RawRecord]:
        """The records at these positions, which are taken one by one and ascend; where none begins, there is none.

        Raises:
            FileUnreadable: as `survey`.
        """


def lacking(missing: Iterable[str], present: Iterable[str]) -> str:
    """Why a file is refused that has some names and lacks others."""
    return f"it lacks {', '.join(missing)}; it has {', '.join(present)[:SHOWN_CHARACTERS] or 'nothing'}"


def record_batch(rows: list[tuple[Any, ...]], columns: Iterable[str]) -> pa.RecordBatch:
    """Rows of (`_row`, `_malformed`, text...) as Arrow; no row makes an empty batch."""
    import pyarrow as pa

    names = [ROW, MALFORMED, *columns]
    types = [pa.int64(), pa.bool_(), *(pa.string() for _ in names[2:])]
    values = zip(*rows, strict=True) if rows else ([] for _ in names)
    arrays = [pa.array(some, kind) for some, kind in zip(values, types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=names)
