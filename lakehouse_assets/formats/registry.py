"""Read from the landing contract which format the files of a dataset have; nothing else decides it.

format   custom property of the table: `csv` (the default) or `json_pages`
records  custom property of the table, for JSON pages: dotted path of the array; none when the document is the array
normaliser  custom property of the table, for JSON pages: the function that makes flat records of each record
path     custom property of a column, for JSON pages: dotted path of its text in a record; the column's name if none
"""

from __future__ import annotations

from collections.abc import Callable

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.model import Format
from lakehouse_assets.formats.csv_format import Csv
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets.formats.normalised_pages import NormalisedPages
from lakehouse_assets.formats.protocol import Field, SourceFormat


def _json_pages(landing: Contract, fields: tuple[Field, ...]) -> SourceFormat:
    records = _names(landing.records or "")
    return NormalisedPages(fields, records, landing.normaliser) if landing.normaliser else JsonPages(fields, records)


FORMATS: dict[Format, Callable[[Contract, tuple[Field, ...]], SourceFormat]] = {
    "csv": lambda _landing, fields: Csv(fields),
    "json_pages": _json_pages,
}
"""The functions that make a format of the landing contract and the wanted columns, by the format's contract name."""


def format_of(landing: Contract, table: Contract) -> SourceFormat:
    """Return the format of a dataset for the columns that a silver table takes from it."""
    return FORMATS[landing.format](landing, fields_of(landing, table))


def fields_of(landing: Contract, table: Contract) -> tuple[Field, ...]:
    """Return the landing columns that a silver table reads, in the order of the table."""
    paths = {column.name: column.path or column.name for column in landing.columns}
    return tuple(
        Field(column.source, _names(paths.get(column.source, column.source)), column.optional)
        for column in table.content
        if column.source
    )


def _names(path: str) -> tuple[str, ...]:
    """Split a dotted path into names below each other.

    >>> _names("data.items"), _names("")
    (('data', 'items'), ())
    """
    return tuple(path.split(".")) if path else ()
