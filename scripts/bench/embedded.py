"""One measured piece of work per process: our silver load, gold, the floor, or dlt; prints JSON with its figures.

    python -m scripts.bench.embedded --what load|gold|floor|dlt --landing PLACE --lake PLACE

`seconds` is the work after imports and start; `max_rss_mb` is the process's peak. The floor is what reading the CSV
as text with DuckDB and writing three Delta tables with delta-rs costs, without any rule. dlt merges by key into
Delta tables, with column types declared and nothing validated.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TABLES = {
    "products": ("product_id", ["product_id", "department_id", "department", "product_name"]),
    "orders": ("order_id", ["order_num", "order_id", "user_id", "order_timestamp", "total_amount", "date"]),
    "order_items": (
        "id",
        [
            "id",
            "order_id",
            "user_id",
            "days_since_prior_order",
            "product_id",
            "add_to_cart_order",
            "reordered",
            "order_timestamp",
            "date",
        ],
    ),
}
Work = Callable[[], None]


def files_of(landing: str, dataset: str) -> list[str]:
    """Return the drop files of a dataset."""
    flat = Path(landing, f"{dataset}.csv")
    return [str(flat)] if flat.exists() else [str(p) for p in sorted(Path(landing, dataset).glob("*.csv*"))]


def floor(landing: str, lake: str) -> Work:
    """Read the CSV as text with DuckDB and write three Delta tables with delta-rs, without any rule."""
    import duckdb
    import pyarrow as pa  # noqa: F401 - imports are not part of the work
    from deltalake import write_deltalake

    db = duckdb.connect()

    def work() -> None:
        for dataset in TABLES:
            reader = db.execute(f"SELECT * FROM read_csv({files_of(landing, dataset)}, all_varchar = true)")
            write_deltalake(f"{lake}/{dataset}", reader.to_arrow_reader(131_072), mode="overwrite")

    return work


def ours(landing: str, lake: str) -> Work:
    """Run the product's load, as the Glue task runs it locally."""
    from datetime import UTC, datetime
    from uuid import uuid4

    import deltalake  # noqa: F401 - imports are not part of the work
    import pyarrow.dataset  # noqa: F401 - DuckDB imports it, and with it pandas, to read what is registered
    from sqlglot.dialects import athena  # noqa: F401
    from sqlglot.dialects import duckdb as dialect  # noqa: F401

    from lakehouse_assets.compute.job_arguments import work_of
    from lakehouse_assets.core.manifest import Manifest
    from lakehouse_assets.core.request import RunRequest
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.load.run import load
    from lakehouse_assets.storage.lake import open_lake
    from lakehouse_assets.storage.landing import landed
    from lakehouse_assets.storage.opening import open_store

    store, made = open_store(landing), open_lake(lake)
    files = tuple(sorted(landed("ecommerce", store)))
    request = RunRequest(as_of=datetime.now(UTC), max_reject_ratio=1.0)
    manifest = Manifest(uuid4().hex, "ecommerce", store.uri, files, request)
    job, engine = work_of(manifest, made), DuckEngine(made)

    def work() -> None:
        load(job, engine, lambda: None)

    return work


def gold(landing: str, lake: str) -> Work:
    """Build all gold tables of a lake that a load has filled, as the steps of a local run do."""
    del landing
    import pyarrow.dataset  # noqa: F401 - imports are not part of the work
    import pyiceberg.catalog.sql
    import pyiceberg.io.pyarrow  # noqa: F401
    from sqlglot.dialects import athena  # noqa: F401
    from sqlglot.dialects import duckdb as dialect  # noqa: F401

    from lakehouse_assets.compute.local import LocalConfig, LocalServices
    from lakehouse_assets.compute.tasks import ModelTask
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.load.model_states import models_of
    from lakehouse_assets.storage.lake import open_lake

    made = open_lake(lake)
    config = LocalConfig(
        pipeline="ecommerce",
        lake=made,
        landing="",
        zone="UTC",
        memory="800MB",
        threads=None,
        open_engine=lambda: DuckEngine(made),
    )
    names = list(models_of("ecommerce", made).states())

    def work() -> None:
        services = LocalServices(config, "bench")
        for name in names:
            services.build(ModelTask("ecommerce", f"gold.{name}"))
        services.close()

    return work


def dlt(landing: str, lake: str) -> Work:
    """Load with dlt, as a user might instead: it merges into Delta by key and reads the CSV with DuckDB as Arrow."""
    import os

    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt as peer
    import duckdb

    db = duckdb.connect()
    destination = peer.destinations.filesystem(bucket_url=Path(lake).absolute().as_uri())
    folder = f"{lake}/pipelines"
    pipeline = peer.pipeline("bench", pipelines_dir=folder, destination=destination, dataset_name="silver")

    def rows(dataset: str) -> Iterator[Any]:
        yield from db.execute(f"SELECT * FROM read_csv({files_of(landing, dataset)})").to_arrow_reader(131_072)

    def work() -> None:
        for dataset, (key, _) in TABLES.items():
            source = peer.resource(
                rows(dataset),
                name=dataset,
                primary_key=key,
                write_disposition={"disposition": "merge", "strategy": "upsert"},
                table_format="delta",
            )
            pipeline.run(source, loader_file_format="parquet")

    return work


def main() -> None:
    """Run one measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=["load", "gold", "floor", "dlt"], required=True)
    parser.add_argument("--landing", required=True)
    parser.add_argument("--lake", required=True)
    chosen = parser.parse_args()
    if "://" not in chosen.lake:
        Path(chosen.lake).mkdir(parents=True, exist_ok=True)
    work = {"load": ours, "gold": gold, "floor": floor, "dlt": dlt}[chosen.what](chosen.landing, chosen.lake)
    started, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found = {"seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3), "max_rss_mb": peak}
    print(json.dumps({"what": chosen.what, **found}))


if __name__ == "__main__":
    main()
