"""Measure the load on Spark, and its floor: Spark reading the same CSV with a schema and writing three Delta tables.

    python -m scripts.bench.spark_bench --scale 10 --landing DIR --lake DIR --what load

Prints one line of JSON: seconds of work after the session has started, seconds to start it, peak memory in MB of the
driver's Python, of the JVM, and of the two together, and processor seconds of the JVM. The landing
folder is filled with 15 clean days at the scale when it is empty. One measurement per process, since the first work in
a JVM is a large part of the whole.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.compute.job_arguments import work_of
from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.ecommerce.sample import SampleSpec, write_sample
from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets.engines.spark_session import local_session, spark_config
from lakehouse_assets.load.run import load
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.landing import landed
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLES = ("clean_products", "clean_orders", "clean_orders_items")
DAYS, ORDERS_PER_DAY = 15, 500


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--what", choices=sorted(WORK), default="load")
    parser.add_argument("--cores", type=int, default=2, help="how many cores Spark uses")
    asked = parser.parse_args()
    if not any(asked.landing.glob("*")):
        write_sample(SampleSpec(days=DAYS, orders_per_day=ORDERS_PER_DAY, scale=asked.scale), asked.landing)
    begun = time.perf_counter()
    spark = local_session(os.environ, spark_config(cores=asked.cores))
    started = time.perf_counter()
    WORK[asked.what](spark, asked.landing, asked.lake)
    worked = time.perf_counter() - started
    measured = {"seconds": worked, "start_seconds": started - begun, **memory(spark)}
    measured["cpu_seconds"] = cpu_seconds(spark)
    print(json.dumps({name: round(value, 2) for name, value in measured.items()}))


def run_load(spark: SparkSession, landing: Path, lake: Path) -> None:
    """Run the product's load on the whole landing folder."""
    store, made = open_store(str(landing)), open_lake(str(lake))
    made.create()
    engine = SparkEngine(spark, made)
    load(work_of(manifest_of(store), made), engine, lambda: None)
    engine.close()


def manifest_of(store: ObjectStore) -> Manifest:
    """Return all landed files as one run's manifest."""
    files = tuple(landed("ecommerce", store))
    return Manifest(
        f"bench-{time.time_ns()}",
        "ecommerce",
        store.uri,
        files,
        RunRequest(as_of=datetime.now(UTC), max_reject_ratio=1.0),
    )


def run_floor(spark: SparkSession, landing: Path, lake: Path) -> None:
    """Do the least a Spark job can do with these files: no rule, no key, no comparison."""
    known = contracts("ecommerce")
    for name in TABLES:
        contract = known[f"silver.{name}"]
        path = landing / contract.landing
        frame = spark.read.csv(
            str(path if path.is_dir() else path.with_suffix(".csv")), header=True, schema=_ddl(contract)
        )
        frame.write.format("delta").mode("overwrite").save(str(lake / "floor" / name))


def _ddl(contract: Contract) -> str:
    """Return the landing columns with the types of silver, in the order of the sample's files."""
    order = {name: i for i, name in enumerate(HEADERS[contract.landing])}
    columns = sorted((c for c in contract.content if c.source), key=lambda c: order[c.source or ""])
    return ", ".join(f"`{c.source}` {c.type}" for c in columns)


HEADERS = {
    "products": ("product_id", "department_id", "department", "product_name"),
    "orders": ("order_num", "order_id", "user_id", "order_timestamp", "total_amount", "date"),
    "order_items": (
        *("id", "order_id", "user_id", "days_since_prior_order", "product_id"),
        *("add_to_cart_order", "reordered", "order_timestamp", "date"),
    ),
}

WORK: dict[str, Callable[[SparkSession, Path, Path], None]] = {"load": run_load, "floor": run_floor}


def memory(spark: SparkSession) -> dict[str, float]:
    """Return the peak resident memory in MB of the driver's Python, of its JVM, and of both (Linux only)."""
    python, jvm = (_peak_kb(pid) / 1024 for pid in (os.getpid(), _jvm(spark)))
    return {"driver_mb": python, "jvm_mb": jvm, "max_rss_mb": python + jvm}


def cpu_seconds(spark: SparkSession) -> float:
    """Return the processor seconds of the JVM since it started, which compare runs even on a busy machine.

    Python workers are not in it: they end with a daemon of their own, and nobody keeps count.
    """
    user, system = Path(f"/proc/{_jvm(spark)}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _jvm(spark: SparkSession) -> int:
    return int(spark.sparkContext._gateway.proc.pid)  # type: ignore[union-attr]  # noqa: SLF001 - Spark does not tell


def _peak_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


if __name__ == "__main__":
    main()
