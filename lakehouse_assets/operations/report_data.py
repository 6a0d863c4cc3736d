"""Gather what a pipeline's report shows: runs by day, what was rejected, how old tables are, figures of gold.

Sums are made where the data is, by DuckDB or Athena; what is held here is a number for each day and each line shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lakehouse_assets.errors import TableMissing
from lakehouse_assets.operations.recorded import Recorded
from lakehouse_assets.operations.report_figures import figure_section
from lakehouse_assets.operations.report_parts import Chart, Report, Section, Table
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.graph.pipeline import Pipeline
    from lakehouse_assets.operations.status_facts import Standing

MOST_LINES = 25
"""How many rows a table shows."""
MOST_RUNS = 2000
"""How many runs a report looks back at."""
SERIES = 4
"""How many series a chart tells apart; the smaller ones are one."""


def gather(settings: Settings, pipeline: Pipeline, now: datetime, days: int) -> Report:
    """Return the report of a pipeline over its last days, in its zone.

    Args:
        settings: whose lake.
        pipeline: whose report.
        now: the moment, UTC.
        days: how many days of runs; figures are of as many days up to the newest one that there is.
    """
    from lakehouse_assets.operations import recorded, status
    from lakehouse_assets.operations.status_facts import standings
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.records import PassedOver

    zone = ZoneInfo(pipeline.zone_in(settings))
    last = now.astimezone(zone).date()
    first = last - timedelta(days=days - 1)
    (standing,) = standings(settings, (pipeline.name,), now)
    passed_over = PassedOver()
    latest = recorded.latest(lake_of(settings).store, [pipeline.name], MOST_RUNS, passed_over)
    runs = [run for run in latest if run.ended_at and run.ended_at.astimezone(zone).date() >= first]
    sections = [
        _arrivals(runs, zone),
        _rejects(settings, pipeline, runs, zone),
        _freshness(standing),
        _runs(runs, zone),
    ]
    sections += [figure_section(settings, pipeline, figure, days) for figure in pipeline.figures]
    said = tuple(status.lines(standing, now))
    if passed_over.errors and passed_over.sentence not in standing.problems:
        said += (("problem", passed_over.sentence),)
    return Report(pipeline.name, settings.lake_root, now, first, last, said, tuple(sections))


def by_day(
    runs: Iterable[Recorded], zone: ZoneInfo, values: Callable[[Recorded], Mapping[str, int]]
) -> tuple[tuple[date, ...], dict[str, tuple[int, ...]]]:
    """Add up values of runs by the day on which they ended: the days, and for each name its sum on each of them."""
    sums: dict[date, Counter[str]] = defaultdict(Counter)
    for run in runs:
        if run.ended_at is not None:
            sums[run.ended_at.astimezone(zone).date()].update(values(run))
    days = tuple(sorted(sums))
    totals: Counter[str] = sum(sums.values(), Counter())
    names = [name for name, _ in totals.most_common()]
    kept, others = names[:SERIES], names[SERIES:]
    series = {name: tuple(sums[day][name] for day in days) for name in kept}
    if others:
        series["others"] = tuple(sum(sums[day][name] for name in others) for day in days)
    return days, series


def _arrivals(runs: Sequence[Recorded], zone: ZoneInfo) -> Section:
    rows = by_day(
        runs, zone, lambda run: {n: c["read"] for n, c in (run.facts.get("tables") or {}).items() if c["read"]}
    )
    files = by_day(runs, zone, lambda run: {"files": int(run.facts.get("archived") or 0)})
    charts = (Chart("Rows read", *rows, "rows"), Chart("Files archived", *files, "files"))
    return Section("What came, and when", charts, "By the day on which the run ended that took it.")


def _rejects(settings: Settings, pipeline: Pipeline, runs: Sequence[Recorded], zone: ZoneInfo) -> Section:
    days, series = by_day(runs, zone, lambda run: dict(run.facts.get("rejects") or {}))
    parts: list[Chart | Table] = [Chart("Rows rejected, by rule", days, series, "rows")]
    groups = _open_rejects(settings, pipeline)
    if groups:
        parts.append(Table("Rejected rows by rule", tuple(groups[0]), _tuples(groups), frozenset(groups[0]) - {"code"}))
    return Section("Rejects", tuple(parts))


def _open_rejects(settings: Settings, pipeline: Pipeline) -> list[dict[str, Any]]:
    from lakehouse_assets.engines.connection import limits_of
    from lakehouse_assets.operations.reject_rows import Rejects, summary
    from lakehouse_assets.storage.lake import lake_of

    try:
        return summary(Rejects(pipeline.name, lake_of(settings), limits_of(settings)).counts({}), "code")[:MOST_LINES]
    except TableMissing:
        return []


def _tuples(rows: Iterable[dict[str, Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row.values()) for row in rows)


def _freshness(standing: Standing) -> Section:
    rows = tuple((a.table, a.newest, a.days, a.allowed, "too old" if a.is_late else "in time") for a in standing.ages)
    columns = ("table", "newest date", "days ago", "allowed", "state")
    return Section("Freshness", (Table("Newest business date of each table", columns, rows, frozenset(columns[2:4])),))


def _runs(runs: Sequence[Recorded], zone: ZoneInfo) -> Section:
    seconds = by_day(runs, zone, lambda run: {_state(run): round(run.seconds or 0)})
    columns = ("run", "state", "ended (UTC)", "seconds", "rows read", "rejected", "cause")
    rows = tuple(
        (r.label, _state(r), f"{r.ended_at:%Y-%m-%d %H:%M}", round(r.seconds or 0, 1), r.read, r.rejected, r.cause)
        for r in runs[:MOST_LINES]
    )
    table = Table("Latest runs", columns, rows, frozenset(columns[3:6]))
    return Section("Runs", (Chart("Seconds of all runs of a day", *seconds, "s"), table))


def _state(run: Recorded) -> str:
    return run.status.replace("_", " ")
