"""Delta tables through delta-rs: what a commit says it did, stale commits, protocol, and columns that came later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakehouse_assets.contracts import contract
from lakehouse_assets.contracts.model import Column
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.protocol import Commit
from lakehouse_assets.errors import CommitConflict, ContractBreaking, FenceLost, ProtocolRaised
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.lake import never

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

ORDERS = contract("ecommerce", "silver.clean_orders")
DAYS = (date(2025, 4, 1), date(2025, 4, 2))


def order(key: str, amount: str, *, day: date = DAYS[0], hour: int = 10) -> dict[str, Any]:
    """One order of that day and hour."""
    return {
        "order_id": key,
        "date": day,
        "order_timestamp": datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
        "user_id": "u",
        "order_num": "1",
        "total_amount": Decimal(amount),
        "_file_time": datetime(2025, 4, 5, tzinfo=UTC),
        "_file": "orders.csv",
        "_line": 2,
    }


def rows(*orders: dict[str, Any]) -> pa.Table:
    """Orders as the table takes them."""
    import pyarrow as pa

    return pa.Table.from_pylist(list(orders), schema=delta.arrow_schema(ORDERS))


def opened(folder: Path) -> DeltaTable:
    """The table of orders as it is now."""
    return delta.ensure(ORDERS, open_lake(str(folder)))


def write(
    table: DeltaTable, *orders: dict[str, Any], updates: bool = False, dates: Sequence[date] | None = DAYS
) -> Commit:
    """Insert the orders, or merge them."""
    return delta.commit(ORDERS, table, rows(*orders), never, dates=dates, updates=updates)


def amounts(folder: Path) -> dict[str, str]:
    """Amount by order, as the table is now."""
    held = opened(folder).to_pyarrow_table(columns=["order_id", "total_amount"]).to_pylist()
    assert len({row["order_id"] for row in held}) == len(held)
    return {row["order_id"]: str(row["total_amount"]) for row in held}


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of every data file on disk, live or not."""
    return {path.name: path.stat().st_size for path in folder.rglob("*.parquet")}


def test_an_insert_says_how_many_rows_files_and_bytes_it_wrote(tmp_path: Path) -> None:
    """Two rows in one new file of the size that it has on disk; nothing was removed."""
    done = write(opened(tmp_path), order("1", "1.00"), order("2", "2.00"))
    assert done == Commit(version=1, rows=2, added_files=1, added_bytes=sum(sizes(tmp_path).values()), removed_files=0)
    assert done.added_bytes > 0


def test_a_merge_counts_only_the_rows_that_are_new(tmp_path: Path) -> None:
    """One row changes and one comes: one row more, and the bytes of the file that took the old one's place."""
    write(opened(tmp_path), order("1", "1.00"))
    before = sizes(tmp_path)
    done = write(opened(tmp_path), order("1", "9.00"), order("2", "2.00"), updates=True)
    added = [size for name, size in sizes(tmp_path).items() if name not in before]
    assert (done.rows, done.added_files, done.added_bytes, done.removed_files) == (1, len(added), sum(added), 1)
    assert amounts(tmp_path) == {"1": "9.00", "2": "2.00"}


def test_a_merge_never_puts_an_older_version_over_a_newer_one(tmp_path: Path) -> None:
    """The event time decides: an hour earlier is left out, the same hour is taken."""
    write(opened(tmp_path), order("1", "1.00"), order("2", "2.00"))
    write(opened(tmp_path), order("1", "8.00", hour=9), order("2", "9.00", hour=10), updates=True)
    assert amounts(tmp_path) == {"1": "1.00", "2": "9.00"}


def test_a_merge_looks_only_at_the_dates_it_is_given(tmp_path: Path) -> None:
    """An order of a date that is not named is not met, so that the literal bounds must hold all old and new dates."""
    write(opened(tmp_path), order("1", "1.00", day=DAYS[1]))
    done = write(opened(tmp_path), order("1", "9.00", day=DAYS[1]), updates=True, dates=DAYS[:1])
    assert done.rows == 1


@pytest.mark.parametrize("updates", [False, True])
def test_a_stale_commit_is_a_conflict_and_writes_nothing(tmp_path: Path, updates: bool) -> None:  # noqa: FBT001 - the case
    """Two runs compared their rows with one version; the second one to commit is told."""
    first, second = opened(tmp_path), opened(tmp_path)
    write(first, order("1", "1.00"))
    with pytest.raises(CommitConflict, match="clean_orders"):
        write(second, order("1", "1.00"), updates=updates)
    assert amounts(tmp_path) == {"1": "1.00"}


