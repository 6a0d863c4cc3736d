"""Print the answer to a question: a page of it as a table for people, or all rows as CSV, JSON or NDJSON.

Values look alike in every format: moments as `2025-04-01 12:30:00.5` in UTC, decimals with all their digits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from lakehouse_assets.core.batches import in_batches
from lakehouse_assets.operations import terminal

if TYPE_CHECKING:
    from lakehouse_assets.engines.query import Answer

Format = Literal["table", "csv", "json", "ndjson"]
Row = tuple[Any, ...]
WRITTEN_ROWS = 1000
"""How many rows are written at once."""
SPECIAL = re.compile(r'[,"\r\n]')
PAGE_ROWS = 50
"""How many rows a table for people has, unless more are asked for."""


def show(answer: Answer, format: Format, limit: int | None = None) -> None:  # noqa: A002 - the option's name
    """Print an answer on stdout.

    Args:
        answer: the rows come while they are printed; those beyond a page are counted, and forgotten.
        format: how.
        limit: how many rows at most; 0 for all, None for what is usual for the format.
    """
    rows = (row for batch in answer.batches for row in batch)
    if format == "table":
        _as_table(answer.columns, rows, PAGE_ROWS if limit is None else limit)
        return
    write = {"csv": _as_csv, "json": _as_json, "ndjson": _as_ndjson}[format]
    write(answer.columns, islice(rows, limit or None))


def _as_table(columns: tuple[str, ...], rows: Iterator[Row], limit: int) -> None:
    page = list(islice(rows, limit or None))
    more = sum(1 for _ in rows)
    numbers = [n for i, n in enumerate(columns) if page and all(_is_number(row[i]) for row in page)]
    shown = (["NULL" if value is None else text_of(value) for value in row] for row in page)
    terminal.table(columns, shown, right=numbers)
    total = f"{len(page) + more:,} row{'' if len(page) + more == 1 else 's'}"
    way = "--limit 0 shows all, --format csv writes them"
    terminal.say(f"{total}; the first {len(page):,} are shown ({way})" if more else total)


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any SQL value
    return value is None or (isinstance(value, (int, float, Decimal)) and not isinstance(value, bool))


def _as_csv(columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    terminal.data(",".join(csv_field(name) for name in columns) + "\n")
    for some in in_batches(rows, WRITTEN_ROWS):
        terminal.data("".join(map(_record, some)))


def _record(row: Row) -> str:
    return ",".join(["" if value is None else csv_field(text_of(value)) for value in row]) + "\n"


def _as_json(columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    """Write a JSON list with one object per line, while the rows arrive."""
    separator = "[\n"
    for some in in_batches(rows, WRITTEN_ROWS):
        terminal.data(separator + ",\n".join(_object(columns, row) for row in some))
        separator = ",\n"
    terminal.data("[]\n" if separator == "[\n" else "\n]\n")


def _as_ndjson(columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    for some in in_batches(rows, WRITTEN_ROWS):
        terminal.data("".join(_object(columns, row) + "\n" for row in some))


def _object(columns: tuple[str, ...], row: Row) -> str:
    import orjson

    return orjson.dumps(
        {name: json_value(value) for name, value in zip(columns, row, strict=True)}, default=str
    ).decode()


def csv_field(text: str) -> str:
    """Return a text as a CSV field (RFC 4180); empty text is quoted, which tells it from NULL.

    >>> csv_field('a "b", c')
    '"a ""b"", c"'
    """
    if text and not SPECIAL.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def text_of(value: Any) -> str:  # noqa: ANN401 - any SQL value
    """Return a value other than NULL as text: moments in UTC, true and false, JSON for lists and rows.

    >>> text_of(datetime(2025, 4, 1, 12, 30, tzinfo=UTC)), text_of(Decimal("1.50")), text_of(float("inf"))
    ('2025-04-01 12:30:00', '1.50', 'Infinity')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return (value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value).isoformat(" ")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple, dict)):
        import orjson

        return orjson.dumps(json_value(value), default=str).decode()
    return str(value)


def json_value(value: Any) -> Any:  # noqa: ANN401 - any SQL value in, a JSON value out
    """Return a value as JSON holds it; whole numbers beyond 64 bits are text, as decimals are."""
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(name): json_value(item) for name, item in value.items()}
    if isinstance(value, (datetime, date, Decimal)) or (isinstance(value, float) and not math.isfinite(value)):
        return text_of(value)
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value
