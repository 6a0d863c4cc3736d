"""Read JSON pages whose records are made flat by a function of the pipeline: one record of a page gives any number.

A normaliser is plain Python on one record: it takes the record and what else the page says, and yields flat records of
names and values. It is named in the landing contract, opens nothing and is the same wherever it runs, so engines
cannot disagree about it. What a value becomes as text is decided here, in one place for all normalisers. Numbers come
to it exactly, as `int` and `Decimal`.

The position of a row is its place among all rows of the page, from 1; its raw text is the record that it was made of.
A record that is no object is one malformed row, and so is one that the normaliser cannot take apart.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.formats.json_document import PLAIN_DECODER, Element, document_of, elements
from lakehouse_assets.formats.json_pages import MOST_EXTRA_PATHS, SURROGATE, is_torn
from lakehouse_assets.formats.json_rows import GONE, Record, erase, erased_rows, raw_batches, row_batches
from lakehouse_assets.formats.protocol import Field, Survey

if TYPE_CHECKING:
    import pyarrow as pa

Normaliser = Callable[[Record, Record], Iterable[Record]]
"""Makes flat records of one record and of what its page says beside the records.

Its attribute `known`, where it has one, holds the names that it expects in a record; others are reported as extra.
"""
NOT_APART = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
"""Errors of a normaliser that say that a record is not as it should be."""


TEXTS = frozenset({str, type(None)})


@cache
def normaliser_of(name: str) -> Normaliser:
    """Return the function of a name such as `rides.records:ride`.

    Raises:
        ContractInvalid: there is none.
    """
    try:
        found: Normaliser = resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ContractInvalid(contract="landing", problem=f"normaliser `{name}` is not there") from error
    return found


@dataclass(frozen=True)
class NormalisedPages:
    """Read the pages of one dataset; see `protocol.SourceFormat`.

    Attributes:
        fields: the wanted columns, which are names of flat records.
        records: names below each other that lead to the array in a page.
        normaliser: the function's name, since a name can be pickled whatever it stands for.
    """

    is_python: ClassVar[bool] = True
    fields: tuple[Field, ...]
    records: tuple[str, ...]
    normaliser: str

    def survey(self, key: str, chunks: Iterable[bytes]) -> Survey:
        """Walk the whole page and report names that the normaliser does not know."""
        seen = _Seen(self.normaliser)
        deque(seen.of(elements(key, document_of(key, chunks), self.records, PLAIN_DECODER)), maxlen=0)
        return seen.survey()

    def survey_and_keep(
        self, key: str, chunks: Iterable[bytes], first_row: int, keep: Callable[[pa.RecordBatch], None]
    ) -> Survey:
        """See `protocol.ReadWhileSurveyed`."""
        seen, text, columns = _Seen(self.normaliser), document_of(key, chunks), self._columns
        rows = self._rows(text, seen.of(elements(key, text, self.records, PLAIN_DECODER)))
        for batch in row_batches(rows, columns, partial(texts, columns), first_row):
            keep(batch)
        return seen.survey()

    def batches(self, key: str, chunks: Iterable[bytes], first_row: int) -> Iterator[pa.RecordBatch]:
        """Yield all rows; the text of the page and one batch are held in memory."""
        text, columns = document_of(key, chunks), self._columns
        yield from row_batches(self._all_rows(key, text), columns, partial(texts, columns), first_row)

    def raw_text(self, key: str, chunks: Iterable[bytes], positions: Iterable[int]) -> Iterator[pa.RecordBatch]:
        """Yield the records of which these rows were made, as they stand in the page, with the rows' texts."""
        text, columns = document_of(key, chunks), self._columns
        yield from raw_batches(text, self._all_rows(key, text), columns, partial(texts, columns), positions)

    def erase(self, key: str, chunks: Iterable[bytes], positions: Collection[int]) -> Iterator[bytes]:
        """See `protocol.SourceFormat`."""
        text = document_of(key, chunks)
        yield from erase(text, self._all_rows(key, text), positions)

    @property
    def _columns(self) -> list[str]:
        return [field.name for field in self.fields]

    def _all_rows(self, key: str, text: str) -> Iterator[tuple[Element, Record | None]]:
        return self._rows(text, elements(key, text, self.records, PLAIN_DECODER))

    def _rows(self, text: str, found: Iterable[Element]) -> Iterator[tuple[Element, Record | None]]:
        """Yield each row with the element that it was made of; None is a malformed one."""
        normalise, page = normaliser_of(self.normaliser), None
        may_be_torn = SURROGATE.search(text) is not None
        for element in found:
            if erased := erased_rows(element.value):
                yield from ((element, GONE) for _ in range(erased))
                continue
            page = _beside(text, element, self.records) if page is None else page
            if not isinstance(element.value, dict) or (may_be_torn and is_torn(element.value)):
                yield element, None
                continue
            try:
                made = list(normalise(element.value, page))
            except NOT_APART:
                yield element, None
                continue
            yield from ((element, record) for record in made)


class _Seen:
    """Look at the records of a page for names that its normaliser does not know."""

    def __init__(self, normaliser: str) -> None:
        self._known: frozenset[str] | None = getattr(normaliser_of(normaliser), "known", None)
        self._extra, self._is_empty = dict[str, None](), True

    def of(self, found: Iterable[Element]) -> Iterator[Element]:
        """Yield these elements and look at each."""
        known = self._known
        for element in found:
            if erased_rows(element.value):
                yield element
                continue
            self._is_empty = False
            # Records mostly have known names only, which is seen without looking at them one by one.
            if known is not None and isinstance(element.value, dict) and not element.value.keys() <= known:
                self._extra |= dict.fromkeys(name for name in element.value if name not in known)
            yield element

    def survey(self) -> Survey:
        """Say what was found, once all elements were met."""
        return Survey(is_empty=self._is_empty, extra_columns=tuple(self._extra)[:MOST_EXTRA_PATHS])


def _beside(text: str, first: Element, records: tuple[str, ...]) -> Record:
    """Return what a page says before its records: the document up to them, closed there.

    Only members of the document itself that come before the array are wanted, which is where facts of a request are.
    """
    head = text[: text.rindex("[", 0, first.start)]
    closed = head + "[]" + "}" * len(records)
    try:
        found = orjson.loads(closed)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def texts(columns: list[str], record: Record) -> list[str | None]:
    """Return the texts of these columns of a flat record."""
    found = list(map(record.get, columns))
    if TEXTS.issuperset(map(type, found)):  # as nearly all records are, which takes half as long to see
        return found
    return [value if value is None or isinstance(value, str) else text_of(value) for value in found]


def text_of(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a value as the text of a landing column.

    >>> text_of(True), text_of(Decimal("1.50")), text_of(12), text_of(["a"]), text_of([2**64]), text_of(None)
    ('true', '1.50', '12', '["a"]', '[18446744073709551616]', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    try:
        return orjson.dumps(value, default=text_of).decode()
    except orjson.JSONEncodeError:  # of whole numbers it takes those of 64 bits only
        return json.dumps(value, default=text_of, ensure_ascii=False, separators=(",", ":"))
