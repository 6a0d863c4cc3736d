"""The load on Spark gives what the oracle and the embedded engine give, also when both engines write one lake."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.ecommerce.sample import SampleSpec, write_demo, write_sample
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets.errors import CommitConflict, FenceLost, LandingChanged
from lakehouse_assets.load.run import load
from lakehouse_assets.progress import Progress
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets_tests import oracle
from lakehouse_assets_tests.lake import LakeDriver, counts_of, csv_file, folder_files
from lakehouse_assets_tests.oracle.loading import SOME_DAY, File, State
from lakehouse_assets_tests.spark import spark_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.spark,
    # Spark leaves closing the sockets that its answers come through to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
PRODUCTS = "product_id,department_id,department,product_name\n"


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> LakeDriver:
    """An empty lake that is loaded on Spark."""
    return spark_lake(spark, tmp_path)


@pytest.fixture
def without_ansi(spark: SparkSession) -> Iterator[None]:
    """Spark as it was before ANSI mode became its default."""
    spark.conf.set("spark.sql.ansi.enabled", "false")
    yield
    spark.conf.unset("spark.sql.ansi.enabled")


def demo(tmp_path: Path) -> list[File]:
    """The demo's files: every rule code, quotes, superseded versions, an unreadable file."""
    write_demo(tmp_path / "drop")
    return folder_files(tmp_path / "drop")


def same_as_oracle(lake: LakeDriver, state: State) -> None:
    """Silver, rejects and pending rows are what the oracle says."""
    assert lake.silver() == {n: {k: r.values for k, r in rows.items()} for n, rows in state.silver.items()}
    assert lake.rejects() == {i: (r.raw, r.codes) for i, r in state.rejects.items()}
    assert lake.pending() == {i: (p.raw, p.codes) for i, p in state.pending.items()}


def test_the_demo_loads_as_the_oracle_says_and_again_writes_nothing(lake: LakeDriver, tmp_path: Path) -> None:
    """Counts, codes, tables, rejects and pending rows agree; the same files once more add no data file."""
    files = demo(tmp_path)
    expected = oracle.load(files)
    report = lake.load(*files)
    assert counts_of(report) == expected.counts
    assert (report.rejects, sorted(report.refused_files)) == (expected.rejects, expected.refused)
    same_as_oracle(lake, expected.state)
    before = lake.data_files()
    assert lake.load(*files).tables["clean_orders"].counts.unchanged == expected.counts["clean_orders"]["valid"]
    assert lake.data_files() == before


@pytest.mark.nightly  # quick: `sql/test_macros.py` answers every macro without it
@pytest.mark.usefixtures("without_ansi")
def test_the_demo_loads_the_same_without_ansi_mode_in_another_zone(spark: SparkSession, tmp_path: Path) -> None:
    """No answer depends on how Spark treats casts that fail; local time is that of the source zone."""
    lake = spark_lake(spark, tmp_path, "Europe/Berlin")
    files = demo(tmp_path)
    expected = oracle.load(files, zone="Europe/Berlin")
    assert counts_of(lake.load(*files, max_reject_ratio=1.0)) == expected.counts
    same_as_oracle(lake, expected.state)


def test_quoted_gzipped_and_repeated_rows_load_as_the_oracle_says(lake: LakeDriver, tmp_path: Path) -> None:
    """Files of both roads, compressed ones, duplicates and older versions in one run."""
    spec = SampleSpec(days=2, orders_per_day=60, products=50, bad_ratio=0.03, duplicate_ratio=0.2, quoted_ratio=0.02)
    write_sample(spec, tmp_path / "quoted")
    clean = SampleSpec(days=2, orders_per_day=60, products=50, duplicate_ratio=0.2, gzip=True)
    write_sample(clean, tmp_path / "plain")
    files = [f for f in folder_files(tmp_path / "quoted") if "order_items" not in f.key] + [
        f for f in folder_files(tmp_path / "plain") if "order_items" in f.key
    ]
    expected = oracle.load(files)
    report = lake.load(*files, max_reject_ratio=1.0)
    assert counts_of(report) == expected.counts
    assert report.rejects == expected.rejects
    same_as_oracle(lake, expected.state)


def test_engines_take_turns_on_one_lake(lake: LakeDriver, tmp_path: Path) -> None:
    """Corrections, late parents and replays give the same tables, whichever engine takes which run."""
    files = demo(tmp_path)
    header = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
    newer = "10,900010,5010,2025-04-04T07:00:00,31.00,2025-04-04\n7,900007,5007,2025-04-03T10:06:00,5,2025-04-03\n"
    runs = [files[:4], files[4:], [csv_file("orders", "orders/late.csv", header + newer)], files]
    engines = [lake.engine, lambda: DuckEngine(lake.value), lake.engine, lambda: DuckEngine(lake.value)]
    state = State()
    for number, (dropped, engine) in enumerate(zip(runs, engines, strict=True)):
        lake.engine = engine
        as_of = SOME_DAY + timedelta(hours=number)
        read_again = {f.key for f in dropped}
        left = {i: r for i, r in state.rejects.items() if i[1] not in read_again}
        expected = oracle.load(dropped, State(state.silver, state.pending, left), as_of)
        assert counts_of(lake.load(*dropped, as_of=as_of, max_reject_ratio=1.0)) == expected.counts
        state = expected.state
    same_as_oracle(lake, state)


