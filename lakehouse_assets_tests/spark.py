"""The one Spark session of the tests, and lakes that are loaded by it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets.engines.spark_session import local_session, spark_config
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.lake import LakeDriver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Tests run little data through much code once: compiling it thoroughly takes longer than it saves. What is compiled
# so needs the room that it has by default only when it is compiled thoroughly.
QUICK = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"}


def start() -> SparkSession:
    """The session, started at the first call."""
    return local_session(os.environ, spark_config("2g", s3=True) | QUICK)


def spark_lake(spark: SparkSession, root: Path, zone: str = "UTC") -> LakeDriver:
    """A lake that is loaded on Spark."""
    return LakeDriver(root, zone=zone, engine=lambda: SparkEngine(spark, open_lake(str(root / "lake")), zone=zone))
