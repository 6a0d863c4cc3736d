"""Read the text in which Athena answers as values of Python, by the types that it tells beside it. Pure.

https://docs.aws.amazon.com/athena/latest/APIReference/API_ColumnInfo.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo


def moment(text: str) -> datetime:
    """Return a timestamp; one with a zone is in UTC.

    >>> str(moment("2025-04-01 12:00:00.250")), str(moment("2025-04-01 12:00:00.000 Europe/Berlin"))
    ('2025-04-01 12:00:00.250000', '2025-04-01 10:00:00+00:00')
    """
    day, clock, *zone = text.split(" ")
    found = datetime.fromisoformat(f"{day} {clock}")
    if zone:
        found = found.replace(tzinfo=UTC if zone[0] == "UTC" else ZoneInfo(zone[0]))
    return found.astimezone(UTC) if found.tzinfo else found


def listed(text: str) -> list[str]:
    """Return the elements of an array as text; Athena neither quotes them nor tells their type.

    >>> listed("[a, [b, c], {d=1, e=2}]"), listed("[]")
    (['a', '[b, c]', '{d=1, e=2}'], [])
    """
    inner, depth, found = text[1:-1], 0, [""]
    for mark in inner:
        depth += (mark in "[{") - (mark in "]}")
        if mark == "," and not depth:
            found.append("")
        else:
            found[-1] += mark
    return [element.strip() for element in found] if inner else []


READERS: Mapping[str, Callable[[str], Any]] = {
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "bigint": int,
    "real": float,
    "float": float,
    "double": float,
    "decimal": Decimal,
    "boolean": lambda text: text == "true",
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": moment,
    "timestamp with time zone": moment,
    "array": listed,
    "varbinary": bytes.fromhex,
}
"""Maps Athena's types to what reads their text; whatever is not here stays text."""


def columns_of(result: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return names and types of the columns of a page of results."""
    described = result.get("ResultSetMetadata", {}).get("ColumnInfo", ())
    return tuple((str(column["Name"]), str(column.get("Type", "varchar")).lower()) for column in described)


def rows_of(result: Mapping[str, Any], types: Sequence[str], *, skip: int = 0) -> list[tuple[Any, ...]]:
    """Return the rows of a page of results; a cell without a value is NULL, one with an empty value an empty text.

    Args:
        result: a `ResultSet`.
        types: of the columns.
        skip: how many rows are no data, such as the header before those of a SELECT.
    """
    readers = [READERS.get(kind.partition("(")[0], str) for kind in types]
    return [tuple(_cells(row.get("Data", ()), readers)) for row in result.get("Rows", ())[skip:]]


def _cells(cells: Iterable[Mapping[str, str]], readers: Sequence[Callable[[str], Any]]) -> Iterable[Any]:
    for cell, read in zip(cells, readers, strict=False):
        text = cell.get("VarCharValue")
        yield None if text is None else read(text)
