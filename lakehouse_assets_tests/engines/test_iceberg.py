"""Iceberg tables: what a commit says it did, one commit or none, tables that other versions left behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.contracts import contract
from lakehouse_assets.engines import iceberg, maintenance
from lakehouse_assets.engines.iceberg_commit import live_files, replace
from lakehouse_assets.engines.protocol import Commit
from lakehouse_assets.errors import CommitConflict, FenceLost
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.lake import never

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.table import Table

GOLD = contract("ecommerce", "gold.user_orders")
NO_RETRIES = {"commit.retry.num-retries": "0"}


def orders_of(*users: str) -> pa.Table:
    """One row for each of these buyers."""
    import pyarrow as pa

    at = datetime(2025, 4, 1, 10)  # noqa: DTZ001 - gold holds zone-less UTC
    rows = [
        {"user_id": user, "first_order_at": at, "last_order_at": at, "orders": 1, "amount": Decimal("1.50")}
        for user in users
    ]
    return pa.Table.from_pylist(rows, schema=iceberg.arrow_schema(GOLD))


def write(table: Table, *users: str) -> Commit:
    """Let the table hold these buyers and no others."""
    return replace(GOLD, table, orders_of(*users).to_batches(), live_files(table), never)


def users_in(lake: Path) -> list[str]:
    """The buyers that the table holds as it is now."""
    held: list[str] = iceberg.ensure(GOLD, open_lake(str(lake))).scan().to_arrow()["user_id"].to_pylist()
    return sorted(held)


def sizes(lake: Path) -> dict[str, int]:
    """Bytes of every data file on disk, live or not."""
    folder = Path(open_lake(str(lake)).location(GOLD))
    return {path.name: path.stat().st_size for path in folder.rglob("*.parquet")}


def made_without_properties(lake: Path, users: Sequence[str]) -> None:
    """A table as versions before 0.2 made it: pyiceberg tries a stale commit on it again."""
    catalog, location = open_lake(str(lake)).catalog(), open_lake(str(lake)).iceberg_location(GOLD)
    catalog.create_namespace(GOLD.database)
    table = catalog.create_table((GOLD.database, GOLD.name), iceberg.arrow_schema(GOLD), location=location)
    if users:
        table.append(orders_of(*users))


def test_a_commit_says_how_many_rows_files_and_bytes_it_wrote(tmp_path: Path) -> None:
    """Two rows in one new file of the size that it has on disk; nothing was removed."""
    done = write(iceberg.ensure(GOLD, open_lake(str(tmp_path))), "a", "b")
    assert done == Commit(version=1, rows=2, added_files=1, added_bytes=sum(sizes(tmp_path).values()), removed_files=0)
    assert done.added_bytes > 0


def test_a_commit_that_takes_rows_away_says_so(tmp_path: Path) -> None:
    """Three rows become one: the new file's bytes, one removed file, and two rows fewer."""
    write(iceberg.ensure(GOLD, open_lake(str(tmp_path))), "a", "b", "c")
    before = sizes(tmp_path)
    done = write(iceberg.ensure(GOLD, open_lake(str(tmp_path))), "d")
    added = [size for name, size in sizes(tmp_path).items() if name not in before]
    assert (done.rows, done.added_files, done.added_bytes, done.removed_files) == (-2, 1, sum(added), 1)


def test_only_files_that_may_hold_rows_of_a_range_are_named(tmp_path: Path) -> None:
    """Of two files, one with buyers a to c and one with x to z, the range from b to w concerns the first."""
    table = iceberg.ensure(GOLD, open_lake(str(tmp_path)))
    replace(GOLD, table, orders_of("a", "c").to_batches(), (), never)
    replace(GOLD, table, orders_of("x", "z").to_batches(), (), never)
    (file,) = live_files(table, ("user_id", "b", "w"))
    assert file.record_count == 2
    replace(GOLD, table, orders_of("b").to_batches(), [file], never)
    assert users_in(tmp_path) == ["b", "x", "z"]


