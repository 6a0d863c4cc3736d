"""Ask for the figures of gold that a pipeline's report shows; sums are made where the data is, by DuckDB or Athena."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import TableMissing
from lakehouse_assets.operations.frames import ask_frame
from lakehouse_assets.operations.report_parts import Chart, Section, Table
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.graph.figures import Figure
    from lakehouse_assets.graph.pipeline import Pipeline

MOST_LINES = 25
"""How many values of a dimension are shown; the others are one line."""


def figure_section(settings: Settings, pipeline: Pipeline, figure: Figure, days: int) -> Section:
    """Return the section of one figure: a chart for each measure, and the table of its dimension."""
    contract = figure.contract(pipeline.contracts)
    try:
        since = _since(settings, contract, figure, days)
        if since is None:
            return Section(figure.title, (), f"{contract.catalog_name} holds no row.")
        parts: list[Chart | Table] = list(_charts(settings, contract, figure, since))
        if figure.by is not None:
            parts.append(_dimension(settings, contract, figure, since))
    except TableMissing:
        return Section(figure.title, (), f"{contract.catalog_name} is not there yet.")
    return Section(figure.title, tuple(parts), f"From {contract.catalog_name}, since {since}.")


def _since(settings: Settings, contract: Contract, figure: Figure, days: int) -> date | None:
    newest = ask_frame(settings, f'SELECT max("{figure.day}") AS newest FROM {contract.catalog_name}')["newest"].iloc[0]
    return newest - timedelta(days=days - 1) if isinstance(newest, date) else None


def _charts(settings: Settings, contract: Contract, figure: Figure, since: date) -> Iterable[Chart]:
    sums = ", ".join(f'sum("{name}") AS "{name}"' for name in figure.measures)
    found = ask_frame(
        settings,
        f'SELECT "{figure.day}" AS day, {sums} FROM {contract.catalog_name} '
        f'WHERE "{figure.day}" >= DATE \'{since}\' GROUP BY "{figure.day}" ORDER BY "{figure.day}"',
    )
    days = tuple(found["day"])
    for name in figure.measures:
        column = contract.column(name)
        yield Chart(column.description, days, {name: tuple(found[name])}, column.unit or "")


def _dimension(settings: Settings, contract: Contract, figure: Figure, since: date) -> Table:
    """Return the sums by the dimension, the largest first; all that are not shown are one line."""
    sums = ", ".join(f'sum("{name}") AS "{name}"' for name in figure.measures)
    named = f"coalesce(CAST(\"{figure.by}\" AS VARCHAR), '')"
    within = f"FROM {contract.catalog_name} WHERE \"{figure.day}\" >= DATE '{since}'"
    each = f"SELECT {named} AS name, {sums} {within} GROUP BY 1"
    first = figure.measures[0]
    placed = f'SELECT e.*, row_number() OVER (ORDER BY "{first}" DESC, name) AS place FROM ({each}) AS e'
    shown = f"CASE WHEN place <= {MOST_LINES} THEN name ELSE 'all others' END"
    least = f"CASE WHEN place <= {MOST_LINES} THEN place ELSE {MOST_LINES + 1} END"
    found = ask_frame(
        settings,
        f"SELECT {shown} AS name, {least} AS place, {sums} FROM ({placed}) AS p GROUP BY {shown}, {least} ORDER BY 2",
    )
    columns = (str(figure.by), *figure.measures)
    rows = tuple(zip(found["name"], *(found[name] for name in figure.measures), strict=True))
    return Table(f"By {str(figure.by).replace('_', ' ')}", columns, rows, frozenset(figure.measures))
