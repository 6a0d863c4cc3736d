"""Writing the changed rows of one table, bounded by literal dates."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.load.work import TableLoad
from lakehouse_assets.sql import silver, versions


def merge(table: TableLoad, engine: Engine, guard: Guard) -> None:
    """Write the changed rows, if there are any."""
    if not table.has_changes:
        return
    contract, dates, is_sorted = table.contract, None, False
    date = contract.properties.get("date_column")
    if date:
        spans = sorted(engine.rows(versions.spans(table.name, date)), key=lambda span: span["ordinal"])
        is_sorted = all(a["last_date"] <= b["first_date"] for a, b in pairwise(spans))
        dates = _touched_dates(table, engine, date)
    updates = table.report.counts.updated > 0
    source = versions.merge_source(contract, is_sorted=is_sorted)
    done = engine.merge(contract, source, updates=updates, dates=dates, guard=guard)
    table.report.added_files, table.report.added_bytes = done.added_files, done.added_bytes
    table.report.removed_files = done.removed_files


def _touched_dates(table: TableLoad, engine: Engine, date: str) -> list[Any]:
    """Literal partition bounds of the merge: dates of the changed rows, and dates that silver holds for their keys."""
    columns = [silver.quoted(date), f"_old_{date}"] if table.report.counts.updated else [silver.quoted(date)]
    found = [engine.rows(f"SELECT DISTINCT {column} AS d FROM {table.name}__changed") for column in columns]
    return sorted({row["d"] for rows in found for row in rows if row["d"] is not None})
