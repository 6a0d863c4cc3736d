"""Statements that people bring along from other systems, through Athena, on the tables of the lake."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from lakehouse_assets_tests.e2e.production import Production

pytestmark = pytest.mark.e2e_all

TABLE = "ecommerce_gold.brought_along"
INSERT = f"INSERT INTO {TABLE} SELECT 1, 'one' WHERE NOT EXISTS (SELECT 1 FROM {TABLE} WHERE id = 1)"
MERGE = (
    f"MERGE INTO {TABLE} AS t USING (SELECT 2 AS id, 'two' AS name) AS s ON t.id = s.id "
    "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)"
)


def asked(production: Production, sql: str) -> tuple[str, str, list[list[Any]]]:
    """State, reason and rows of a statement."""
    athena = production.client("athena")
    query = athena.start_query_execution(QueryString=sql, WorkGroup="lakehouse")["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"}:
            break
        time.sleep(0.2)
    rows = []
    if status["State"] == "SUCCEEDED" and sql.startswith("SELECT"):
        found = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1:]
        rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in found]
    return status["State"], status.get("StateChangeReason", ""), rows


@pytest.fixture(scope="module")
def brought(production: Production) -> str:
    """An empty Iceberg table."""
    asked(production, "CREATE DATABASE IF NOT EXISTS `ecommerce_gold`")
    made = asked(
        production,
        "CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`brought_along` (\n`id` int,\n`name` string\n)\n"
        f"LOCATION '{production.lake}/ecommerce_gold/brought_along/'\nTBLPROPERTIES ('table_type' = 'ICEBERG')",
    )
    assert made[:2] == ("SUCCEEDED", "")
    return TABLE


def rows(production: Production, where: str) -> int:
    """How many rows of the table there are."""
    return int(asked(production, f"SELECT count(*) AS n FROM {TABLE} WHERE {where}")[2][0][0])


@pytest.mark.usefixtures("brought")
def test_an_insert_of_what_is_not_there_adds_nothing_the_second_time(production: Production) -> None:
    """One after the other it is safe."""
    for _ in range(2):
        assert asked(production, INSERT)[0] == "SUCCEEDED"
    assert rows(production, "id = 1") == 1


@pytest.mark.usefixtures("brought")
def test_two_such_inserts_at_once_may_both_add_and_two_merges_may_not(production: Production) -> None:
    """An append conflicts with no other one, so both may win; of two MERGEs one is refused, or sees the other's row."""
    inserted = at_once(production, INSERT.replace("1, 'one'", "3, 'three'").replace("id = 1", "id = 3"))
    merged = at_once(production, MERGE)
    assert inserted.count("SUCCEEDED") >= 1
    assert rows(production, "id = 3") == inserted.count("SUCCEEDED") or rows(production, "id = 3") == 1
    assert merged.count("SUCCEEDED") >= 1
    assert rows(production, "id = 2") == 1


def at_once(production: Production, sql: str) -> list[str]:
    """How two of a statement end that are started together."""
    states: list[str] = []
    threads = [threading.Thread(target=lambda: states.append(asked(production, sql)[0])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return states