@pytest.mark.parametrize("held", [(), ("a",)])
def test_a_stale_commit_is_a_conflict_and_writes_nothing(tmp_path: Path, held: tuple[str, ...]) -> None:
    """Two builds compared their rows with one version of a table, empty or not; the second one to commit is told."""
    if held:
        write(iceberg.ensure(GOLD, open_lake(str(tmp_path))), *held)
    first, second = (iceberg.ensure(GOLD, open_lake(str(tmp_path))) for _ in range(2))
    write(first, "b")
    with pytest.raises(CommitConflict, match="user_orders"):
        write(second, "b")
    assert users_in(tmp_path) == ["b"]


@pytest.mark.parametrize("held", [(), ("a",)])
def test_a_stale_commit_is_a_conflict_on_a_table_of_before(tmp_path: Path, held: tuple[str, ...]) -> None:
    """A table that was made without the property gets it when it is opened."""
    made_without_properties(tmp_path, held)
    first, second = (iceberg.ensure(GOLD, open_lake(str(tmp_path))) for _ in range(2))
    write(first, "b")
    with pytest.raises(CommitConflict):
        write(second, "b")
    assert users_in(tmp_path) == ["b"]


def test_a_table_of_before_that_many_open_at_once_opens_for_all(tmp_path: Path) -> None:
    """One of six sets the property; the others lose that race and find it set."""
    made_without_properties(tmp_path, ("a",))
    tables = [open_lake(str(tmp_path)).iceberg(GOLD) for _ in range(6)]
    together = Barrier(len(tables))

    def opened(table: Table) -> dict[str, str]:
        together.wait()
        return iceberg.without_retries(GOLD, table).properties

    with ThreadPoolExecutor(len(tables)) as pool:
        assert list(pool.map(opened, tables)) == [NO_RETRIES] * len(tables)


def test_compaction_of_a_table_of_before_commits_without_retries_too(tmp_path: Path) -> None:
    """Two files become one, and the table has the property from then on."""
    made_without_properties(tmp_path, ("a",))
    open_lake(str(tmp_path)).iceberg(GOLD).append(orders_of("b"))
    assert maintenance.optimize(GOLD, open_lake(str(tmp_path)), never) == (2, 1)
    assert open_lake(str(tmp_path)).iceberg(GOLD).properties == NO_RETRIES
    assert users_in(tmp_path) == ["a", "b"]


def test_a_table_of_before_takes_larger_numbers(tmp_path: Path) -> None:
    """Its column is widened when it is opened; rows of before stay in their file."""
    narrow_amount = [dataclasses.replace(c, type="DECIMAL(18,2)") if c.name == "amount" else c for c in GOLD.columns]
    narrow, lake = dataclasses.replace(GOLD, columns=tuple(narrow_amount)), open_lake(str(tmp_path))
    iceberg.ensure(narrow, lake).append(orders_of("a").cast(iceberg.arrow_schema(narrow)))
    large = orders_of("b").set_column(4, "amount", [[Decimal("9" * 36 + ".99")]])
    replace(GOLD, iceberg.ensure(GOLD, lake), large.to_batches(), (), never)
    held = lake.iceberg(GOLD).scan().to_arrow().sort_by("user_id")["amount"].to_pylist()
    assert held == [Decimal("1.50"), Decimal("9" * 36 + ".99")]


def test_opening_a_table_again_writes_nothing(tmp_path: Path) -> None:
    """The property is set when a table is made, or once if it was made without: looking leaves no metadata file."""
    made_without_properties(tmp_path / "before", ("a",))
    for lake in (tmp_path / "before", tmp_path / "new"):
        assert iceberg.ensure(GOLD, open_lake(str(lake))).properties == NO_RETRIES
        found = sorted(lake.rglob("*.*"))
        iceberg.ensure(GOLD, open_lake(str(lake)))
        assert sorted(lake.rglob("*.*")) == found


def test_without_the_fence_nothing_is_committed(tmp_path: Path) -> None:
    """The guard is asked before the first byte is written."""

    def guard() -> None:
        raise FenceLost(run_id="r", pipeline="ecommerce", holder="s")

    table = iceberg.ensure(GOLD, open_lake(str(tmp_path)))
    with pytest.raises(FenceLost):
        replace(GOLD, table, orders_of("a").to_batches(), (), guard)
    assert sizes(tmp_path) == {}
