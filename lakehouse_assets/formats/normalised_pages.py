"""Read JSON pages whose records are made flat by a function of the pipeline: one record of a page gives any number.

A normaliser is plain Python on one record: it takes the record and what else the page says, and yields flat records of
names and values. It is named in the landing contract, opens nothing and is the same wherever it runs, so engines
cannot disagree about it. What a value becomes as text is decided here, in one place for all normalisers. Numbers come
to it exactly, as `int` and `Decimal`.

The position of a row is its place among all rows of the page, from 1; its raw text is the record that it was made of.
A record that is no object is one malformed row, and so is one that the normaliser cannot take apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.formats.json_document import PLAIN_DECODER, Element, document_of, elements
from lakehouse_assets.formats.json_pages import MOST_EXTRA_PATHS, SURROGATE, is_torn
from lakehouse_assets.formats.json_rows import Record, raw_batches, row_batches
from lakehouse_assets.formats.protocol import Field, Survey

if TYPE_CHECKING:
    import pyarrow as pa

Normaliser = Callable[[Record, Record], Iterable[Record]]
"""Makes flat records of one record and of what its page says beside the records.

Its attribute `known`, where it has one, holds the names that it expects in a record; others are reported as extra.
"""
NOT_APART = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
"""Errors of a normaliser that say that a record is not as it should be."""


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
        known: frozenset[str] | None = getattr(normaliser_of(self.normaliser), "known", None)
        extra, is_empty = dict[str, None](), True
        for element in elements(key, document_of(key, chunks), self.records, PLAIN_DECODER):
            is_empty = False
            # Records mostly have known names only, which is seen without looking at them one by one.
            if known is not None and isinstance(element.value, dict) and not element.value.keys() <= known:
                extra |= dict.fromkeys(name for name in element.value if name not in known)
        return Survey(is_empty=is_empty, extra_columns=tuple(extra)[:MOST_EXTRA_PATHS])

    def batches(self, key: str, chunks: Iterable[bytes], first_row: int) -> Iterator[pa.RecordBatch]:
        """Yield all rows; the text of the page and one batch are held in memory."""
        rows, columns = self._rows(key, document_of(key, chunks)), self._columns
        yield from row_batches(rows, columns, partial(texts, columns), first_row)

    def raw_text(self, key: str, chunks: Iterable[bytes], positions: Iterable[int]) -> Iterator[pa.RecordBatch]:
        """Yield the records of which these rows were made, as they stand in the page, with the rows' texts."""
        text, columns = document_of(key, chunks), self._columns
        yield from raw_batches(text, self._rows(key, text), columns, partial(texts, columns), positions)

    @property
    def _columns(self) -> list[str]:
        return [field.name for field in self.fields]

    def _rows(self, key: str, text: str) -> Iterator[tuple[Element, Record | None]]:
        """Yield each row with the element that it was made of; None is a malformed one."""
        normalise, page = normaliser_of(self.normaliser), None
        may_be_torn = SURROGATE.search(text) is not None
        for element in elements(key, text, self.records, PLAIN_DECODER):
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
    found = map(record.get, columns)
    return [value if value is None or isinstance(value, str) else text_of(value) for value in found]


def text_of(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a value as the text of a landing column.

    >>> text_of(True), text_of(Decimal("1.50")), text_of(12), text_of(["a"]), text_of(None)
    ('true', '1.50', '12', '["a"]', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, int) else orjson.dumps(value, default=text_of).decode()
