"""Rows of silver that break a rule that warns are counted in each data file once, and the sum is that of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import maintenance
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.load.warned_rows import warned_rows
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.oracle import File
from lakehouse_assets_tests.spark import spark_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HEADER = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
KEPT = "warned/clean_orders.json"


def orders(name: str, *amounts: str) -> File:
    """A file of orders with these amounts; their ids begin with the file's name."""
    lines = [f"1,{name}{i},u,2025-04-01T10:00:00,{amount},2025-04-01" for i, amount in enumerate(amounts)]
    return csv_file("orders", f"orders/{name}.csv", HEADER + "\n".join(lines) + "\n")


class Looking(DuckEngine):
    """An engine that remembers how many data files it was asked to show, each time."""

    def __init__(self, lake: LakeDriver) -> None:
        super().__init__(lake.value)
        self.shown: list[int] = []

    def show_parts(self, name: str, contract: Contract, files: Sequence[str]) -> None:
        """Remember the number."""
        self.shown.append(len(files))
        super().show_parts(name, contract, files)


def counted(lake: LakeDriver, *, contract: Contract | None = None) -> tuple[int, list[int]]:
    """How many orders are not above zero, and how many data files were read for that, each time."""
    engine, asked = Looking(lake), contract or lake.known["silver.clean_orders"]
    try:
        engine.attach(asked)
        found = warned_rows(lake.value.store, engine, asked)
    finally:
        engine.close()
    assert found is not None
    return found["amount_not_positive"], engine.shown


@pytest.fixture
def lake(tmp_path: Path) -> LakeDriver:
    """A lake with three orders in one data file, two of them not above zero."""
    lake = LakeDriver(tmp_path)
    lake.load(orders("a", "-1.00", "0", "5.00"))
    return lake


def test_a_file_is_read_once_however_often_its_rows_are_counted(lake: LakeDriver) -> None:
    """The second count knows the answer and opens nothing."""
    assert counted(lake) == (2, [1])
    assert counted(lake) == (2, [])


def test_only_the_files_that_a_load_added_are_read(lake: LakeDriver) -> None:
    """One more file with one more such row; the first file is not opened again."""
    counted(lake)
    lake.load(orders("b", "-7.00", "7.00"))
    assert counted(lake) == (3, [1])


def test_a_row_that_is_mended_counts_no_more(lake: LakeDriver) -> None:
    """A later version of an order is above zero, and the file with the earlier one is no part of the table."""
    counted(lake)
    mended = orders("a", "1.00")
    lake.load(replace(mended, key="orders/z.csv"))
    assert counted(lake) == (1, [1])


def test_files_that_are_joined_count_as_before(lake: LakeDriver) -> None:
    """After an `optimize` the rows lie in another file."""
    lake.load(orders("b", "-7.00", "7.00"))
    counted(lake)
    maintenance.optimize(lake.known["silver.clean_orders"], lake.value, lambda: None)
    assert counted(lake) == (3, [1])


def test_a_rule_that_changed_asks_all_files_again(lake: LakeDriver) -> None:
    """What was counted answers another question."""
    counted(lake)
    contract = lake.known["silver.clean_orders"]
    rules = [
        replace(rule, implementation="parse_amount(total_amount) < 0") if rule.code == "amount_not_positive" else rule
        for rule in contract.rules
    ]
    assert counted(lake, contract=replace(contract, rules=tuple(rules))) == (1, [1])


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b'{"question": 1}'])
def test_what_was_kept_may_be_lost_or_spoilt(lake: LakeDriver, spoilt: bytes) -> None:
    """All files are counted once more, and nobody is bothered."""
    counted(lake)
    (lake.root / KEPT).write_bytes(spoilt)
    assert counted(lake) == (2, [1])
    (lake.root / KEPT).unlink()
    assert counted(lake) == (2, [1])


def test_a_table_without_rows_has_none_that_warn(tmp_path: Path) -> None:
    """There is no file to open."""
    lake = LakeDriver(tmp_path)
    lake.value.create()
    assert counted(lake) == (0, [])


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_spark_counts_the_same_and_what_it_added_alone(spark: SparkSession, tmp_path: Path) -> None:
    """Two loads on Spark; then the memory is that of each of its data files."""
    lake = spark_lake(spark, tmp_path)
    found = []
    for file in (orders("a", "-1.00", "0", "5.00"), orders("b", "-7.00", "7.00")):
        lake.load(file)
        engine = lake.engine()
        engine.attach(lake.known["silver.clean_orders"])
        found.append(warned_rows(lake.value.store, engine, lake.known["silver.clean_orders"]))
        engine.close()
    assert [one and one["amount_not_positive"] for one in found] == [2, 3]
    assert counted(lake)[0] == 3
