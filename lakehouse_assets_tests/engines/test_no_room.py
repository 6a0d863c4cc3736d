"""A disk that is full while a table is written is said with the table's name, and the table stays as it was."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lakehouse_assets.errors import DiskFull
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.oracle.loading import File

ITEMS = "id,order_id,user_id,days_since_prior_order,product_id,add_to_cart_order,reordered,order_timestamp,date\n"
PRODUCTS = "product_id,department_id,department,product_name\n"
MANY = range(3000)
GOOD = csv_file("products", "products.csv", PRODUCTS + "".join(f"p{n * n},{n},Books,Title {n * n}\n" for n in MANY))
BAD = csv_file("products", "bad.csv", PRODUCTS + "".join(f"p{n * n},{n},Books,\n" for n in MANY))
BUYERS = "".join(f"{n},o{n},u{n * n},2025-04-02T10:00:00,{n}.50,2025-04-02\n" for n in MANY)
ORDERS = csv_file("orders", "orders/1.csv", "order_num,order_id,user_id,order_timestamp,total_amount,date\n" + BUYERS)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a disk that has no more room for it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("table", "file"), [("clean_products", GOOD), ("ecommerce_rejects", BAD)])
def test_a_table_that_finds_no_room_is_named(tmp_path: Path, table: str, file: File) -> None:
    """Of silver and of control tables; what delta-rs says of its own layers is left out."""
    lake = LakeDriver(tmp_path)
    lake.query().close()
    work = lake.work(lake.drop(file), max_reject_ratio=1)
    with room_for(16_000), pytest.raises(DiskFull) as raised:
        lake.loaded(work)
    assert str(raised.value).startswith(f"no room left to write `{table}` (File too large (os error 27));")
    assert lake.silver()["products"] == {}


def test_a_gold_table_that_finds_no_room_is_named(tmp_path: Path) -> None:
    """Without a word of pyiceberg; with room it is built."""
    lake = LakeDriver(tmp_path)
    lake.gold("user_orders")
    lake.load(ORDERS)
    with room_for(16_000), pytest.raises(DiskFull) as raised:
        lake.gold("user_orders")
    assert str(raised.value).startswith("no room left to write `user_orders` (File too large)")
    assert len(lake.gold("user_orders")) == len(MANY)
