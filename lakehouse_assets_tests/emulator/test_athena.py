"""Athena of the emulator is Trino with Athena's rules: what it refuses, prints, measures and forgets."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.sql.macros import render_macro
from lakehouse_assets.sql.zones import OF_RUN
from lakehouse_assets_tests.emulator.asking import BUCKET, Aws, until
from lakehouse_assets_tests.emulator.patches.athena_refusals import NO_TIME_TRAVEL, READ_ONLY
from lakehouse_assets_tests.emulator.trino.serving import Trino

PLACE = f"s3://{BUCKET}/silver/orders"
LONG = f"SELECT count(*) FROM {', '.join(f'UNNEST(SEQUENCE(1, 10000)) {name}(x)' for name in 'abc')}"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture
def athena(aws: Aws, trino: Trino) -> Aws:
    """The emulator with Trino behind its Athena, and a Delta table `silver.orders` of two rows."""
    del trino
    options = delta_options(aws)
    values: dict[str, Any] = {
        "id": pa.array([1, 2], pa.int64()),
        "price": pa.array([Decimal("1.50"), None], pa.decimal128(18, 2)),
    }
    values["at"] = pa.array([MOMENT, None], pa.timestamp("us", tz="UTC"))
    write_deltalake(PLACE, pa.table(values), storage_options=options)
    for statement in (
        "CREATE DATABASE IF NOT EXISTS `silver`",
        f"CREATE EXTERNAL TABLE `silver`.`orders` LOCATION '{PLACE}/' TBLPROPERTIES ('table_type' = 'DELTA')",
    ):
        assert aws.query(statement)["Status"]["State"] == "SUCCEEDED"
    return aws


def delta_options(aws: Aws) -> dict[str, str]:
    """How delta-rs reaches the emulator."""
    options = {"AWS_ENDPOINT_URL": aws.emulator.url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-west-1"}
    return {**options, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def iceberg(aws: Aws, columns: str = "`id` bigint, `n` bigint") -> None:
    """Make an empty Iceberg table `silver.sums`."""
    place = f"LOCATION 's3://{BUCKET}/gold/sums/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    assert aws.query(f"CREATE TABLE `silver`.`sums` ({columns}) {place}")["Status"]["State"] == "SUCCEEDED"


def test_values_are_printed_as_athena_does(athena: Aws) -> None:
    """Rounded milliseconds and zone of a Delta timestamp, digits of a decimal, NULL without a text."""
    assert athena.rows("SELECT id, price, at FROM silver.orders ORDER BY id") == [
        ["1", "1.50", "2026-01-02 03:04:05.679 UTC"],
        ["2", None, None],
    ]
    printed = athena.rows(
        "SELECT ARRAY[1, NULL], true, 1e0, 1e10, DATE '2026-01-02', TIMESTAMP '2026-01-02 03:04:05.678901', "
        "CAST(ROW(1, 'x') AS ROW(a BIGINT, b VARCHAR)), MAP(ARRAY['k'], ARRAY[2])"
    )
    assert printed == [
        ["[1, null]", "true", "1.0", "1.0E10", "2026-01-02", "2026-01-02 03:04:05.678901", "{a=1, b=x}", "{k=2}"]
    ]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia", "UTC"])
def test_trino_knows_the_date_of_a_moment_in_a_zone(athena: Aws, zone: str) -> None:
    """A machine writes its zone as a name: every hour of eight years has the date that zoneinfo gives."""
    hours = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(8 * 8766)]
    days = "".join(f"{hour.astimezone(ZoneInfo(zone)):%Y-%m-%d}," for hour in hours)
    local = render_macro("local_date", ["date_add('hour', n, TIMESTAMP '2020-01-01')"], "athena", OF_RUN)
    each = "SELECT a * 8766 + b AS n FROM UNNEST(SEQUENCE(0, 7)) AS x(a), UNNEST(SEQUENCE(0, 8765)) AS y(b)"
    text = f"SELECT n, CAST({local} AS varchar) || ',' AS day FROM ({each})".replace(OF_RUN, zone)
    asked = f"SELECT to_hex(sha256(to_utf8(array_join(array_agg(day ORDER BY n), '')))) FROM ({text})"
    assert athena.rows(asked) == [[hashlib.sha256(days.encode()).hexdigest().upper()]]


def test_an_overwritten_delta_table_shows_its_new_rows_only(athena: Aws) -> None:
    """Canary: rows of files that the log took away are not read."""
    table = pa.table({"id": pa.array([3], pa.int64())})
    write_deltalake(PLACE, table, mode="overwrite", schema_mode="overwrite", storage_options=delta_options(athena))
    assert athena.rows("SELECT id FROM silver.orders") == [["3"]]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("INSERT INTO silver.orders (id) VALUES (3)", READ_ONLY),
        ("DELETE FROM silver.orders WHERE id = 1", READ_ONLY),
        ('MERGE INTO "silver"."orders" o USING silver.orders s ON o.id = s.id WHEN MATCHED THEN DELETE', READ_ONLY),
        ("SELECT * FROM silver.orders FOR VERSION AS OF 0", NO_TIME_TRAVEL),
    ],
)
def test_what_athena_cannot_do_with_delta_is_refused(athena: Aws, statement: str, reason: str) -> None:
    """Canary: Trino would do it, so the table is looked at, too."""
    status = athena.query(statement)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("FAILED", reason)
    assert DeltaTable(PLACE, storage_options=delta_options(athena)).version() == 0


def test_a_merge_writes_an_iceberg_table(athena: Aws) -> None:
    """With the statement's own text, and a count of the rows."""
    iceberg(athena)
    merge = (
        "MERGE INTO silver.sums t USING (SELECT id, count(*) AS n FROM silver.orders GROUP BY id) s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET n = t.n + s.n WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n)"
    )
    for n in ("1", "2"):
        done = athena.query(merge)
        assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
        answer = athena.client("athena").get_query_results(QueryExecutionId=done["QueryExecutionId"])
        assert (answer["UpdateCount"], answer["ResultSet"]["Rows"]) == (2, [])
        assert athena.rows("SELECT id, n FROM silver.sums ORDER BY id") == [["1", n], ["2", n]]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT nope FROM silver.orders", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("SELECT 1 FROM silver.none", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.silver.none' does not exist"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
    ],
)
def test_a_failure_says_why(athena: Aws, statement: str, reason: str) -> None:
    """In the state's reason and in the error, whose category is the user's."""
    status = athena.query(statement)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("FAILED", reason)
    assert (status["AthenaError"]["ErrorCategory"], status["AthenaError"]["ErrorMessage"]) == (2, reason)


