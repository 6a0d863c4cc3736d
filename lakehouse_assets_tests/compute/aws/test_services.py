"""A run on AWS is served by its services: who is called with what, and what is made of the answers.

Functions are called in this process, each with its own handler; Athena's double reads the same files with DuckDB.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.aws.functions import Answer, Functions
from lakehouse_assets.compute.aws.services import AwsConfig, AwsServices
from lakehouse_assets.compute.functions import handler_of
from lakehouse_assets.compute.reports import compose
from lakehouse_assets.compute.tasks import ModelTask
from lakehouse_assets.contracts import Rule, contracts
from lakehouse_assets.core.request import parse_request
from lakehouse_assets.ecommerce import pipeline as ecommerce
from lakehouse_assets.engines.query import ask
from lakehouse_assets.errors import JobFailed, LeaseHeld, RejectRatioExceeded, SettingsInvalid
from lakehouse_assets.graph.resource import open_services
from lakehouse_assets.operations.answers import text_of
from lakehouse_assets.operations.sql import query_scope
from lakehouse_assets.settings import Aws, EngineName, Settings
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.compute.aws.doubles import AthenaDouble, GlueDouble, use_athena, use_glue
from lakehouse_assets_tests.oracle.loading import SOME_DAY

ORDER = "order_num,order_id,user_id,order_timestamp,total_amount,date\n1,o1,u1,2025-04-01T10:30,1.00,2025-04-01\n"
ORDERS = contracts("ecommerce")["silver.clean_orders"]
Called = list[tuple[str, dict[str, Any]]]


class Installation:
    """A lake with one landed order, and services of it on doubles."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lake, self.landing = open_lake(str(folder / "lake")), folder / "landing"
        (self.landing / "orders").mkdir(parents=True)
        (self.landing / "orders/1.csv").write_text(ORDER)
        os.utime(self.landing / "orders/1.csv", (SOME_DAY.timestamp(), SOME_DAY.timestamp()))
        self.called: Called = []
        self.athena = use_athena(monkeypatch, AthenaDouble(answer=self.answered, scanned=12_000_000))
        monkeypatch.setattr(Functions, "call", self.call)

    def call(self, name: str, event: Mapping[str, Any], seconds: int) -> Answer:
        """Call a function's handler with the event as it travels."""
        assert seconds > 0
        sent = json.loads(json.dumps(event))
        self.called.append((name, sent))
        # The MERGE of a double makes no table in which a version could be noted.
        answer = {"acknowledged": 1} if name == "AcknowledgeModel" else handler_of(name, {})(sent, None)
        return Answer(json.loads(json.dumps(answer)), is_error=False, seconds=1.0, memory_mb=1024)

    def answered(self, sql: str) -> tuple[Sequence[tuple[str, str]], Sequence[Sequence[str | None]]]:
        """Answer a SELECT from the lake's files, in text as Athena does."""
        if not sql.startswith(("SELECT", "WITH")):
            return [], []
        if "ecommerce_gold" in sql:  # of which the double makes no table
            return [("n", "bigint")], [["0"]]
        found = ask(query_scope(Settings(lake=self.lake.root)), sql)
        rows = [[None if v is None else text_of(v) for v in row] for batch in found.batches for row in batch]
        return [(name, "bigint" if name == "n" else "varchar") for name in found.columns], rows

    def services(self, engine: EngineName, run_id: str = "r1", **aws: Any) -> AwsServices:
        """The services of a planned run."""
        config = AwsConfig(
            pipeline="ecommerce",
            lake=self.lake,
            landing=str(self.landing),
            zone="UTC",
            aws=Aws(poll_seconds=0.001, job_prefix="test-", **aws),
            engine=engine,
        )
        services = AwsServices(config, run_id)
        services.begin(parse_request({"as_of": "2025-04-06T00:00:00Z"}))
        services.invoke(ecommerce.PLAN)
        return services

    def sent(self, name: str) -> list[dict[str, Any]]:
        """The events with which a function was called."""
        return [event for called, event in self.called if called == name]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation in Ireland."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return Installation(tmp_path, monkeypatch)


@pytest.fixture
def loaded(here: Installation) -> Iterator[tuple[Installation, AwsServices]]:
    """A run whose small batch is loaded."""
    services = here.services("auto")
    services.run_job(ecommerce.LOAD)
    yield here, services
    services.close()


