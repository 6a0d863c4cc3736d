"""Writing the changed rows of one table, bounded by literal dates."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.engines.protocol import Engine, Guard
from lakehouse_assets.load.work import TableLoad
from lakehouse_assets.sql import versions


def merge(table: TableLoad, engine: Engine, guard: Guard) -> None:
    """Write the changed rows, if there are any."""
    if not table.has_changes:
        return
    contract, bounds, is_sorted = table.contract, None, False
    date = contract.properties.get("date_column")
    if date:
        found = engine.rows(versions.dates(table.name, date))
        is_sorted = _is_sorted([(row["ordinal"], row["came"]) for row in found])
        bounds = sorted({row[name] for row in found for name in ("came", "held") if row[name] is not None})
    updates = table.report.counts.updated > 0
    source = versions.merge_source(contract, is_sorted=is_sorted)
    done = engine.merge(contract, source, updates=updates, dates=bounds, guard=guard)
    table.report.added_files, table.report.added_bytes = done.added_files, done.added_bytes
    table.report.removed_files = done.removed_files


def _is_sorted(found: list[tuple[int, Any]]) -> bool:
    """Whether rows are in the order of their dates as they come: one date a file, and files in that order."""
    days = [day for _, day in sorted(found)]
    return len(days) == len({ordinal for ordinal, _ in found}) and days == sorted(days)
