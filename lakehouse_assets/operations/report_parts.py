"""Hold what a report shows: charts and tables, in sections. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Chart:
    """Hold what one chart shows.

    Attributes:
        title: what it is of.
        days: the days, in order.
        series: a value for each day, by name; they are stacked.
        unit: of the values.
    """

    title: str
    days: tuple[date, ...]
    series: dict[str, tuple[Any, ...]]
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """Hold what one table shows; columns named in `numbers` are numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Section:
    """Hold one part of the report: a heading, and charts and tables in their order."""

    title: str
    parts: tuple[Chart | Table, ...]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """Hold a whole report: whose, of which lake, made when (UTC), of which days, how it stands, and its sections."""

    pipeline: str
    lake: str
    made_at: datetime
    first: date
    last: date
    standing: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = field(default_factory=tuple)