def test_results_come_in_pages(athena: Aws) -> None:
    """The names of the columns are a row of the first page, and count."""
    done = athena.query("SELECT n FROM UNNEST(SEQUENCE(1, 5)) AS t(n) ORDER BY n")
    pages = athena.client("athena").get_paginator("get_query_results")
    found = pages.paginate(QueryExecutionId=done["QueryExecutionId"], PaginationConfig={"PageSize": 2})
    rows = [[row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] for page in found]
    assert rows == [["n", "1"], ["2", "3"], ["4", "5"]]


def test_results_lie_where_they_were_asked_for(athena: Aws) -> None:
    """A CSV by the query's id."""
    done = athena.query("SELECT 1 AS a, 'x,y' AS b")
    assert done["ResultConfiguration"]["OutputLocation"] == f"s3://{BUCKET}/results/{done['QueryExecutionId']}.csv"
    key = f"results/{done['QueryExecutionId']}.csv"
    assert athena.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == b'"a","b"\r\n"1","x,y"\r\n'


def test_the_same_token_is_the_same_query(athena: Aws) -> None:
    """With another statement it is refused."""
    start, token = athena.client("athena").start_query_execution, uuid.uuid4().hex
    asked = {"ClientRequestToken": token, "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/r/"}}
    first = start(QueryString="SELECT 1", **asked)["QueryExecutionId"]
    assert start(QueryString="SELECT 1", **asked)["QueryExecutionId"] == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        start(QueryString="SELECT 2", **asked)


def test_a_statement_has_262144_bytes(athena: Aws) -> None:
    """One more is refused at once."""
    fits = "SELECT 1 -- " + "x" * (262_144 - 12)
    assert athena.query(fits)["Status"]["State"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="262144"):
        athena.query(fits + "x")


def test_bytes_are_those_that_trino_read(athena: Aws) -> None:
    """Nothing for a query that reads nothing; some of the file's for one that reads a table."""
    assert athena.query("SELECT 1")["Statistics"]["DataScannedInBytes"] == 0
    read = athena.query("SELECT sum(id) FROM silver.orders")["Statistics"]["DataScannedInBytes"]
    sizes = [item["Size"] for item in athena.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="silver/")["Contents"]]
    assert 0 < read < sum(sizes)


