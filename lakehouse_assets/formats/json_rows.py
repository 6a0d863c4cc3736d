"""Make record batches of the rows that were found in a JSON document, whichever way they were found.

A row comes with the element of the document that it was made of; None instead of its record says that it is malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson

from lakehouse_assets.core.batches import in_batches
from lakehouse_assets.errors import RecordShared
from lakehouse_assets.formats.json_document import Element
from lakehouse_assets.formats.protocol import raw_batch, record_batch

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 10_000
"""How many rows one record batch has at most."""

Record = Mapping[str, Any]
"""A JSON object."""
FORGOTTEN = "_forgotten"
"""Names the one member of an element whose record was erased: how many rows it gave, which keep their places."""
GONE: Record = {FORGOTTEN: 1}
"""Stands for each row that was made of an erased record: it has a place, and is none of the rows that are read."""
Rows = Iterable[tuple[Element, Record | None]]
Texts = Callable[[Record], list[str | None]]
"""Returns the texts of the wanted columns, in their order; of an empty record they are all NULL."""


def row_batches(rows: Rows, columns: list[str], texts: Texts, first_row: int) -> Iterator[pa.RecordBatch]:
    """Yield all rows, numbered from `first_row` + 1; one batch is held in memory."""
    made = (
        (number, record is None, *texts(record or {}))
        for number, (_, record) in enumerate(rows, first_row + 1)
        if record is not GONE
    )
    for some in in_batches(made, BATCH_ROWS):
        yield record_batch(some, columns)


def raw_batches(
    text: str, rows: Rows, columns: list[str], texts: Texts, positions: Iterable[int]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows at these ascending positions, each with its element exactly as it stands in the document."""
    for some in in_batches(_raw(text, rows, columns, texts, iter(positions)), BATCH_ROWS):
        yield raw_batch(*zip(*some, strict=True))


def _raw(
    text: str, rows: Rows, columns: list[str], texts: Texts, wanted: Iterator[int]
) -> Iterator[tuple[int, str, str | None]]:
    due = next(wanted, None)
    for position, (element, record) in enumerate(rows, 1):
        if due is None:
            return
        if position < due:
            continue
        fields = None if record is None else orjson.dumps(dict(zip(columns, texts(record), strict=True))).decode()
        yield position, text[element.start : element.stop], fields
        due = next((place for place in wanted if place > position), None)


def erased_rows(value: object) -> int:
    """Return how many rows were made of an element whose record was erased; 0 of any other element.

    >>> erased_rows({"_forgotten": 2}), erased_rows({"a": 1})
    (2, 0)
    """
    if not isinstance(value, dict) or list(value) != [FORGOTTEN]:
        return 0
    # A decoder may keep a number as it is written.
    count = orjson.loads(orjson.dumps(value[FORGOTTEN]))
    return count if isinstance(count, int) else 0


def erase(text: str, rows: Rows, positions: Collection[int]) -> Iterator[bytes]:
    """Yield a document without the records that rows at these positions were made of; other rows keep their places.

    Raises:
        RecordShared: a record holds rows at other positions, too.
    """
    at, place = 0, 0
    for start, some in groupby(rows, key=lambda row: row[0].start):
        members = list(some)
        mine = [number for number in range(place + 1, place + len(members) + 1) if number in positions]
        place += len(members)
        if mine and len(mine) < len(members):
            raise RecordShared(place=mine[0])
        if mine:
            yield text[at:start].encode()
            yield orjson.dumps({FORGOTTEN: len(members)})
            at = members[0][0].stop
    yield text[at:].encode()
