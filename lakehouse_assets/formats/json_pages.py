"""Read JSON pages: each file is one document, an array in it holds the records, and each element is one record.

The position of a record is its place in the array, from 1. Columns are found by path. The text of a string is the
string, that of a number all of its digits as they are written, of a boolean `true` or `false`, of an object or array
its compact JSON text; null and what is not there are NULL. An element that is no object is malformed, and so is one
with half of a surrogate pair in it, which no UTF-8 can hold.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.json_document import Element, document_of, elements
from lakehouse_assets.formats.json_rows import GONE, Record, erase, erased_rows, raw_batches, row_batches
from lakehouse_assets.formats.protocol import Field, Survey, lacking

if TYPE_CHECKING:
    import pyarrow as pa

MOST_EXTRA_PATHS = 100
"""How many paths that no column reads are reported of one page; where keys are values there is no end of them."""
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class JsonPages:
    """Read the JSON pages of one dataset; see `protocol.SourceFormat`.

    Attributes:
        fields: the wanted columns.
        records: names below each other that lead to the array; none when the document is the array.
    """

    is_python: ClassVar[bool] = True
    fields: tuple[Field, ...]
    records: tuple[str, ...] = ()

    def survey(self, key: str, chunks: Iterable[bytes]) -> Survey:
        """Walk the whole document and compare its paths with the columns."""
        drift = _Drift(self.fields)
        deque(drift.of(self._records(key, document_of(key, chunks))), maxlen=0)
        return drift.survey(key)

    def survey_and_keep(
        self, key: str, chunks: Iterable[bytes], first_row: int, keep: Callable[[pa.RecordBatch], None]
    ) -> Survey:
        """See `protocol.ReadWhileSurveyed`."""
        drift = _Drift(self.fields)
        rows = drift.of(self._records(key, document_of(key, chunks)))
        for batch in row_batches(rows, self._columns, self._texts, first_row):
            keep(batch)
        return drift.survey(key)

    def batches(self, key: str, chunks: Iterable[bytes], first_row: int) -> Iterator[pa.RecordBatch]:
        """Yield all elements of the array; the text of the document and one batch are held in memory."""
        rows = self._records(key, document_of(key, chunks))
        yield from row_batches(rows, self._columns, self._texts, first_row)

    def raw_text(self, key: str, chunks: Iterable[bytes], positions: Iterable[int]) -> Iterator[pa.RecordBatch]:
        """Yield the elements at these places, each exactly as it stands in the document, with its columns' text."""
        text = document_of(key, chunks)
        yield from raw_batches(text, self._records(key, text), self._columns, self._texts, positions)

    def erase(self, key: str, chunks: Iterable[bytes], positions: Collection[int]) -> Iterator[bytes]:
        """See `protocol.SourceFormat`."""
        text = document_of(key, chunks)
        yield from erase(text, self._records(key, text), positions)

    @property
    def _columns(self) -> list[str]:
        return [field.name for field in self.fields]

    def _records(self, key: str, text: str) -> Iterator[tuple[Element, Record | None]]:
        """Yield each element with its value where it is a record that can be read, else with None."""
        may_be_torn = SURROGATE.search(text) is not None
        for element in elements(key, text, self.records):
            value = element.value
            if erased_rows(value):
                yield element, GONE
                continue
            good = isinstance(value, dict) and not (may_be_torn and is_torn(value))
            yield element, value if good else None

    def _texts(self, record: Record) -> list[str | None]:
        return [_text(record, field.path) for field in self.fields]


def _text(record: Record, path: tuple[str, ...]) -> str | None:
    """Return the text below a path of names, or None where there is nothing, or null."""
    value: Any = record
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def is_torn(value: dict[str, Any]) -> bool:
    """Say whether some text in a value cannot be written as UTF-8."""
    try:
        orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        return True
    return False


@dataclass
class _Names:
    """Hold what is known of one object in all records.

    Attributes:
        path: where the object is, dotted; empty for the record itself.
        is_read: whether a column reads the whole object.
        below: by name, what columns read inside of the object.
        seen: names that records had in the object, in the order in which they were met.
    """

    path: str = ""
    is_read: bool = False
    below: dict[str, _Names] = field(default_factory=dict)
    seen: dict[str, None] = field(default_factory=dict)


class _Drift:
    """Compare the paths of records with those that columns read.

    Attributes:
        is_empty: whether no record was met.
        names: paths that were met, in the order in which they were met.
        extra: paths that no column reads. Of an object that is not read at all only its own path is named.
    """

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self._fields, self._record = fields, _Names()
        self.is_empty = True
        self.names: list[str] = []
        self.extra: dict[str, None] = {}
        for one in fields:
            names = self._record
            for name in one.path:
                names = names.below.setdefault(name, _Names(_below(names, name)))
            names.is_read = True

    def of(self, records: Iterable[tuple[Element, Record | None]]) -> Iterator[tuple[Element, Record | None]]:
        """Yield these records and look at each."""
        for element, record in records:
            self.is_empty = self.is_empty and record is GONE
            if record is not None and record is not GONE:
                self._add(record, self._record)
            yield element, record

    def survey(self, key: str) -> Survey:
        """Say what was found, once all records were met.

        Raises:
            FileUnreadable: a needed column was in no record.
        """
        if self.missing and not self.is_empty:
            raise FileUnreadable(key=key, problem=lacking(self.missing, self.names))
        return Survey(is_empty=self.is_empty, extra_columns=tuple(self.extra)[:MOST_EXTRA_PATHS])

    @property
    def missing(self) -> list[str]:
        """Return the paths of needed columns that no record had."""
        return [".".join(one.path) for one in self._fields if not one.optional and not self._was_seen(one.path)]

    def _add(self, value: Record, names: _Names) -> None:
        for name in [name for name in value if name not in names.seen]:
            names.seen[name] = None
            self._note(names, name)
        for name, inner in names.below.items():
            if inner.below and name in value:
                self._descend(value[name], inner)

    def _note(self, names: _Names, name: str) -> None:
        """Note a name that is new in an object, as met and, where no column reads it, as extra."""
        inner = names.below.get(name)
        if inner is None or inner.is_read:
            self.names.append(_below(names, name))
        if inner is None and not names.is_read:
            self.extra[_below(names, name)] = None

    def _descend(self, value: object, names: _Names) -> None:
        """Go into an object of which columns read a part; any other value there is extra, as no column reads it."""
        if isinstance(value, dict):
            self._add(value, names)
        elif value is not None and not names.is_read:
            self.extra[names.path] = None

    def _was_seen(self, path: tuple[str, ...]) -> bool:
        names = self._record
        for name in path:
            if name not in names.seen:
                return False
            names = names.below[name]
        return True


def _below(names: _Names, name: str) -> str:
    return f"{names.path}.{name}" if names.path else name
