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
    config = LocalConfig(
        pipeline="ecommerce",
        lake=lake.value,
        landing=str(lake.landing),
        zone="UTC",
        memory="500MB",
        threads=1,
        open_engine=lambda: DuckEngine(lake.value),
    )
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


@pytest.mark.parametrize(("orders", "shown"), [(3, 3), (5, 5), (12, 5)])
def test_failing_rows_are_counted_and_not_all_fetched(
    lake: LakeDriver, services: LocalServices, monkeypatch: pytest.MonkeyPatch, orders: int, shown: int
) -> None:
    """The engine counts them, however many there are; Python gets those that are shown."""
    rows = "".join(f"{n},n{n},u1,2025-04-01T10:30,1.00,2025-04-01\n" for n in range(orders))
    lake.load(csv_file("orders", "orders/3.csv", HEADER + rows), as_of=datetime(2025, 4, 7, tzinfo=UTC))
    fetched, every = [], DuckEngine.rows
    monkeypatch.setattr(DuckEngine, "rows", lambda *a: fetched.append(every(*a)) or fetched[-1])
    sql = "SELECT o.order_id FROM delta_lakehouse.clean_orders AS o WHERE o.order_id <> 'o1' ORDER BY o.order_id -- all"
    found = services.check(ORDERS, asked(sql))
    assert (found.failing, len(found.sample)) == (orders, shown)
    assert found.sample[:2] == [{"order_id": "n0"}, {"order_id": "n1"}]
    assert max(map(len, fetched)) <= 5
