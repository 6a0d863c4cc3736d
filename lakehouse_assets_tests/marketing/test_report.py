"""The Sub5 report is what the independent oracle works out from the tenant's truth, row by row, after every tick."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, tables, ticks


@pytest.mark.parametrize(
    ("zone", "first", "days", "faults"),
    [("Europe/Moscow", date(2026, 3, 12), 1, ()), ("Europe/Berlin", date(2026, 3, 28), 2, DIRTY)],
    ids=["clean", "dirty"],
)
def test_gold_is_what_the_oracle_says_after_every_tick(
    tmp_path: Path, zone: str, first: date, days: int, faults: tuple[str, ...]
) -> None:
    """Two ticks a day, of a tenant with nothing dirty, and of one with all of it over a change of clocks."""
    pulls = ticks(first, days, zone)
    with tenant(tmp_path, *faults, days=2, clicks_per_day=120, conversions_per_day=40) as case:
        lake = Marketing(tmp_path, case, zone=zone)
        account = Account(zone, regions=regions(), redacted=lake.redacted)
        for pull, table in zip(pulls, tables(case.simulator.world, pulls, account), strict=True):
            lake.tick(pull.at)
            found = sorted(lake.report(pull.at), key=lambda row: [str(row[name]) for name in KEY])
            assert found == sorted(map(plain, table), key=lambda row: [str(row[name]) for name in KEY])
