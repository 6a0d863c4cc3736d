"""Silver that Spark loads gives the report that the independent oracle works out, with everything dirty."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.marketing.test_report import place
from lakehouse_assets_tests.oracle.affiliates import performance
from lakehouse_assets_tests.oracle.sub5 import Account, Known, ticks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ZONE = "Europe/Berlin"


@pytest.mark.spark
@pytest.mark.nightly  # quick: `test_report.py` asks the oracle, `load/test_json_load.py` what Spark makes of pages
def test_gold_over_silver_of_spark_is_what_the_oracle_says(spark: SparkSession, tmp_path: Path) -> None:
    """After each of two ticks of the day on which the clocks change; the embedded engine goes on where Spark was."""
    with tenant(tmp_path, *DIRTY, days=2, clicks_per_day=60, conversions_per_day=20) as case:
        lake = Marketing(tmp_path, case, zone=ZONE)
        known = Known(case.simulator.world, Account(ZONE, regions=regions(), redacted=lake.redacted))
        embedded, lake.engine = lake.engine, lambda: SparkEngine(spark, lake.value, zone=ZONE)
        for pull in ticks(date(2026, 3, 29), 1, ZONE):
            known.pull(pull)
            lake.tick(pull.at)
            assert sorted(lake.report(pull.at), key=place) == sorted(map(plain, known.table()), key=place)
            assert lake.gold("daily_affiliate_performance", pull.at) == performance(known)
        lake.engine = embedded
        (evening,) = ticks(date(2026, 3, 29), 1, ZONE, hours=(20,))
        known.pull(evening)
        lake.tick(evening.at)
        assert sorted(lake.report(evening.at), key=place) == sorted(map(plain, known.table()), key=place)
