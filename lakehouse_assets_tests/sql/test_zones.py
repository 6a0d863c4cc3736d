"""The offsets that are written into SQL are those of zoneinfo, around every change of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from lakehouse_assets.sql.macros import render_macro
from lakehouse_assets.sql.zones import transitions

ZONES = [
    "America/New_York",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Asia/Tokyo",
]
SECOND = timedelta(seconds=1)


def around(zone: str) -> list[datetime]:
    """UTC moments around each change of a zone, and others far from any."""
    changes = [moment for moment, _, _ in transitions(zone)[1]]
    far = [datetime(year, month, 15) for year in (1, 1960, 1999, 2050, 2100, 9998) for month in (1, 7)]  # noqa: DTZ001
    return far + [moment + seconds * SECOND for moment in changes for seconds in (-7200, -1, 0, 1, 1799, 7200)]


def answers(macro: str, argument: str, zone: str, values: list[str]) -> list[object]:
    """What DuckDB makes of each value."""
    with duckdb.connect() as connection:
        sql = f"SELECT {render_macro(macro, [argument], 'duckdb', zone)} FROM (SELECT unnest(?) AS x)"
        return [answer for (answer,) in connection.execute(sql, [values]).fetchall()]


@pytest.mark.parametrize("zone", ZONES)
def test_a_moment_has_the_date_that_clocks_show(zone: str) -> None:
    """Years before 1970 and after 2099 have the nearest offset."""
    moments = [moment for moment in around(zone) if 1970 <= moment.year < 2100]
    dates = [moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() for moment in moments]
    assert answers("local_date", "CAST(x AS TIMESTAMP)", zone, [f"{moment}" for moment in moments]) == dates


@pytest.mark.parametrize("zone", ZONES)
def test_a_local_time_is_the_earlier_moment_that_clocks_show_it(zone: str) -> None:
    """A local time that clocks skip is none."""
    shown = sorted({offset * SECOND + moment for moment in around(zone) for offset in offsets(zone)})
    local = [time for time in shown if 1971 <= time.year < 2099]
    moments = []
    for time in local:
        utc = time.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        is_shown = utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == time
        moments.append(utc.replace(tzinfo=None) if is_shown else None)
    assert answers("parse_instant", "x", zone, [f"{time}" for time in local]) == moments


def offsets(zone: str) -> set[int]:
    """All offsets of a zone, seconds."""
    first, changes = transitions(zone)
    return {first, *(after for _, _, after in changes)}
