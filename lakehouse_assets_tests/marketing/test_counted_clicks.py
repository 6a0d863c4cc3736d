"""Where an account has no clicks one by one, the report takes them as `stats/custom` counts them at its grain."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise.endpoints import CLICKS, CUSTOM_CLICKS
from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.checking import GOLD, failing, opened
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, tables, ticks

ZONE = "Europe/Moscow"


def place(row: dict[str, Any]) -> list[str]:
    """The key of a row, to sort by."""
    return [str(row[name]) for name in KEY]


@pytest.mark.parametrize(
    ("zone", "first", "faults"),
    [
        pytest.param("Europe/Berlin", date(2026, 3, 28), DIRTY, id="dirty"),
        pytest.param(ZONE, date(2026, 3, 12), (), id="clean", marks=pytest.mark.nightly),  # `dirty` is the quick form
    ],
)
def test_the_report_is_the_same_from_clicks_that_the_api_counts(
    tmp_path: Path, zone: str, first: date, faults: tuple[str, ...]
) -> None:
    """Row by row, though no click was ever seen: the grain of `stats/custom` is that of the report."""
    pulls = ticks(first, 1, zone)[-1 if not faults else 0 :]
    with tenant(tmp_path, "clicks-gone", *faults, days=2, clicks_per_day=120, conversions_per_day=40) as case:
        lake = Marketing(tmp_path, case, zone=zone)
        lake.clicks = CUSTOM_CLICKS
        account = Account(zone, regions=regions(), redacted=lake.redacted)
        for pull, table in zip(pulls, tables(case.simulator.world, pulls, account), strict=True):
            lake.tick(pull.at)
            # The API counts whole days of UTC; hours before the first window are left out rather than a day cut.
            found, wanted = (sorted(rows, key=place) for rows in (lake.report(pull.at), map(plain, table)))
            assert found == wanted
        assert lake.rows("SELECT count(*) AS n FROM marketing_lakehouse.clicks") == [{"n": 0}]
        gold = {name: lake.gold(name, pull.at) for name in GOLD}
        clicks = sum(row["click_count"] for row in table)
        assert sum(row["click_count"] for row in gold["intraday_performance"]) == clicks > 0
        with opened(lake) as engine:
            assert failing(lake, engine, pull.at, blocking=True) == {}
            warned = failing(lake, engine, pull.at, blocking=False)
            assert "daily_report_sub5_output.clicks_counted_by_api" in warned


def test_a_setting_that_changes_within_a_day_counts_no_click_twice_and_loses_none(tmp_path: Path) -> None:
    """One by one in the morning, counted at 14:00, and one by one again in the evening."""
    pulls = ticks(date(2026, 3, 6), 1, ZONE, hours=(9, 14, 19))
    with tenant(tmp_path, days=2, clicks_per_day=200, conversions_per_day=1) as case:
        lake, account = Marketing(tmp_path, case, zone=ZONE), Account(ZONE, regions=regions())
        expected = tables(case.simulator.world, pulls, account)
        for pull, setting, table in zip(pulls, (CLICKS, CUSTOM_CLICKS, CLICKS), expected, strict=True):
            lake.clicks = setting
            lake.tick(pull.at)
            found = [row for row in lake.report(pull.at) if row["datestamp"] >= date(2026, 3, 2)]
            for name in ("click_count", "host_count"):
                assert sum(row[name] for row in found) == sum(row[name] for row in table)
