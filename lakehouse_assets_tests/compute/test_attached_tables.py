"""The query engine of this machine opens the tables that a statement reads, when it is first read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.compute.local import LocalConfig, LocalServices
from lakehouse_assets.contracts import Rule, contract
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.errors import BadRequest
from lakehouse_assets_tests.lake import LakeDriver, csv_file

ORDERS = contract("ecommerce", "silver.clean_orders")
HEADER = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
ORDER = csv_file("orders", "orders/1.csv", f"{HEADER}1,o1,u1,2025-04-01T10:30,1.00,2025-04-01\n")
LATER = csv_file("orders", "orders/2.csv", f"{HEADER}1,o2,u1,2025-04-01T10:30,1.00,2025-04-01\n")


@pytest.fixture
def lake(tmp_path: Path) -> LakeDriver:
    """A lake that holds one order."""
    found = LakeDriver(tmp_path)
    found.load(ORDER)
    return found


@pytest.fixture
def services(lake: LakeDriver) -> Iterator[LocalServices]:
    """Services of a run over that lake."""
    config = LocalConfig("ecommerce", lake.value, str(lake.landing), "UTC", "500MB", 1, lambda: DuckEngine(lake.value))
    found = LocalServices(config, "r1")
    yield found
    found.close()


def asked(sql: str) -> Rule:
    """An assertion of this SQL."""
    return Rule("asked", "assertion", "warn", "", sql)


def test_no_other_table_is_opened(lake: LakeDriver, services: LocalServices) -> None:
    """A check of orders is answered while the products cannot be opened; one that reads the products is not."""
    products = lake.root / "lakehouse-dwh" / "clean_products"
    shutil.rmtree(products)
    products.write_text("no table")
    found = services.check(ORDERS, asked("SELECT o.order_id FROM delta_lakehouse.clean_orders AS o"))
    assert found.sample == [{"order_id": "o1"}]
    with pytest.raises(Exception, match="clean_products"):
        services.check(ORDERS, asked("SELECT p.product_id FROM delta_lakehouse.clean_products AS p"))


def test_a_table_that_there_is_not_is_named(services: LocalServices) -> None:
    """An assertion over a table of nobody is one sentence that lists the tables there are."""
    with pytest.raises(BadRequest, match=r"no table `gold\.nothing`; there are: .*ecommerce_gold\.daily_sales"):
        services.check(ORDERS, asked("SELECT n FROM gold.nothing"))


def test_a_table_is_read_as_it_was_first_seen_until_it_is_refreshed(lake: LakeDriver, services: LocalServices) -> None:
    """All checks of a run see one state; a load tells the services that there is another."""
    assert services.count(ORDERS) == 1
    lake.load(LATER, as_of=datetime(2025, 4, 7, tzinfo=UTC))
    assert services.count(ORDERS) == 1
    services.refresh()
    assert services.count(ORDERS) == 2
