"""Say which days of a table a run's checks are asked of: those that the run works on, and those it changed besides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from lakehouse_assets.compute.reports import LOAD, ModelReport, model_piece
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.checks import partition_day
from lakehouse_assets.core.request import Window
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.sql.gold import MAX_WINDOW
from lakehouse_assets.storage.runs import RunFolder

PARAMETER = re.compile(r":(since|everything|touched)\b")


def touched_days(contract: Contract, window: Mapping[str, Any] | None, run: RunFolder) -> tuple[date, ...] | None:
    """Return the days of a table that a run's checks are asked of; None for all of them.

    The run's own days are among them even when nothing of them has changed: a fault that an earlier run has left there
    is found until it is mended.

    Args:
        contract: the table.
        window: the first and the last day that the run works on, as its plan gave them; None for a run without days.
        run: its folder, which has the reports of what it changed.
    """
    # Most tables have no days to ask about, and then no report need be read.
    if window is None or partition_day(contract) is None:
        return None
    changed = _built(contract, run) if contract.layer == "gold" else _loaded(run)
    if changed is None:
        return None
    days = tuple(sorted({*Window.model_validate(window).days, *changed}))
    return days if len(days) <= MAX_WINDOW else None


def _built(contract: Contract, run: RunFolder) -> list[date] | None:
    """Return the days of a gold table that the run has built; None when it has built all, or does not say."""
    report = run.report(model_piece(contract.name), ModelReport)
    return None if report is None or report.is_whole else _days(report.window)


def _loaded(run: RunFolder) -> list[date] | None:
    """Return the days that the run's load has touched in any window of days; None when they are too many to list."""
    report = run.report(LOAD, LoadReport)
    if report is None or None in report.touched.values():
        return None
    return _days(value for values in report.touched.values() for value in values or ())


def _days(values: Iterable[Any]) -> list[date]:
    """Return those of the values that are days: a window may be of anything else."""
    found = []
    for value in map(str, values):
        try:
            found.append(date.fromisoformat(value))
        except ValueError:
            continue
    return found


def stated(sql: str, since: datetime, days: tuple[date, ...] | None) -> str:
    """Return an assertion's SQL with what the run touched written into it.

    Args:
        sql: in Athena SQL.
        since: since when what came is looked at, with a zone.
        days: the days that are looked at; None for all.
    """
    values = {
        "since": literal(since.replace(tzinfo=None)).sql("athena"),
        "everything": str(days is None).upper(),
        "touched": ", ".join(literal(day).sql("athena") for day in days or ()) or "NULL",
    }
    return PARAMETER.sub(lambda match: values[match[1]], sql)
