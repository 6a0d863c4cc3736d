"""A table that the Glue catalog has lost is declared again, or registered where its files are there."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse_assets.storage.aws import glue
from lakehouse_assets_tests.s3_lake import S3LakeDriver
from lambdas.declaretables.handler import handler

DELTA = "delta_lakehouse", "clean_orders"
SALES, USERS = ("ecommerce_gold", "daily_sales"), ("ecommerce_gold", "user_orders")


@pytest.fixture
def lake(s3: str) -> S3LakeDriver:
    """A lake in a bucket, whose gold table is there, and whose tables are all declared, as if Athena had done it."""
    made = S3LakeDriver(s3)
    made.gold("daily_sales")
    declared = handler(event(made), None)
    for database in ("delta_lakehouse", "ecommerce_gold"):
        create_database(database)
    for name in declared["hashes"]:
        add(*name.split("."))
    handler(event(made) | {"declared": declared["hashes"]}, None)
    return made


def event(lake: S3LakeDriver) -> dict[str, Any]:
    """The function's event for a lake."""
    return {"pipeline": "ecommerce", "lake": lake.value.root}


def create_database(name: str) -> None:
    """A database in Glue, unless it is there."""
    if name not in {found["Name"] for found in glue().get_databases()["DatabaseList"]}:
        glue().create_database(DatabaseInput={"Name": name})


def add(database: str, name: str) -> None:
    """A table in Glue, unless it is there."""
    if name not in {found["Name"] for found in glue().get_tables(DatabaseName=database)["TableList"]}:
        glue().create_table(DatabaseName=database, TableInput={"Name": name, "StorageDescriptor": {}})


def drop(database: str, name: str) -> None:
    """Forget a table in Glue; its files stay."""
    glue().delete_table(DatabaseName=database, Name=name)


def test_what_is_there_is_not_declared(lake: S3LakeDriver) -> None:
    """The catalog has every table."""
    assert handler(event(lake), None) == {"statements": [], "hashes": {}, "done": True}


def test_a_dropped_table_is_declared_again(lake: S3LakeDriver) -> None:
    """A Delta table, and one of Iceberg without any file; afterwards nothing is due."""
    drop(*DELTA)
    drop(*USERS)
    answer = handler(event(lake), None)
    assert set(answer["hashes"]) == {".".join(DELTA), ".".join(USERS)}
    assert answer["statements"][-1].startswith("CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`user_orders`")
    add(*DELTA)
    add(*USERS)
    assert handler(event(lake) | {"declared": answer["hashes"]}, None)["done"]
    assert handler(event(lake), None)["done"]


def test_an_iceberg_table_whose_files_are_there_is_registered_with_them(lake: S3LakeDriver) -> None:
    """No CREATE takes a folder that is not empty; its rows are those of before."""
    contract = lake.known["gold.daily_sales"]
    before = lake.value.iceberg(contract).metadata_location
    drop(*SALES)
    answer = handler(event(lake), None)
    assert lake.value.iceberg(contract).metadata_location == before
    assert set(answer["hashes"]) == {".".join(SALES)}
