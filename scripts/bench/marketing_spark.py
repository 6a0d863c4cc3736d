"""Measure silver of the marketing pipeline on Spark, with the report that is built of it, beside Spark's floor.

    python -m scripts.bench.marketing_spark --what load|floor --lake DIR

Bronze lies in the lake already (`scripts.bench.marketing --what pull`). The floor has Spark parse the same pages of
clicks and conversions as JSON and write their columns as text, by day, and writes as many rows as the report has.
Prints one line of JSON: seconds of work after the session has started, and its peak memory in MB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets.engines.spark_session import local_session, spark_config
from scripts.bench import marketing
from scripts.bench.spark_bench import memory

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def run_load(spark: SparkSession, lake: Path) -> None:
    """Load silver on Spark, then build the report."""
    marketing.load(lake, lambda made: SparkEngine(spark, made, zone=marketing.ZONE))


def run_floor(spark: SparkSession, lake: Path) -> None:
    """Parse the same pages and write as many rows as wide, without any rule."""
    from pyspark.sql import functions as sf

    place = lake / "floor"
    for table, folder in marketing.RAW.items():
        columns = ", ".join(f"`{name}`: STRING" for name in marketing.columns_of(table))
        pages = spark.read.schema(f"records ARRAY<STRUCT<{columns}>>").option("multiLine", value=True)
        frame = pages.json([str(path) for path in sorted((lake / "bronze" / folder).rglob("*.json.gz"))])
        day = sf.regexp_extract(sf.input_file_name(), r"/(\d{4}-\d\d-\d\d)/", 1).alias("day")
        rows = frame.select(day, sf.inline("records"))
        rows.write.format("delta").mode("overwrite").partitionBy("day").save(str(place / table))
    marketing.write_report(place)
    shutil.rmtree(place)


WORK: dict[str, Callable[[SparkSession, Path], None]] = {"load": run_load, "floor": run_floor}


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=sorted(WORK), required=True)
    parser.add_argument("--lake", type=Path, required=True)
    asked = parser.parse_args()
    spark = local_session(os.environ, spark_config())
    started = time.perf_counter()
    WORK[asked.what](spark, asked.lake)
    seconds = time.perf_counter() - started
    print(json.dumps({name: round(value, 2) for name, value in {"seconds": seconds, **memory(spark)}.items()}))


if __name__ == "__main__":
    main()
