"""Spark on a lake in S3, in turn with the embedded engine: one set of tables."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets.engines.spark_s3 import s3_settings
from lakehouse_assets.storage.aws import Access
from lakehouse_assets_tests.emulator.running import Emulator
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.crashing import EARLIER, KILLED, NEXT_DAY
from lakehouse_assets_tests.load.test_real import tables
from lakehouse_assets_tests.load.test_s3 import built
from lakehouse_assets_tests.s3_lake import S3LakeDriver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AGAIN = NEXT_DAY.replace(hour=23)


@pytest.mark.spark
@pytest.mark.nightly  # quick: `load/test_real.py` in a folder; `e2e/test_engines.py` has turns in a bucket
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # as `test_real.ON_SPARK`
def test_both_engines_in_turn(s3: str, emulator: Emulator, spark: SparkSession, tmp_path: Path) -> None:
    """Spark merges into tables that delta-rs made, with rejects and rows that wait; a pass after it writes nothing."""
    # Java has the variables with which it was started, perhaps by another test; its workers are told these.
    spark.sparkContext.environment.update(emulator.variables)
    there, here = S3LakeDriver(s3), LakeDriver(tmp_path)
    turns = cycle([lambda: DuckEngine(there.value), lambda: SparkEngine(spark, there.value)])
    for files, as_of in ((EARLIER, NEXT_DAY), (KILLED, NEXT_DAY), (KILLED, AGAIN)):
        there.engine, before = next(turns), there.data_files()
        for lake in (there, here):
            lake.load(*files, as_of=as_of, max_reject_ratio=1.0)
            built(lake)
    assert tables(there) == tables(here)
    assert there.data_files() == before


def test_a_token_makes_credentials_temporary() -> None:
    """Without one it is another provider, and AWS' own endpoint is not named."""
    plain = s3_settings(Access("eu-west-1", None, "id", "secret", None))
    short = s3_settings(Access("eu-west-1", "http://127.0.0.1:9", "id", "secret", "token"))
    providers = [found["fs.s3a.aws.credentials.provider"].rpartition(".")[2] for found in (plain, short)]
    assert providers == ["SimpleAWSCredentialsProvider", "TemporaryAWSCredentialsProvider"]
    assert [found.get("fs.s3a.endpoint") for found in (plain, short)] == [None, "http://127.0.0.1:9"]