def test_a_small_batch_is_loaded_by_a_function(loaded: tuple[Installation, AwsServices]) -> None:
    """It gets the job's arguments and the fence of the hold, and its report is the load's."""
    here, services = loaded
    (event,) = here.sent("LoadSmallBatch")
    assert event["arguments"]["--run-id"] == "r1"
    assert (event["fence"], event["arguments"]["--fence"]) == (services.hold().fence, str(services.hold().fence))
    assert services.count(ORDERS) == 1


def test_a_large_batch_is_loaded_by_glue(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails there fails here with its own error; what it used is known all the same, and the lease is kept."""
    said = {
        "JobRunState": "FAILED",
        "ErrorMessage": "RejectRatioExceeded: 1 of 1",
        "ExecutionTime": 90,
        "MaxCapacity": 2,
    }
    glue = use_glue(monkeypatch, GlueDouble("RUNNING", said))
    services = here.services("auto", small_bytes=1)
    with pytest.raises(RejectRatioExceeded, match="1 of 1"):
        services.run_job(ecommerce.LOAD)
    assert glue.asked[0][1]["JobName"] == "test-Lakehouse"
    assert [(usage.unit, usage.billed) for usage in services.spent("load")] == [("dpu_seconds", 180.0)]
    use_glue(monkeypatch, GlueDouble("SUCCEEDED"))
    with pytest.raises(JobFailed, match="left no report"):
        services.run_job(ecommerce.LOAD)
    with pytest.raises(LeaseHeld):
        here.services("spark", "r2")
    services.close()


def test_tables_are_declared_before_the_first_query_of_a_run(loaded: tuple[Installation, AwsServices]) -> None:
    """Athena knows all tables before it is asked of one, and is told once, until a job may have made others."""
    here, services = loaded
    services.count(ORDERS)
    calls = len(here.sent("DeclareTables"))
    services.preview(ORDERS)
    assert len(here.sent("DeclareTables")) == calls
    asked = [request["QueryString"] for request in here.athena.requests]
    first = next(number for number, sql in enumerate(asked) if sql.startswith("SELECT"))
    assert sum("CREATE EXTERNAL TABLE" in sql for sql in asked[:first]) > 3
    assert not any("CREATE" in sql for sql in asked[first:])


def test_a_check_says_what_it_found_and_what_it_cost(loaded: tuple[Installation, AwsServices]) -> None:
    """Failing rows, the first of them, and the bytes that were scanned for them alone."""
    _, services = loaded
    rule = Rule("cheap", "assertion", "warn", "", f"SELECT order_id FROM {ORDERS.catalog_name} WHERE total_amount < 2")
    outcome = services.check(ORDERS, rule)
    assert (outcome.failing, outcome.sample) == (1, [{"order_id": "o1"}])
    scans = [usage for usage in outcome.used if usage.unit == "scanned_bytes" and usage.amount]
    assert {(usage.table, usage.check) for usage in scans} == {("clean_orders", "cheap")}
    assert sum(line.check == "cheap" for line in compose(services.run, [], [], None).costs) >= 1


def test_gold_is_rendered_merged_and_acknowledged(loaded: tuple[Installation, AwsServices]) -> None:
    """What was touched is merged by Athena, and the ledger is told which runs that were; whole, when that is asked."""
    here, services = loaded
    task = ModelTask("ecommerce", "gold.daily_sales")
    services.build(task)
    merges = [r["QueryString"] for r in here.athena.requests if r["QueryString"].startswith("MERGE")]
    assert len(merges) == 1
    assert "MERGE INTO ecommerce_gold.daily_sales" in merges[0]
    (event,) = here.sent("AcknowledgeModel")
    assert (event["run_id"], event["fence"]) == ("r1", services.hold().fence)
    assert "2025-04-01" in merges[0]
    services.build(task, whole=True)
    whole = here.athena.requests[-4:]
    assert not any("2025-04-01" in r["QueryString"] for r in whole if r["QueryString"].startswith("MERGE"))
    assert [event["whole"] for event in here.sent("RenderModel")] == [False, True]


def test_a_lake_that_aws_cannot_reach_is_refused(tmp_path: Path) -> None:
    """One sentence names the variable, before anything is made."""
    settings = Settings(target="aws", lake=str(tmp_path / "lake"))
    with pytest.raises(
        SettingsInvalid, match=r"LAKEHOUSE_LAKE is .*, allowed is s3://bucket/prefix where LAKEHOUSE_TARGET"
    ):
        open_services(settings, ecommerce.SHOP, "r1")
    assert not (tmp_path / "lake").exists()
