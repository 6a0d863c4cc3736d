"""Crawlers of the emulator look at Delta tables."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from deltalake import write_deltalake

from lakehouse_assets_tests.emulator.asking import BUCKET, Aws, until

PLACE = f"s3://{BUCKET}/lake/clean_orders"


def crawled(aws: Aws, place: str = PLACE) -> dict[str, Any]:
    """Run a crawler over one place; return what is told of it afterwards."""
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "silver"})
    targets = {"DeltaTargets": [{"DeltaTables": [place], "CreateNativeDeltaTable": True, "WriteManifest": False}]}
    glue.create_crawler(Name="delta-crawler", Role="anybody", DatabaseName="silver", Targets=targets)
    glue.start_crawler(Name="delta-crawler")
    found: dict[str, Any] = until(
        lambda: glue.get_crawler(Name="delta-crawler")["Crawler"], lambda crawler: crawler["State"] == "READY"
    )
    return found


def write(aws: Aws) -> None:
    """Write a Delta table."""
    options = {"AWS_ENDPOINT_URL": aws.emulator.url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-west-1"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    table = pa.table({"id": pa.array([1], pa.int64()), "tags": pa.array([["a"]], pa.list_(pa.string()))})
    write_deltalake(PLACE, table, storage_options={**options, **keys})


def test_a_crawler_declares_a_table(either: Aws) -> None:
    """Canary: the table is in the catalog; the emulator says SUCCEEDED and it is not."""
    write(either)
    assert crawled(either)["LastCrawl"]["Status"] == "SUCCEEDED"
    tables = {table["Name"]: table for table in either.client("glue").get_tables(DatabaseName="silver")["TableList"]}
    assert ("clean_orders" in tables) == either.is_patched
    if either.is_patched:
        found = tables["clean_orders"]
        columns = [(column["Name"], column["Type"]) for column in found["StorageDescriptor"]["Columns"]]
        assert columns == [("id", "bigint"), ("tags", "array<string>")]
        assert found["Parameters"]["table_type"] == "delta"


def test_a_crawler_can_fail(either: Aws) -> None:
    """Where there is no table, LastCrawl says so; the emulator is always content."""
    last = crawled(either)["LastCrawl"]
    assert last["Status"] == ("FAILED" if either.is_patched else "SUCCEEDED")
    if either.is_patched:
        assert last["ErrorMessage"]


def test_a_running_crawler_is_not_started_again(aws: Aws) -> None:
    """Glue refuses, by a name that a machine waits for."""
    aws.emulator.control(crawl_seconds=5)
    glue = aws.client("glue")
    glue.create_crawler(Name="c", Role="anybody", DatabaseName="d", Targets={})
    assert "LastCrawl" not in glue.get_crawler(Name="c")["Crawler"]
    glue.start_crawler(Name="c")
    with pytest.raises(ClientError, match="CrawlerRunningException"):
        glue.start_crawler(Name="c")
    glue.stop_crawler(Name="c")
    ended = until(lambda: glue.get_crawler(Name="c")["Crawler"], lambda crawler: crawler["State"] == "READY")
    assert ended["LastCrawl"]["Status"] == "CANCELLED"
