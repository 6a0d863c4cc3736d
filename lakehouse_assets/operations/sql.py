"""Define `lakehouse sql`, which answers one question in Athena SQL as a table, CSV or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, reading
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.engines.query import Answer, QueryScope

Format = Literal["table", "csv", "json"]


def sql(
    query: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT, WITH … SELECT, SHOW TABLES or DESCRIBE.")],
    *,
    format: Annotated[Format, typer.Option(help="How the answer is printed.")] = "table",  # noqa: A002 - the option's name
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Tables as committed until then; UTC unless it says otherwise.")
    ] = None,
    lake: LakeOption = None,
) -> None:
    """Ask the tables a question, in Athena's SQL; nothing is changed.

    With LAKEHOUSE_TARGET=aws Athena answers, but for --as-of, which it does not know of Delta tables: then the files
    are read here.

    CSV has a header, NULL is an empty field and an empty text is "". JSON is a list of objects, NULL is null, and
    decimals are text, so that they stay exact. Dates and times are ISO-8601, times are UTC.

    Examples:
        lakehouse sql "SHOW TABLES"

        lakehouse sql "SELECT * FROM DATABASE.TABLE LIMIT 5" --format csv

        lakehouse sql "SELECT count(*) FROM DATABASE.TABLE" --as-of 2025-04-03T12:00:00
    """
    from lakehouse_assets.engines.query import ask

    moment, settings = None if as_of is None else parse_moment(as_of), reading(lake)
    answer = _by_athena(settings, query) if settings.target == "aws" and moment is None else None
    answer = answer or ask(query_scope(settings), query, moment)
    {"table": _as_table, "csv": _as_csv, "json": _as_json}[format](answer)


def _by_athena(settings: Settings, query: str) -> Answer | None:
    # What talks to AWS is imported where AWS is the target.
    from lakehouse_assets.operations.athena import asked

    return asked(settings, query)


def query_scope(settings: Settings) -> QueryScope:
    """Return the scope of a query: every table of every pipeline in the settings' lake."""
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import stored_tables
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.engines.connection import limits_of
    from lakehouse_assets.engines.query import QueryScope
    from lakehouse_assets.storage.lake import lake_of

    every = [contracts(pipeline) for pipeline in pipelines()]
    tables = stored_tables(contract for known in every for contract in known.values())
    broken = {name: error for known in every for name, error in known.broken.items()}
    return QueryScope(lake_of(settings), tables, broken=broken, **limits_of(settings))


def parse_moment(text: str) -> datetime:
    """Read an ISO-8601 moment; it is UTC when it names no zone.

    Raises:
        BadRequest: the text is no such moment.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(message=f"--as-of is `{text}`, allowed is a time such as 2025-04-03T12:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    return (row for batch in answer.batches for row in batch)


def _as_table(answer: Answer) -> None:
    rows = list(_rows(answer))
    numbers = [n for i, n in enumerate(answer.columns) if rows and all(_is_number(row[i]) for row in rows)]
    shown = (["NULL" if value is None else text_of(value) for value in row] for row in rows)
    terminal.table(answer.columns, shown, right=numbers)
    terminal.say(f"{len(rows)} row{'' if len(rows) == 1 else 's'}")


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any SQL value
    return value is None or (isinstance(value, (int, float, Decimal)) and not isinstance(value, bool))


def _as_csv(answer: Answer) -> None:
    terminal.data(",".join(csv_field(name) for name in answer.columns) + "\n")
    for row in _rows(answer):
        terminal.data(",".join("" if value is None else csv_field(text_of(value)) for value in row) + "\n")


def _as_json(answer: Answer) -> None:
    """Write a JSON list with one object per line, while the rows arrive."""
    import orjson

    separator = "[\n"
    for row in _rows(answer):
        values = {name: json_value(value) for name, value in zip(answer.columns, row, strict=True)}
        terminal.data(separator + orjson.dumps(values, default=str).decode())
        separator = ",\n"
    terminal.data("[]\n" if separator == "[\n" else "\n]\n")


def csv_field(text: str) -> str:
    """Return a text as a CSV field (RFC 4180); empty text is quoted, which tells it from NULL.

    >>> csv_field('a "b", c')
    '"a ""b"", c"'
    """
    if text and not any(mark in text for mark in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def text_of(value: Any) -> str:  # noqa: ANN401 - any SQL value
    """Return a value other than NULL as text: ISO-8601 moments, true and false, JSON for lists and rows."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
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
    if isinstance(value, (datetime, date, Decimal)):
        return text_of(value)
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value
