"""The recorded shop data: known totals, and the same tables whatever the order and however often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import cycle, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets_tests.lake import LakeDriver, folder_files
from lakehouse_assets_tests.oracle import File
from lakehouse_assets_tests.spark import spark_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ON_SPARK = [
    pytest.mark.spark,
    # Spark leaves closing the sockets that its answers come through to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

AS_OF = datetime(2025, 4, 30, tzinfo=UTC)
GOLD = ("daily_sales", "product_daily", "user_orders")
TOTALS = """
SELECT
  (SELECT count(*) FROM delta_lakehouse.clean_products) AS products,
  (SELECT count(*) FROM delta_lakehouse.clean_orders) AS orders,
  (SELECT CAST(sum(total_amount) AS VARCHAR) FROM delta_lakehouse.clean_orders) AS amount,
  (SELECT count(*) FROM delta_lakehouse.clean_orders_items) AS items,
  (SELECT count(*) FROM delta_lakehouse.clean_orders_items WHERE reordered) AS reordered
"""


def day_of(file: File) -> str:
    """The file's name without its folder: the day, or the products."""
    return Path(file.key).name


def by_day(files: Sequence[File]) -> list[list[File]]:
    """Products first, then orders and items of one day at a time."""
    ordered = sorted(files, key=lambda file: (file.dataset != "products", day_of(file)))
    return [list(group) for _, group in groupby(ordered, key=day_of)]


WAYS: dict[str, Callable[[list[File]], list[list[File]]]] = {
    "day by day": by_day,
    "in reverse": lambda files: by_day(files)[::-1],
}


def loaded(
    folder: Path,
    runs: Sequence[Sequence[File]],
    engines: Callable[[LakeDriver], list[Callable[[], Engine]]] | None = None,
) -> LakeDriver:
    """A lake after these runs, gold built after each; the engines take turns (default: the embedded one)."""
    lake = LakeDriver(folder)
    turns = cycle(engines(lake) if engines else [lake.engine])
    for files in runs:
        lake.engine = next(turns)
        lake.load(*files, as_of=AS_OF)
        for name in GOLD:
            lake.gold(name)
    return lake


@pytest.fixture(scope="module")
def at_once(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[LakeDriver, dict[str, Any]]:
    """The lake that took everything in one run, and its tables."""
    lake = loaded(tmp_path_factory.mktemp("real"), [folder_files(real_data)])
    return lake, tables(lake)


def tables(lake: LakeDriver) -> dict[str, Any]:
    """Silver, gold and control tables."""
    held = {"silver": lake.silver(), "rejects": lake.rejects(), "pending": lake.pending()}
    return held | {name: lake.gold(name) for name in GOLD}


def test_the_recorded_data_has_its_known_totals(at_once: tuple[LakeDriver, dict[str, Any]]) -> None:
    """1,000 products, 2,500 orders of 640,666.01 in all, 13,719 items of which 6,863 were bought before; no reject."""
    lake, held = at_once
    expected = {"products": 1000, "orders": 2500, "amount": "640666.01", "items": 13719, "reordered": 6863}
    assert lake.rows(TOTALS) == [expected]
    assert (held["rejects"], held["pending"]) == ({}, {})
    assert sum(row["amount"] for row in held["daily_sales"]) == sum(row["amount"] for row in held["user_orders"])
    assert str(sum(row["amount"] for row in held["daily_sales"])) == "640666.01"


@pytest.mark.parametrize("way", WAYS)
def test_any_way_through_the_days_ends_in_the_same_tables(
    at_once: tuple[LakeDriver, dict[str, Any]], real_data: Path, tmp_path: Path, way: str
) -> None:
    """Gold is brought up to date after each run; items of a later drop's products wait for them."""
    lake = loaded(tmp_path, WAYS[way](folder_files(real_data)))
    assert tables(lake) == at_once[1]


@pytest.mark.parametrize(
    ("way", "turns"),
    [
        pytest.param("day by day", True, marks=ON_SPARK),
        # The quick form is the one above, in which every other run is Spark's.
        pytest.param("in reverse", False, marks=[*ON_SPARK, pytest.mark.nightly]),
    ],
)
def test_spark_alone_or_in_turn_ends_in_the_same_tables(
    at_once: tuple[LakeDriver, dict[str, Any]],
    real_data: Path,
    spark: SparkSession,
    tmp_path: Path,
    way: str,
    turns: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Every run on Spark, or every other one: what the embedded engine made of all files at once."""

    def engines(lake: LakeDriver) -> list[Callable[[], Engine]]:
        on_spark = spark_lake(spark, tmp_path).engine
        return [on_spark, lake.engine] if turns else [on_spark]

    lake = loaded(tmp_path, WAYS[way](folder_files(real_data)), engines)
    assert tables(lake) == at_once[1]


@pytest.mark.parametrize("second", [pytest.param("spark", marks=ON_SPARK), pytest.param("duckdb", marks=ON_SPARK)])
def test_after_spark_a_second_pass_on_either_engine_writes_no_data_file(
    at_once: tuple[LakeDriver, dict[str, Any]], real_data: Path, spark: SparkSession, tmp_path: Path, second: str
) -> None:
    """All files at once on Spark give the same tables; the same files again leave every data file as it is."""
    lake = loaded(tmp_path, [folder_files(real_data)], lambda _: [spark_lake(spark, tmp_path).engine])
    before = lake.data_files()
    if second == "duckdb":
        lake.engine = LakeDriver(tmp_path).engine
    lake.load(*folder_files(real_data), as_of=AS_OF)
    assert tables(lake) == at_once[1]
    assert lake.data_files() == before


def test_a_second_pass_writes_no_data_file(at_once: tuple[LakeDriver, dict[str, Any]], real_data: Path) -> None:
    """Not in silver, gold, rejects or pending; the department with several names is warned of again."""
    lake, held = at_once
    before = lake.data_files()
    report = lake.load(*folder_files(real_data), as_of=AS_OF)
    assert [check.failing for check in report.checks if check.check == "department_ambiguous"] == [6]
    assert tables(lake) == held
    assert lake.data_files() == before
