"""Define `lakehouse sql`, which answers one question in Athena SQL. Not here: how answers are printed (`answers`)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.errors import BadRequest, LakehouseError, TableMissing
from lakehouse_assets.operations.answers import PAGE_ROWS, Format, show
from lakehouse_assets.operations.options import LakeOption, reading
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.engines.query import Answer, QueryScope

STDIN = "-"


def sql(
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="[SQL]", help="One SELECT, WITH … SELECT, EXPLAIN, SHOW or DESCRIBE; - reads it from stdin."
        ),
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option(help="Read the statement from this file.")] = None,
    format: Annotated[Format, typer.Option(help="How the answer is printed.")] = "table",  # noqa: A002 - the option's name
    limit: Annotated[
        int | None,
        typer.Option(min=0, show_default=False, help=f"Print so many rows; 0 is all, a table has {PAGE_ROWS}."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Tables as committed until then; UTC unless it says otherwise.")
    ] = None,
    lake: LakeOption = None,
) -> None:
    """Ask the tables a question, in Athena's SQL; nothing is changed.

    With LAKEHOUSE_TARGET=aws Athena answers, but for --as-of, which it does not know of Delta tables: then the files
    are read here.

    A table for people has the first rows and says how many there are. CSV, JSON and NDJSON have all of them, written
    while they come. CSV has a header, NULL is an empty field and an empty text is "". JSON is a list of objects, NDJSON
    one object a line; NULL is null, and decimals are text, so that they stay exact. Dates are 2025-04-01, times
    2025-04-01 12:30:00 in UTC, in every format.

    SHOW, DESCRIBE and EXPLAIN tell what the lake holds now, whatever contracts say.

    Examples:
        lakehouse sql "SHOW TABLES"

        lakehouse sql "SELECT * FROM DATABASE.TABLE" --format csv

        lakehouse sql --file question.sql --limit 10

        lakehouse sql "SELECT count(*) FROM DATABASE.TABLE" --as-of 2025-04-03T12:00:00
    """
    from lakehouse_assets.engines.query import ask

    text = statement(query, file)
    moment, settings = None if as_of is None else parse_moment(as_of), reading(lake)
    answer = _by_athena(settings, text) if settings.target == "aws" and moment is None else None
    try:
        answer = answer or ask(query_scope(settings), text, moment)
    except TableMissing as error:
        lost = _missing(settings, str(error.facts["table"]))
        if lost is None:
            raise
        raise lost from error
    show(answer, format, limit)


def _missing(settings: Settings, table: str) -> LakehouseError | None:
    """Return the error for a table of silver or of control that is not there: lost, or never made; None for others."""
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.load.soundness import missing
    from lakehouse_assets.storage.lake import lake_of

    for name in pipelines():
        for contract in contracts(name).values():
            if contract.catalog_name == table and contract.layer in {"silver", "control"}:
                return missing(contracts(name), name, lake_of(settings), contract)
    return None


def statement(query: str | None, file: Path | None) -> str:
    """Return the text of the statement: as given, from a file, or from stdin.

    Raises:
        BadRequest: none of these is named, or two are, or the file cannot be read.
    """
    if (query is None) == (file is None):
        ways = "as a word, as --file FILE, or as - for stdin"
        wrong = "is given twice; give it" if file else "is missing; give it"
        raise BadRequest(message=f"the SQL {wrong} {ways}, such as `lakehouse sql 'SHOW TABLES'`")
    if query is not None and query != STDIN:
        return query
    try:
        return sys.stdin.read() if file is None else file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise BadRequest(message=f"--file `{file or STDIN}` cannot be read: {problem}") from error


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


def parse_moment(text: str, option: str = "--as-of") -> datetime:
    """Read an ISO-8601 moment; it is UTC when it names no zone.

    Raises:
        BadRequest: the text is no such moment.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(message=f"{option} is `{text}`, allowed is a time such as 2025-04-03T12:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
