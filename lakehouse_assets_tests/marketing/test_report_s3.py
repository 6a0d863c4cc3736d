"""The report of a lake in S3 is what the oracle says, as that of one in a folder is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, Known, ticks

ZONE = "Europe/Berlin"
PULLS = [tick for day in (28, 29) for tick in ticks(date(2026, 3, day), 1, ZONE, hours=(14,))]


@pytest.mark.aws
@pytest.mark.nightly  # quick: `test_report.py` asks the oracle, and `load/test_s3_tables.py` what a bucket holds
def test_gold_in_s3_is_what_the_oracle_says_after_two_ticks(s3: str, tmp_path: Path) -> None:
    """Of a tenant with all that is dirty, over a change of clocks; all is below one prefix of the bucket."""
    with tenant(tmp_path, *DIRTY, days=2, clicks_per_day=60, conversions_per_day=20) as case:
        lake = Marketing(tmp_path, case, zone=ZONE, place=f"{s3}/agency")
        known = Known(case.simulator.world, Account(ZONE, regions=regions(), redacted=lake.redacted))
        for pull in PULLS:
            known.pull(pull)
            lake.tick(pull.at)
            found = [[str(row[name]) for name in KEY] + [row] for row in lake.report(pull.at)]
            expected = [[str(row[name]) for name in KEY] + [row] for row in map(plain, known.table())]
            assert sorted(found, key=lambda row: row[:-1]) == sorted(expected, key=lambda row: row[:-1])
        assert not (tmp_path / "lake").exists()