def test_columns_and_file_names_of_any_kind_are_read(lake: LakeDriver) -> None:
    """Columns go by name, further ones are left out, and a name that Spark takes for a pattern is one."""
    shuffled = "product_name,note,department,department_id,product_id\nAtlas,x,Books,4,1\nTent,y,Sport,5,2\n"
    files = [
        csv_file("products", "products/a b é%20.csv", shuffled, 1),
        csv_file("products", "products/plain.csv", PRODUCTS + "3,4,Books,Globe\r\n".replace("\r", ""), 2),
        csv_file("products", "products/[1]*{2}?:3.csv", PRODUCTS + "2,5,Sport,Stove\n", 3),
    ]
    report = lake.load(*files)
    names = {key: row["product_name"] for key, row in lake.silver()["products"].items()}
    assert names == {"1": "Atlas", "2": "Stove", "3": "Globe"}
    assert report.extra_columns == {"products/a b é%20.csv": ["note"]}


def test_lines_are_those_of_the_file_with_any_newline(lake: LakeDriver) -> None:
    """A silver row says where it came from: the line in its file, whatever ends a line and however files are cut."""
    unix = PRODUCTS + "".join(f"{n},1,Books,P{n}\n" for n in range(1, 2001))
    windows = (PRODUCTS + "".join(f"{n},1,Books,P{n}\n" for n in range(3001, 3011))).replace("\n", "\r\n")
    lake.load(csv_file("products", "products/unix.csv", unix), csv_file("products", "products/windows.csv", windows))
    rows = lake.rows("SELECT product_id, _file, _line FROM delta_lakehouse.clean_products")
    found = {int(row["product_id"]): (row["_file"], row["_line"]) for row in rows}
    assert found == {n: ("products/unix.csv", n + 1) for n in range(1, 2001)} | {
        n: ("products/windows.csv", n - 2999) for n in range(3001, 3011)
    }


class InParts(SparkEngine):
    """The engine with as small parts as a test file needs."""

    part_bytes = 1000


@pytest.mark.parametrize("across", [False, True])
def test_a_file_that_executors_share_loads_as_the_oracle_says(
    spark: SparkSession, tmp_path: Path, *, across: bool
) -> None:
    """Lines, rejects and raw text are those of the file, with quotes, empty lines and characters of several bytes.

    So they are where one record goes over a line, for which the file is read by one executor.
    """
    lake = LakeDriver(tmp_path, engine=lambda: InParts(spark, lake.value))
    rows = [f'{n},{n % 30 or "x y"},"Books, {n}",Caf\u00e9 {n}\r\n' for n in range(1, 400)]
    rows[100], rows[200] = "\r\n", "too,short\r\n"
    rows[300] = '900,4,"two\r\nlines",P\r\n' if across else '900,4,"one line",P\r\n'
    files = [csv_file("products", "products.csv", PRODUCTS.replace("\n", "\r\n") + "".join(rows))]
    expected = oracle.load(files)
    report = lake.load(*files, max_reject_ratio=1.0)
    assert counts_of(report) == expected.counts
    same_as_oracle(lake, expected.state)
    held = lake.rows(
        "SELECT product_id, _line FROM delta_lakehouse.clean_products WHERE product_id IN ('5', '150', '350')"
    )
    assert {row["product_id"]: row["_line"] for row in held} == {"5": 6, "150": 151, "350": 352 if across else 351}


