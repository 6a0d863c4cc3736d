"""Write the changed rows of one table in a merge that is bounded by literal dates."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.errors import LakehouseError, ReconciliationFailed, RequiredMissing
from lakehouse_assets.load.state import TableLoad
from lakehouse_assets.sql import versions
from lakehouse_assets.sql.casts import quoted


def merge(table: TableLoad, engine: Engine, guard: Guard) -> None:
    """Write the changed rows, if there are any.

    Raises:
        ReconciliationFailed: the commit did not add the rows that were counted.
        RequiredMissing: a required column has no value in some of them.
        CommitConflict, FenceLost, ProtocolRaised: see `Engine.merge`.
    """
    if not table.has_changes:
        return
    contract, bounds, is_sorted = table.contract, None, False
    date = contract.date_column
    if date:
        found = engine.rows(versions.dates(contract, date))
        if len(found) <= versions.MAX_FILE_DATES:
            is_sorted = _in_one_piece(table) and _is_sorted([(row["ordinal"], row["came"]) for row in found])
            bounds = _bounds(found)
    updates = table.report.counts.updated > 0
    source = versions.merge_source(contract, is_sorted=is_sorted)
    try:
        done = engine.merge(contract, source, updates=updates, dates=bounds, guard=guard)
    except Exception as error:
        missing = None if isinstance(error, LakehouseError) else _missing(contract, source, engine)
        raise missing or error from error
    table.report.added_files, table.report.added_bytes = done.added_files, done.added_bytes
    table.report.removed_files = done.removed_files
    if done.rows != table.report.counts.inserted:
        equation = f"inserted {table.report.counts.inserted}, but its log says that it grew by {done.rows} rows"
        raise ReconciliationFailed(table=table.name, equation=equation)


def _missing(contract: Contract, source: str, engine: Engine) -> RequiredMissing | None:
    """Return which required column has no value in some of the rows that could not be written, if that is it."""
    for column in contract.content:
        if column.required or column.key:
            none = f"s.{quoted(column.name)} IS NULL"
            select = f"SELECT count(*) AS n, min(s._file) AS file FROM ({source}) AS s WHERE {none}"
            (found,) = engine.rows(select)
            if found["n"]:
                first = f"SELECT min(s._line) AS line FROM ({source}) AS s WHERE {none} AND s._file = :file"
                line = engine.rows(first, {"file": found["file"]})[0]["line"]
                facts = {"rows": found["n"], "column": column.name, "line": line, "file": found["file"]}
                return RequiredMissing(table=contract.catalog_name, **facts)
    return None


def _bounds(found: list[dict[str, Any]]) -> list[Any] | None:
    """Return the dates that bound the merge; None where there are too many to list."""
    dates = {row[name] for row in found for name in ("came", "held") if row[name] is not None}
    return sorted(dates) if len(dates) <= versions.MAX_DATES else None


def _in_one_piece(table: TableLoad) -> bool:
    """Say whether rows come in the order of their files: all are new, and one reader took all files."""
    sources = table.sources
    readers = {(file.header, file.uri.endswith(".gz")) for file in sources.native}
    is_one = len(readers) == (0 if sources.odd else 1) and not sources.small
    return table.all_new and is_one and not table.report.counts.retried


def _is_sorted(found: list[tuple[int, Any]]) -> bool:
    """Say whether rows come in the order of their dates: one date per file, and the files in that order."""
    days = [day for _, day in sorted(found)]
    return len(days) == len({ordinal for ordinal, _ in found}) and days == sorted(days)
