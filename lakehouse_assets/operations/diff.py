"""Define `lakehouse diff`, which says how a table differs between two moments or two lakes, by its key."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, place, reading
from lakehouse_assets.operations.sql import parse_moment, query_scope

if TYPE_CHECKING:
    from datetime import datetime

    from lakehouse_assets.contracts import Contract
    from lakehouse_assets.engines.difference import Difference
    from lakehouse_assets.settings import Settings

Format = Literal["table", "csv", "json"]


def diff(  # noqa: PLR0913 - one parameter per option
    table: Annotated[str, typer.Argument(metavar="TABLE", help="`database.table`, `layer/table` or only its name.")],
    *,
    as_of: Annotated[str | None, typer.Option(metavar="TIME", help="Compare the table as it was then …")] = None,
    and_: Annotated[
        str | None, typer.Option("--and", metavar="TIME", help="… with as it was then (default: now).")
    ] = None,
    and_lake: Annotated[
        str | None, typer.Option(parser=place, metavar="PLACE", help="Compare --lake with this lake, such as a clone.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many differences the table shows; csv has all.")] = 20,
    format: Annotated[Format, typer.Option(help="How they are printed.")] = "table",  # noqa: A002 - the option's name
    lake: LakeOption = None,
) -> None:
    """Say which rows of a table were added, removed and changed, and in which columns, by the key of its contract.

    Between two moments of a lake, or between two lakes; which file and line a row came from is not compared. The files
    are read here, also with LAKEHOUSE_TARGET=aws. As CSV, each value that differs is a line: what became of the row,
    its key, column, before and after.

    Examples:
        lakehouse diff DATABASE.TABLE --as-of 2025-04-03T12:00:00

        lakehouse diff DATABASE.TABLE --and-lake sandbox --format csv
    """
    from lakehouse_assets.engines.connection import limits_of
    from lakehouse_assets.engines.difference import Side, compared
    from lakehouse_assets.storage.lake import lake_of

    if as_of is None and and_lake is None:
        raise BadRequest(message="say with what: --as-of TIME compares two moments, --and-lake PLACE two lakes")
    settings = reading(lake)
    other = lake_of(settings if and_lake is None else reading(and_lake))
    contract = _contract(settings, table)
    before, after = Side(lake_of(settings), _moment(as_of, "--as-of")), Side(other, _moment(and_, "--and"))
    with compared(contract, before, after, limits_of(settings)) as found:
        {"table": _as_table, "csv": _as_csv, "json": _as_json}[format](contract, found, limit)


def _moment(text: str | None, option: str) -> datetime | None:
    return None if text is None else parse_moment(text, option)


def _contract(settings: Settings, name: str) -> Contract:
    """Return the contract of a table, found by bare name, catalog name or asset key.

    Raises:
        BadRequest: there is none of this name.
        ContractInvalid: it is broken.
    """
    from lakehouse_assets.engines.query import table_of

    scope, asked = query_scope(settings), name.lower()
    found = (c for c in scope.tables.values() if asked in c.names)
    return next(found, None) or table_of(scope, asked)


def _header(contract: Contract) -> tuple[str, ...]:
    return ("change", *contract.key, "column", "before", "after")


def _as_table(contract: Contract, found: Difference, limit: int) -> None:
    counts = found.counts()
    told = sum(counts.values()) - counts["same"]
    said = ", ".join(f"{counts[kind]:,} {kind}" for kind in counts)
    terminal.say(f"{contract.catalog_name} by {', '.join(contract.key)}: {said}")
    if not told:
        return
    columns = found.changed_columns()
    if columns:
        each = ", ".join(f"{name} {count:,}" for name, count in sorted(columns.items(), key=lambda one: -one[1]))
        terminal.say(f"Changed in: {each}")
    rows = list(islice(found.rows(), limit))
    if rows:
        terminal.table(_header(contract), rows)
    if len(rows) == limit:
        terminal.say("There may be more: --limit shows more of them, --format csv writes all.")


def _as_csv(contract: Contract, found: Difference, limit: int) -> None:
    from lakehouse_assets.operations.answers import csv_field, text_of

    del limit
    terminal.data(",".join(_header(contract)) + "\n")
    for row in found.rows():
        terminal.data(",".join("" if value is None else csv_field(text_of(value)) for value in row) + "\n")


def _as_json(contract: Contract, found: Difference, limit: int) -> None:
    del limit
    rows = (dict(zip(_header(contract), row, strict=True)) for row in found.rows())
    for piece in terminal.json_list(rows):
        terminal.data(piece)