def test_without_the_fence_nothing_is_committed(tmp_path: Path) -> None:
    """The guard is asked before the first byte is written."""

    def guard() -> None:
        raise FenceLost(run_id="r", pipeline="ecommerce", holder="s")

    with pytest.raises(FenceLost):
        delta.commit(ORDERS, opened(tmp_path), rows(order("1", "1.00")), guard, dates=DAYS, updates=False)
    assert (opened(tmp_path).version(), sizes(tmp_path)) == (0, {})


def test_a_protocol_that_readers_cannot_handle_is_refused(tmp_path: Path) -> None:
    """Athena reads no deletion vectors; the sentence says what was found and what is needed."""
    from deltalake import TableFeatures

    table = opened(tmp_path)
    delta.check_protocol(table, ORDERS.name)
    table.alter.add_feature(TableFeatures.DeletionVectors, allow_protocol_versions_increase=True)
    with pytest.raises(ProtocolRaised, match=r"reader 3 / writer 7, readers need reader 1 / writer 2"):
        delta.check_protocol(opened(tmp_path), ORDERS.name)


def test_a_table_gets_the_columns_that_came_later(tmp_path: Path) -> None:
    """A new nullable column is put at the end, and rows of before read as NULL."""
    write(opened(tmp_path), order("1", "1.00"))
    grown = replace(ORDERS, columns=(*ORDERS.columns, Column("channel", "STRING", "Where it was sold")))
    table = delta.ensure(grown, open_lake(str(tmp_path)))
    assert [field.name for field in table.schema().fields] == [column.name for column in grown.columns]
    assert table.to_pyarrow_table().column("channel").to_pylist() == [None]


def test_a_table_that_its_contract_does_not_fit_is_refused(tmp_path: Path) -> None:
    """A column that became another type cannot be widened."""
    opened(tmp_path)
    columns = tuple(replace(c, type="INT") if c.name == "order_num" else c for c in ORDERS.columns)
    with pytest.raises(ContractBreaking, match="order_num"):
        delta.ensure(replace(ORDERS, columns=columns), open_lake(str(tmp_path)))


PARTED = replace(ORDERS, partition_by=("date",))


def parted(folder: Path) -> DeltaTable:
    """The table of orders, a folder for each day, with an order of each of two days."""
    table = delta.ensure(PARTED, open_lake(str(folder)))
    delta.commit(PARTED, table, rows(order("1", "1"), order("2", "1", day=DAYS[1])), never, dates=None, updates=False)
    return table


def second_day(folder: Path) -> list[Any]:
    """The orders of the second day, as the embedded engine reads them."""
    engine = DuckEngine(open_lake(str(folder)))
    try:
        engine.attach(PARTED)
        return engine.values(f"SELECT order_id FROM {ORDERS.catalog_name} WHERE \"date\" = DATE '2025-04-02'")
    finally:
        engine.close()


def test_a_day_is_read_without_a_look_at_the_others(tmp_path: Path) -> None:
    """The file of a day that comes later in the list is not even opened: it may be spoilt."""
    parted(tmp_path)
    third = delta.ensure(PARTED, open_lake(str(tmp_path)))
    delta.commit(PARTED, third, rows(order("3", "1", day=date(2025, 4, 3))), never, dates=None, updates=False)
    next(tmp_path.rglob("date=2025-04-01/*.parquet")).write_bytes(b"no Parquet")
    assert second_day(tmp_path) == ["2"]


def test_files_of_a_table_that_got_columns_are_all_looked_at(tmp_path: Path) -> None:
    """A file that lacks a column may come first."""
    parted(tmp_path)
    assert delta.is_uniform(opened(tmp_path))
    grown = replace(PARTED, columns=(*PARTED.columns, Column("channel", "STRING", "Where it was sold")))
    assert not delta.is_uniform(delta.ensure(grown, open_lake(str(tmp_path))))


def test_files_of_a_table_that_an_earlier_version_made_are_all_looked_at(tmp_path: Path) -> None:
    """It may have got columns, which nobody noted then."""
    from deltalake import DeltaTable

    lake = open_lake(str(tmp_path))
    lake.create()
    DeltaTable.create(lake.location(ORDERS), delta.arrow_schema(ORDERS), partition_by=["date"])
    assert not delta.is_uniform(parted(tmp_path))
    assert second_day(tmp_path) == ["2"]
