"""Tell Dagster of days that a run built although it was not started for them, because late changes had touched them.

Dagster notes a materialization for every partition that a run was started for; without these events it would go on
showing the older day's former one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import dagster as dg

from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.request import Window
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.pipeline import Pipeline


def late_days(window: Window | None, built: Iterable[str], first: date) -> list[date]:
    """Return the days that were built besides those of the run, in order.

    >>> late_days(Window(start="2025-04-01", end="2025-04-02"), ["2025-04-02", "2025-03-07"], date(2025, 3, 1))
    [datetime.date(2025, 3, 7)]

    Args:
        window: the days that the run was started for; None when it was started for none.
        built: values of the table's window, as text; what is no day counts for nothing.
        first: the first day that is a partition.
    """
    days = sorted(day for day in map(_day, built) if day is not None and day >= first)
    return [day for day in days if window is None or not window.start <= day <= window.end]


def late_materializations(
    pipeline: Pipeline, contract: Contract, window: Window | None, built: Iterable[str], metadata: dict[str, Any]
) -> Iterator[dg.AssetMaterialization]:
    """Yield one materialization for each such day of a table, all with the same metadata; arguments as `late_days`."""
    words = "late changes touched this day, so the run built it again"
    for day in late_days(window, built, pipeline.days.first) if pipeline.days else ():
        yield dg.AssetMaterialization(
            md.asset_key(contract), partition=day.isoformat(), description=words, metadata=metadata
        )


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