@dataclass(frozen=True)
class Noted(ManifestFiles):
    """Landed files that note in a folder which process opens one."""

    notes: Path = Path()

    def chunks(self, entry: FileEntry, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes of a file."""
        (self.notes / f"{os.getpid()}").touch()
        return super().chunks(entry, start, stop)


def test_the_driver_sees_no_byte_of_a_file(spark: SparkSession, tmp_path: Path) -> None:
    """Looking, counting, odd records and raw text are work of other processes."""
    lake = LakeDriver(tmp_path, engine=lambda: InParts(spark, lake.value))
    rows = "".join(f"{n},1,Books,P{n}\n" for n in range(100))
    files = [csv_file("products", "products.csv", f'{PRODUCTS}{rows}bad,"row"\n,,,\n'), *demo(tmp_path)]
    work, notes = lake.work(lake.drop(*files), max_reject_ratio=1.0), tmp_path / "notes"
    notes.mkdir()
    landing = work.landing
    noted = replace(work, landing=Noted(landing.landing, landing.lake, notes))
    engine = lake.engine()
    assert load(noted, engine, lambda: None).tables["clean_products"].counts.rejected
    engine.close()
    assert os.getpid() not in {int(note.name) for note in notes.iterdir()}
    assert list(notes.iterdir())


@dataclass(frozen=True)
class Refuse:
    """Work that fails with an error of ours, and a mapper that does."""

    schema = pa.schema([("n", pa.int64())])

    def __call__(self, key: Any) -> Any:
        """Fail."""
        del key
        raise LandingChanged(key="orders/a.csv")


def test_an_error_of_a_worker_comes_out_as_it_is(lake: LakeDriver) -> None:
    """Whoever asks for small results or for rows gets the typed error that a worker met."""
    engine = lake.engine()
    with pytest.raises(LandingChanged, match=r"orders/a.csv"):
        engine.map(Refuse(), [1])
    with pytest.raises(LandingChanged, match=r"orders/a.csv"):
        engine.derive("derived", "SELECT CAST(1 AS BIGINT) AS _row", Refuse())
    engine.close()


def test_small_results_come_in_the_order_of_the_items(lake: LakeDriver) -> None:
    """However many workers share the items; without items nothing is asked."""
    engine = lake.engine()
    assert engine.map(str, range(100)) == [str(n) for n in range(100)]
    assert engine.map(str, []) == []
    engine.close()


@dataclass(frozen=True)
class Count:
    """Counts rows where they are read."""

    progress: Progress

    def __call__(self, rows: int) -> int:
        """Count so many rows."""
        self.progress.add(rows=rows)
        return rows


def test_what_executors_count_is_seen_by_who_waits(lake: LakeDriver) -> None:
    """Once their tasks have ended."""
    engine, progress = lake.engine(), Progress()
    progress.count_elsewhere(engine.counter())
    progress.doing("reading", rows=10)
    engine.map(Count(progress), [1, 2, 3, 4])
    assert str(progress.now) == "reading: 10 of 10 rows"
    engine.close()


def test_a_holder_that_lost_its_lease_commits_nothing(lake: LakeDriver) -> None:
    """The guard is asked inside Delta's transaction, and its refusal comes out as it is."""
    product = csv_file("products", "products.csv", PRODUCTS + "1,4,Books,Atlas\n")

    def lost() -> None:
        if Path(lake.root / "lakehouse-dwh/clean_products").exists():
            raise FenceLost(run_id="run-1", pipeline="ecommerce", holder="run-2")

    with pytest.raises(FenceLost, match="run-2"):
        lake.load(product, guard=lost)
    assert lake.silver()["products"] == {}


ATLAS = (
    "SELECT '1' AS product_id, '4' AS department_id, 'Books' AS department, 'Atlas' AS product_name, "
    "TIMESTAMP '2025-04-01 00:00:00' AS _file_time, 'a' AS _file, 2 AS _line"
)


def commit_to(lake: LakeDriver) -> None:
    """What another writer of the products does."""
    table = DeltaTable(lake.root / "lakehouse-dwh" / "clean_products")
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 30 days"})


@pytest.mark.parametrize("updates", [False, True])
def test_a_commit_that_comes_in_during_ours_is_a_conflict(lake: LakeDriver, *, updates: bool) -> None:
    """Insert and MERGE fail rather than rebase onto a commit that came after the transaction's snapshot."""
    contract, engine = lake.known["silver.clean_products"], lake.engine()
    engine.attach(contract)
    with pytest.raises(CommitConflict, match="clean_products"):
        engine.merge(contract, ATLAS, updates=updates, dates=None, guard=lambda: commit_to(lake))
    engine.close()
    assert lake.silver()["products"] == {}


def test_a_commit_between_the_reading_and_ours_is_a_conflict(lake: LakeDriver) -> None:
    """Rows that were compared with one version of the table are not merged into another."""
    contract, engine = lake.known["silver.clean_products"], lake.engine()
    engine.attach(contract)
    commit_to(lake)
    with pytest.raises(CommitConflict, match="clean_products"):
        engine.merge(contract, ATLAS, updates=False, dates=None, guard=lambda: None)
    engine.close()
    assert lake.silver()["products"] == {}


def test_the_engine_leaves_no_files_behind(spark: SparkSession, tmp_path: Path) -> None:
    """The scratch folder is gone after `close`."""
    lake = spark_lake(spark, tmp_path)
    lake.engine = lambda: SparkEngine(spark, lake.value, scratch=str(tmp_path / "scratch"))
    lake.load(csv_file("products", "products.csv", PRODUCTS + "1,4,Books,Atlas\n"))
    assert not (tmp_path / "scratch").exists()
