"""Measure the marketing pipeline from bronze on: silver and gold beside their floor, and what history costs.

    python -m scripts.bench.marketing --what pull|load|floor|history|scan --lake DIR [--clicks N] [--days N]

Bronze is pulled from a simulated tenant once and is not measured here (`affise` does). The floor parses the same pages
with orjson and writes the same rows of clicks, conversions and the report, without any rule. History is days before
the window that look like those in it; the newest days are built again on top of it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.bench.bench import ROOT, Bench, Measured, beside, lakehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.affise.simulator.spec import SimulatorSpec
    from lakehouse_assets.core.manifest import Manifest
    from lakehouse_assets.engines.protocol import Engine
    from lakehouse_assets.storage.lake import Lake

PIPELINE, REPORT, ZONE = "marketing", "daily_report_sub5_output", "Europe/Moscow"
START, DAYS = date(2026, 3, 2), 7
NOW = datetime(2026, 3, 8, 20, 59, tzinfo=UTC)
CLICKS, RATIO = 100_000, 50
HASH_KEY = "a key of the benchmark"
FEW = 2_000
"""Clicks of a day where what history costs is measured."""
HISTORIES = (30, 730)
RAW = {"clicks": "affise/clicks", "conversions": "affise/conversions"}
GROWING = (
    ("clicks", "click_id", "click_date"),
    ("conversions", "conversion_id", "conversion_date"),
    ("hourly_totals", "hour_start", "total_date"),
)
"""Tables that history is made of: the column that tells its rows apart, and the day."""
Facts = dict[str, Any]


def marketing(bench: Bench, scales: list[int]) -> None:
    """Measure silver and gold of seven large days, and one more build on 30 days and on two years of history."""
    del scales
    lake = bench.fresh("report-lake")
    _run("pull", lake, "--clicks", str(CLICKS))
    bronze = Path(shutil.copytree(lake, bench.fresh("report-lake-spark")))
    floor, ours = _run("floor", lake), _run("load", lake)
    bench.tell(
        f"7 days of {CLICKS:,} clicks, silver + gold / floor (bound 2)",
        f"{ours['seconds']} / {floor['seconds']} s   {ours['seconds'] / floor['seconds']:.2f}x, processor time "
        f"{ours['cpu'] / floor['cpu']:.2f}x, {ours['max_rss_mb']} MB",
    )
    on_spark = {what: _process("scripts.bench.marketing_spark", what, bronze) for what in ("floor", "load")}
    line = beside(on_spark["load"], on_spark["floor"], "floor")
    bench.tell(f"7 days of {CLICKS:,} clicks, silver on Spark + gold / floor (bound 2)", line)
    for folder in (lake, bronze):
        shutil.rmtree(folder)
    found = {days: _with_history(bench, days) for days in HISTORIES}
    short, long = HISTORIES
    for what, unit, bound in (("rows", "rows read by the report", 1.05), ("tick", "s of a tick without change", 1.1)):
        few, many = found[short][what], found[long][what]
        bench.tell(f"{long} / {short} days of history: {unit} ({bound})", f"{many} / {few}   {many / few:.2f}")


def _with_history(bench: Bench, days: int) -> Measured:
    """Run a tick on a new lake, put history under it, and measure the same tick once more."""
    from lakehouse_assets.affise.simulator.running import running

    lake = bench.fresh(f"report-lake-{days}")
    with running(_spec(FEW)) as simulator:
        simulator.clock.set(NOW)
        own = {"LAKEHOUSE_AFFISE__URL": simulator.url, "AFFISE_API_KEY": simulator.key, "AFFISE_HASH_KEY": HASH_KEY}
        own |= {"LAKEHOUSE_AFFISE__RATE": "1000", "LAKEHOUSE_ZONES__MARKETING": ZONE}
        tick = ("run", PIPELINE, "--lake", str(lake), "--as-of", NOW.isoformat())
        lakehouse(*tick, **own)
        _run("history", lake, "--days", str(days))
        lakehouse(*tick, **own)
        seconds = min(lakehouse(*tick, **own) for _ in range(bench.rounds))
    return {"tick": round(seconds, 2), "rows": _run("scan", lake)["rows"]}


def _run(what: str, lake: Path, *more: str) -> Measured:
    return _process("scripts.bench.marketing", what, lake, *more)


def _process(module: str, what: str, lake: Path, *more: str) -> Measured:
    command = [sys.executable, "-m", module, "--what", what, "--lake", str(lake), *more]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    answer: Measured = json.loads(done.stdout.splitlines()[-1])
    return answer


def pull(lake: Path, clicks: int) -> Facts:
    """Pull seven days of a tenant into bronze."""
    from lakehouse_assets.affise.endpoints import CLICKS as CLICK_PAGES
    from lakehouse_assets.affise.endpoints import CONVERSIONS, CUSTOM_TOTALS, DIMENSIONS
    from lakehouse_assets.affise.opening import open_puller
    from lakehouse_assets.affise.secrets import LocalSecrets
    from lakehouse_assets.affise.simulator.running import running
    from lakehouse_assets.affise.slices import Slice
    from lakehouse_assets.settings import Affise
    from lakehouse_assets.storage.lake import open_lake

    made = open_lake(str(lake))
    made.create()
    with running(_spec(clicks)) as simulator:
        simulator.clock.set(NOW)
        secrets = LocalSecrets({"AFFISE_API_KEY": simulator.key, "AFFISE_HASH_KEY": HASH_KEY})
        settings = Affise(url=simulator.url, rate=1000)
        puller = open_puller(settings, secrets, made.store, run_id="bench", zone=ZONE, as_of=NOW)
        for endpoint in DIMENSIONS:
            puller.one(endpoint, Slice(NOW.date(), is_open=True))
        for day in _days():
            for endpoint in (CLICK_PAGES, CONVERSIONS, CUSTOM_TOTALS):
                puller.day(endpoint, day, NOW, seconds=1e6)
    return {}


def _spec(clicks: int) -> SimulatorSpec:
    from lakehouse_assets.affise.simulator.spec import SimulatorSpec

    return SimulatorSpec(start=START, days=DAYS - 1, clicks_per_day=clicks, conversions_per_day=clicks // RATIO)


def _days() -> list[date]:
    return [START + timedelta(days=number) for number in range(DAYS)]


def manifest_of(lake: Lake) -> Manifest:
    """Return the manifest of everything that was pulled."""
    from lakehouse_assets.affise.bronze import manifests
    from lakehouse_assets.affise.pages import entries
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import landing_datasets
    from lakehouse_assets.core.manifest import Manifest
    from lakehouse_assets.core.request import RunRequest

    folders = [path for path in (Path(lake.root) / "bronze/affise").glob("*/*") if path.is_dir()]
    named = [(path.parent.name, date.fromisoformat(path.name)) for path in folders]
    slices = [one for name, day in named for one in manifests(lake.store, name, day)]
    patterns = {name: one.files for name, one in landing_datasets(contracts(PIPELINE)).items()}
    files = tuple(sorted(entries(slices, patterns)))
    return Manifest("bench", PIPELINE, lake.store.uri, files, RunRequest(as_of=NOW, max_reject_ratio=1.0))


def load(lake: Path, open_engine: Callable[[Lake], Engine] | None = None) -> Facts:
    """Load silver, on the embedded engine unless another one is given, then build the report."""
    from lakehouse_assets.compute.job_arguments import work_of
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.load.run import load as load_silver
    from lakehouse_assets.storage.lake import open_lake

    made = open_lake(str(lake))
    engine = open_engine(made) if open_engine else DuckEngine(made, zone=ZONE)
    load_silver(work_of(manifest_of(made), made), engine, lambda: None)
    engine.close()
    _build(made)
    return {}


def _build(made: Lake, names: Iterable[str] = (REPORT,), *, whole: bool = False) -> None:
    from lakehouse_assets.compute.local import LocalConfig, LocalServices
    from lakehouse_assets.compute.tasks import ModelTask
    from lakehouse_assets.engines.duckdb import DuckEngine

    config = LocalConfig(
        pipeline=PIPELINE,
        lake=made,
        landing="",
        zone=ZONE,
        memory="800MB",
        threads=None,
        open_engine=lambda: DuckEngine(made, zone=ZONE),
    )
    services = LocalServices(config, "bench")
    for name in names:
        services.build(ModelTask(PIPELINE, f"gold.{name}"), whole=whole)
    services.close()


def floor(lake: Path) -> Facts:
    """Parse the same pages and write as many rows as wide, without any rule."""
    import pyarrow as pa
    from deltalake import write_deltalake

    place = lake / "floor"
    for table, folder in RAW.items():
        columns = columns_of(table)
        batches = _parsed(lake / "bronze" / folder, columns)
        schema = pa.schema([(name, pa.string()) for name in columns] + [("day", pa.string())])
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        write_deltalake(str(place / table), reader, mode="overwrite", partition_by=["day"])
    write_report(place)
    shutil.rmtree(place)
    return {}


def columns_of(table: str) -> list[str]:
    """Return the names of the columns of a silver table."""
    from lakehouse_assets.contracts import contracts

    return [column.name for column in contracts(PIPELINE)[f"silver.{table}"].columns]


def write_report(place: Path) -> None:
    """Write as many rows as the report has, about as wide, to an Iceberg table in a folder."""
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog

    rows = pa.table({name: ["some text"] * (DAYS * CLICKS) for name in ("a", "b", "c", "d", "e", "f")})
    catalog = SqlCatalog("floor", uri=f"sqlite:///{place}/catalog.db", warehouse=f"file://{place}")
    catalog.create_namespace("gold")
    catalog.create_table("gold.report", rows.schema).append(rows)


def _parsed(folder: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    import orjson
    import pyarrow as pa

    for path in sorted(folder.rglob("*.json.gz")):
        records = orjson.loads(gzip.decompress(path.read_bytes()))["records"]
        made = [[_text(record.get(name)) for record in records] for name in columns]
        made.append([path.parent.parent.name] * len(records))
        yield pa.RecordBatch.from_arrays([pa.array(one, pa.string()) for one in made], names=[*columns, "day"])


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def history(lake: Path, days: int) -> Facts:
    """Put so many days before the window into silver and gold, each like one in it."""
    from deltalake import write_deltalake

    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.engines.duckdb_tables import relation_of
    from lakehouse_assets.storage.lake import open_lake

    made, known = open_lake(str(lake)), contracts(PIPELINE)
    for name, key, day in GROWING:
        contract = known[f"silver.{name}"]
        engine = DuckEngine(made, zone=ZONE)
        engine.attach(contract)
        moments = [column.name for column in contract.columns if column.type == "TIMESTAMP"]
        replaced = [f"t.{one} AT TIME ZONE 'UTC' AS {one}" for one in moments if one != key]
        earlier = f"(t.{key} - to_days(CAST(7 * n.n AS INTEGER))) AT TIME ZONE 'UTC'"
        other = earlier if key in moments else f"concat(t.{key}, '-', CAST(n.n AS VARCHAR))"
        replaced += [f"{other} AS {key}"]
        replaced += [f"CAST(t.{day} AS DATE) - CAST(7 * n.n AS INTEGER) AS {day}"]
        for first in range(1, days // DAYS + 1, 10):
            some = ", ".join(f"({number})" for number in range(first, min(first + 10, days // DAYS + 1)))
            rows = engine._db.execute(  # noqa: SLF001 - DuckDB's own SQL
                f"SELECT t.* REPLACE ({', '.join(replaced)}) FROM {relation_of(contract.catalog_name)} AS t "
                f"CROSS JOIN (VALUES {some}) AS n(n) WHERE t.{day} >= DATE '{START}'"
            )
            write_deltalake(made.location(contract), rows.to_arrow_reader(100_000), mode="append")
        engine.close()
    _build(made, [one.name for one in known.values() if one.layer == "gold"], whole=True)
    return {}


def scan(lake: Path) -> Facts:
    """Count the rows that the SELECT of the report reads for the days of the window."""
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import model_sql
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.sql.gold import window_parameters
    from lakehouse_assets.sql.models import sources
    from lakehouse_assets.storage.lake import open_lake

    made, known, select = open_lake(str(lake)), contracts(PIPELINE), model_sql(PIPELINE, REPORT)
    engine, gold = DuckEngine(made, zone=ZONE), known[f"gold.{REPORT}"]
    for source in sources(gold, select, known).values():
        engine.show(source)
    plan = f"EXPLAIN (ANALYZE, FORMAT JSON) {engine.sql(select, window_parameters(gold, tuple(_days())))}"
    told = engine._db.execute(plan).fetchall()[0][1]  # noqa: SLF001 - DuckDB tells it of a statement of its own
    engine.close()
    return {"rows": _scanned(json.loads(told))}


def _scanned(step: dict[str, Any]) -> int:
    return int(step.get("operator_rows_scanned", 0)) + sum(map(_scanned, step.get("children", ())))


WORK: dict[str, Callable[..., Facts]] = {"pull": pull, "load": load, "floor": floor, "history": history, "scan": scan}


def main() -> None:
    """Run one measured process and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=list(WORK), required=True)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--clicks", type=int)
    parser.add_argument("--days", type=int)
    chosen = parser.parse_args()
    more = {name: value for name in ("clicks", "days") if (value := getattr(chosen, name)) is not None}
    started, before = time.perf_counter(), _cpu()
    found = WORK[chosen.what](chosen.lake, **more)
    seconds, cpu = time.perf_counter() - started, _cpu() - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": round(seconds, 2), "cpu": round(cpu, 2), "max_rss_mb": memory, **found}))


def _cpu() -> float:
    """Return the processor time of this process and of those that it has started and that have ended."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


if __name__ == "__main__":
    main()
