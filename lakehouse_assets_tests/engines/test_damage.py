"""Tables whose files are lost or spoilt: what is told, and gold that makes itself anew from silver."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse_assets.engines.damage import damage_of
from lakehouse_assets.errors import TableDamaged
from lakehouse_assets.load.soundness import require_sound
from lakehouse_assets_tests.lake import PIPELINE, LakeDriver, csv_file

ORDERS = (
    "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
    "1,o1,u1,2025-04-01T10:00,3.00,2025-04-01\n2,o2,u2,2025-04-02T10:00,4.00,2025-04-02\n"
)
MORE = "order_num,order_id,user_id,order_timestamp,total_amount,date\n3,o3,u1,2025-04-02T11:00,5.00,2025-04-02\n"
Spoil = Callable[[Path], None]


def newest(folder: Path, pattern: str) -> Path:
    """The file of a pattern that was written last."""
    return max(folder.rglob(pattern), key=lambda path: path.stat().st_mtime_ns)


def gone(pattern: str) -> Spoil:
    """Delete all files of a pattern."""
    return lambda folder: [path.unlink() for path in folder.rglob(pattern)] and None


def cut(pattern: str) -> Spoil:
    """Leave the first bytes of the newest file of a pattern."""

    def spoil(folder: Path) -> None:
        path = newest(folder, pattern)
        path.write_bytes(path.read_bytes()[:20])

    return spoil


def changed(pattern: str) -> Spoil:
    """Write other values over those of the newest Parquet file of a pattern, and leave its size and its footer."""

    def spoil(folder: Path) -> None:
        path = newest(folder, pattern)
        data = path.read_bytes()
        end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
        path.write_bytes(data[:4] + b"x" * (end - 4) + data[end:])

    return spoil


@pytest.fixture
def lake(tmp_path: Path) -> LakeDriver:
    """Two orders in silver and in gold."""
    made = LakeDriver(tmp_path)
    made.load(csv_file("orders", "orders/1.csv", ORDERS))
    made.gold("user_orders")
    return made


@pytest.mark.parametrize(
    "spoil",
    [shutil.rmtree, gone("*.parquet"), gone("*.metadata.json"), gone("*.avro"), *map(cut, ("*.parquet", "*.avro"))],
    ids=["folder", "data", "metadata", "manifests", "cut data", "cut manifest"],
)
def test_gold_makes_itself_anew(lake: LakeDriver, spoil: Spoil) -> None:
    """Whatever is lost of it: the table is behind, says why, and the next build makes all of it from silver."""
    expected, folder = lake.gold("user_orders"), Path(lake.value.location(lake.known["gold.user_orders"]))
    spoil(folder)
    assert lake.models().states()["user_orders"].why
    lake.load(csv_file("orders", "orders/2.csv", MORE))
    rows = lake.gold("user_orders")
    assert [(row["user_id"], row["orders"]) for row in rows] == [("u1", 2), ("u2", 1)]
    assert rows[1] == expected[1]
    assert lake.caught_up.rebuilt
    assert damage_of(lake.known["gold.user_orders"], lake.value) is None
    assert lake.models().states()["user_orders"].why is None


def test_gold_with_other_bytes_is_made_anew_by_the_build_that_reads_them(lake: LakeDriver) -> None:
    """Size and footer are right, so nobody knows before; only some of its values were to be built."""
    folder = Path(lake.value.location(lake.known["gold.user_orders"]))
    changed("*.parquet")(folder)
    assert lake.models().states()["user_orders"].why is None
    lake.load(csv_file("orders", "orders/2.csv", MORE))
    rows = lake.gold("user_orders")
    assert [(row["user_id"], row["orders"]) for row in rows] == [("u1", 2), ("u2", 1)]
    assert re.match(r"its file `.*\.parquet` cannot be read: ", lake.caught_up.rebuilt)
    assert lake.gold("user_orders") == rows


def test_silver_with_other_bytes_is_named_by_a_build_of_gold(lake: LakeDriver) -> None:
    """Not the gold table that was to be built, which stays as it was."""
    changed("*.parquet")(lake.root / "lakehouse-dwh" / "clean_orders")
    with pytest.raises(TableDamaged, match=r"`delta_lakehouse\.clean_orders` cannot be read: its file `.*parquet`"):
        lake.gold("user_orders", forced="asked")


@pytest.mark.parametrize("part", [False, True], ids=["whole", "touched"])
def test_gold_that_holds_rows_twice_is_mended(lake: LakeDriver, part: bool) -> None:  # noqa: FBT001 - as parametrized
    """As two writers without a lease may leave it: the surplus goes, also where nothing else is new."""
    expected, contract = lake.gold("user_orders"), lake.known["gold.user_orders"]
    table = lake.value.iceberg(contract)
    table.append(table.scan().to_arrow())
    if part:
        lake.load(csv_file("orders", "orders/2.csv", ORDERS.replace("T10:00", "T10:01")))
    rows = lake.gold("user_orders", forced="" if part else "asked")
    assert [(row["user_id"], row["orders"]) for row in rows] == [("u1", 1), ("u2", 1)]
    assert (len(rows), lake.caught_up.built.rows) == (len(expected), 2)
    assert lake.caught_up.built.deleted == 2


def test_a_lost_catalog_is_gold_that_was_never_there(lake: LakeDriver) -> None:
    """Every table is made anew, at the place where it was."""
    expected = lake.gold("user_orders")
    (lake.root / "catalog.db").unlink()
    assert "catalog.db` does not know it" in (lake.models().states()["user_orders"].why or "")
    assert lake.gold("user_orders") == expected


SILVER = ("clean_orders", "clean_products", "ecommerce_rejects", "ecommerce_pending", "ecommerce_run_ledger")


@pytest.mark.parametrize("table", SILVER)
def test_a_lost_table_of_silver_is_told_by_name_with_the_way_out(lake: LakeDriver, table: str) -> None:
    """A table without a row too: a load would make an empty one in its place, and nobody would know."""
    require_sound(lake.known, PIPELINE, lake.value)
    shutil.rmtree(lake.root / "lakehouse-dwh" / table)
    with pytest.raises(TableDamaged, match=rf"delta_lakehouse\.{table}.*is gone.*lakehouse rebuild silver"):
        require_sound(lake.known, PIPELINE, lake.value)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [(gone("*.parquet"), r"part-.*is not there"), (cut("*.parquet"), "20 bytes"), (cut("*.json"), "Truncated")],
    ids=["data", "cut data", "cut log"],
)
def test_a_damaged_table_of_silver_is_told_by_file(lake: LakeDriver, spoil: Spoil, told: str) -> None:
    """Before anything is read of it."""
    spoil(lake.root / "lakehouse-dwh" / "clean_orders")
    with pytest.raises(TableDamaged, match=f"clean_orders.*{told}"):
        require_sound(lake.known, PIPELINE, lake.value)


def test_a_new_lake_and_a_new_table_are_not_lost(lake: LakeDriver, tmp_path: Path) -> None:
    """What no run has ever loaded cannot be lost: an empty lake, and a table whose contract is new."""
    require_sound(lake.known, PIPELINE, LakeDriver(tmp_path / "new").value)
    ledger = lake.value.delta(lake.known["control.ecommerce_run_ledger"])
    ledger.delete("table_name = 'clean_products'")
    shutil.rmtree(lake.root / "lakehouse-dwh" / "clean_products")
    require_sound(lake.known, PIPELINE, lake.value)
