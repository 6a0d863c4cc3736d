"""Count the rows that an assertion finds, and fetch the first of them: they may be as many as the table has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lakehouse_assets.load.report import SAMPLE_ROWS

Rows = list[dict[str, Any]]


def failing(rows: Callable[[str], Rows], sql: str) -> tuple[int, Rows]:
    """Return how many rows a statement finds, and the first of them.

    It is computed once where it finds fewer than are shown, so a check that passes takes no longer.

    Args:
        rows: answers a statement in Athena SQL.
        sql: one SELECT.
    """
    found = f"(\n{sql.strip().rstrip(';')}\n) AS failing"
    first = rows(f"SELECT * FROM {found} LIMIT {SAMPLE_ROWS}")
    if len(first) < SAMPLE_ROWS:
        return len(first), first
    return int(rows(f"SELECT count(*) AS n FROM {found}")[0]["n"]), first
