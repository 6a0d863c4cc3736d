"""Ask Athena what Trino cannot answer for it."""

from __future__ import annotations

import time
from uuid import uuid4

from infrastructure.smoke.check import SECONDS, Outputs, Unproven
from lakehouse_assets.storage.aws import client_of

MERGED = [["1", "new"], ["2", "kept"], ["4", "added"]]


def delta_is_read(of: Outputs) -> None:
    """Read a Delta table in Athena, with its deletion vectors off and its times with their zone."""
    rows = query(of, "SELECT count(*) AS c, max(order_timestamp) AS latest FROM delta_lakehouse.clean_orders")
    if not rows[0][0]:
        raise Unproven(message="clean_orders is empty: run the e-commerce pipeline once before")


def iceberg_is_merged(of: Outputs) -> None:
    """Look that Athena can plan to read a gold table by its day, without reading it."""
    query(of, "EXPLAIN SELECT * FROM ecommerce_gold.daily_sales WHERE \"date\" = DATE '2000-01-01'")


def ddl_is_accepted(of: Outputs) -> None:
    """Look how Athena has kept a comment with an apostrophe."""
    query(of, "DESCRIBE ecommerce_gold.daily_sales")


def times_keep_their_zone(of: Outputs) -> str:
    """Look of which type Athena takes Delta's times for; one without zone is read in that of the session, so in UTC."""
    asked = "SELECT typeof(order_timestamp), current_timezone() FROM delta_lakehouse.clean_orders LIMIT 1"
    kind, zone = query(of, asked)[0]
    if "with time zone" not in kind and zone != "UTC":
        raise Unproven(message=f"times are {kind} in the zone {zone}")
    return f"{kind}, session in {zone}"


def rows_are_merged(of: Outputs) -> None:
    """Have a MERGE update, delete and insert in a table of its own, whose files lie among the results."""
    table = f"ecommerce_gold.smoke_{uuid4().hex[:8]}"
    place = f"s3://{of['ResultsBucket']}/smoke/{table}/"
    query(of, f"CREATE TABLE {table} (k int, v string) LOCATION '{place}' TBLPROPERTIES ('table_type' = 'ICEBERG')")
    try:
        query(of, f"INSERT INTO {table} VALUES (1, 'old'), (2, 'kept'), (3, 'gone')")
        query(of, _merge(table))
        found = query(of, f"SELECT k, v FROM {table} ORDER BY k")
    finally:
        query(of, f"DROP TABLE {table}")
    if found != MERGED:
        raise Unproven(message=f"a MERGE has left {found}, not {MERGED}")


def _merge(table: str) -> str:
    return (
        f"MERGE INTO {table} t USING (VALUES (1, 'new'), (3, 'gone'), (4, 'added')) AS s (k, v) ON t.k = s.k "
        "WHEN MATCHED AND s.v = 'gone' THEN DELETE WHEN MATCHED THEN UPDATE SET v = s.v "
        "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v)"
    )


def query(of: Outputs, sql: str) -> list[list[str]]:
    """Return the rows that Athena answers, without the header.

    Raises:
        Unproven: the query fails, or takes too long.
    """
    athena = client_of("athena")
    ran = athena.start_query_execution(QueryString=sql, WorkGroup=of["WorkGroup"])["QueryExecutionId"]
    deadline = time.monotonic() + SECONDS
    while True:
        status = athena.get_query_execution(QueryExecutionId=ran)["QueryExecution"]["Status"]
        if status["State"] not in {"QUEUED", "RUNNING"}:
            break
        if time.monotonic() > deadline:
            raise Unproven(message=f"a query has not ended after {SECONDS} s: {sql}")
        time.sleep(1)
    if status["State"] != "SUCCEEDED":
        raise Unproven(message=f"{status['State']}: {status.get('StateChangeReason')}")
    rows = athena.get_query_results(QueryExecutionId=ran)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows[1:]]