def test_a_workgroup_says_where_results_lie(athena: Aws) -> None:
    """Whatever the request says, where the group enforces its settings; a group that is not there is refused."""
    told = {"EnforceWorkGroupConfiguration": True, "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/group/"}}
    athena.client("athena").create_work_group(Name="own", Configuration=told)
    done = athena.query("SELECT 1", WorkGroup="own")
    assert done["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{BUCKET}/group/")
    with pytest.raises(ClientError, match="WorkGroup none is not found"):
        athena.query("SELECT 1", WorkGroup="none")


def test_a_disabled_workgroup_takes_no_query(athena: Aws) -> None:
    """What a person switches off fails every statement of a run, until it is on again."""
    client = athena.client("athena")
    client.create_work_group(Name="off")
    client.update_work_group(WorkGroup="off", State="DISABLED")
    with pytest.raises(ClientError, match="WorkGroup off is disabled"):
        athena.query("SELECT 1", WorkGroup="off")
    client.update_work_group(WorkGroup="off", State="ENABLED")
    assert athena.query("SELECT 1", WorkGroup="off")


def test_a_stopped_query_is_ended(athena: Aws) -> None:
    """It is CANCELLED at once, and its machine's task would see that."""
    client = athena.client("athena")
    asked = {"QueryString": LONG, "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/r/"}}
    query = client.start_query_execution(**asked)["QueryExecutionId"]
    time.sleep(0.5)
    client.stop_query_execution(QueryExecutionId=query)
    status = client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
    assert status["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        client.get_query_results(QueryExecutionId=query)


def test_a_machine_asks_and_reads(athena: Aws) -> None:
    """A query is waited for, its rows are read, and a failed one is `States.TaskFailed` with Athena's record."""
    place = {"OutputLocation": f"s3://{BUCKET}/results/"}
    start = {"Type": "Task", "Resource": "arn:aws:states:::athena:startQueryExecution.sync"}
    asked = {"QueryString": "SELECT count(*) AS n FROM silver.orders", "ResultConfiguration": place}
    identity = "{% $states.input.QueryExecution.QueryExecutionId %}"
    read = {
        "Type": "Task",
        "Resource": "arn:aws:states:::athena:getQueryResults",
        "Arguments": {"QueryExecutionId": identity},
    }
    output = "{% $states.result.ResultSet.Rows.Data.VarCharValue %}"
    states = {"A": {**start, "Arguments": asked, "Next": "B"}, "B": {**read, "Output": output, "End": True}}
    assert json.loads(athena.run(states)["output"]) == ["n", "2"]
    failing = {**start, "Arguments": {**asked, "QueryString": "SELECT nope"}, "End": True}
    ended = athena.run({"A": failing}, name="failing")
    assert ended["error"] == "States.TaskFailed"
    assert json.loads(ended["cause"])["QueryExecution"]["Status"]["StateChangeReason"].startswith("COLUMN_NOT_FOUND")


def test_a_stopped_machine_stops_its_query(athena: Aws) -> None:
    """As it stops a job."""
    asked = {"QueryString": LONG, "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/r/"}}
    start = {"Type": "Task", "Resource": "arn:aws:states:::athena:startQueryExecution.sync", "Arguments": asked}
    execution = athena.start(athena.machine({"A": {**start, "End": True}}))
    client = athena.client("athena")
    (query,) = until(lambda: client.list_query_executions()["QueryExecutionIds"][2:], bool)
    athena.client("stepfunctions").stop_execution(executionArn=execution)
    until(
        lambda: client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"],
        lambda state: state == "CANCELLED",
    )


def test_a_crawled_table_can_be_asked(athena: Aws) -> None:
    """What the crawler declares is a Delta table for Athena, too."""
    glue = athena.client("glue")
    glue.delete_table(DatabaseName="silver", Name="orders")
    targets = {"DeltaTargets": [{"DeltaTables": [PLACE], "CreateNativeDeltaTable": True}]}
    glue.create_crawler(Name="c", Role="anybody", DatabaseName="silver", Targets=targets)
    glue.start_crawler(Name="c")
    until(lambda: glue.get_crawler(Name="c")["Crawler"]["State"], lambda state: state == "READY")
    assert athena.rows("SELECT count(*) FROM silver.orders") == [["2"]]
    assert athena.query("DELETE FROM silver.orders")["Status"]["StateChangeReason"] == READ_ONLY
