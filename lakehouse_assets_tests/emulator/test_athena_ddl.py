"""All DDL that the project sends to Athena is in the grammar that Athena's pages publish, and other DDL is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.sql.ddl import declare_statements
from lakehouse_assets.sql.sql_types import in_athena_ddl
from lakehouse_assets_tests.emulator.patches.athena_ddl import Column, read
from lakehouse_assets_tests.emulator.patches.athena_queries import within
from lakehouse_assets_tests.emulator.patches.athena_reading import NotAthena
from lakehouse_assets_tests.emulator.patches.athena_refusals import READ_ONLY, refusal
from lakehouse_assets_tests.emulator.patches.athena_trino import in_trino
from lakehouse_assets_tests.emulator.patches.trino_client import Answer
from lambdas.declaretables.logic import _altered

ROOT = "s3://lake"
TABLE = "CREATE TABLE t ({columns}) LOCATION 's3://lake/t/' TBLPROPERTIES ('table_type' = 'ICEBERG'{more})"


GOLD = [
    pytest.param(contract, id=contract.name)
    for pipeline in ("ecommerce", "marketing")
    for contract in contracts(pipeline).values()
    if contract.layer == "gold"
]


def emitted() -> Iterator[str]:
    """Every statement that declares tables, of all pipelines."""
    for pipeline in ("ecommerce", "marketing"):
        yield from declare_statements(contracts(pipeline).values(), ROOT)


@pytest.mark.parametrize("statement", dict.fromkeys(emitted()))
def test_every_declaration_is_in_the_grammar(statement: str) -> None:
    """And says where its table lies."""
    found = read(statement)
    assert found.verb == "create database" or (found.location or "").startswith(f"{ROOT}/")


@pytest.mark.parametrize("table", GOLD)
def test_what_changes_a_table_is_in_the_grammar(table: Contract) -> None:
    """As `DeclareTables` writes it for a table whose contract got a column."""
    held = [(column.name, in_athena_ddl(column.data_type)) for column in table.columns]
    grown = replace(table.columns[-1], name="added", required=False, key=False)
    (statement,) = _altered(replace(table, columns=(*table.columns, grown)), held)
    assert read(statement).verb == "add columns"
    assert read(statement).columns == (Column("added", in_athena_ddl(grown.data_type), None),)
    wider = "ALTER TABLE `gold`.`t` CHANGE COLUMN `a` `a` decimal(38,6)"
    assert in_trino(read(wider), "") == ['ALTER TABLE iceberg."gold"."t" ALTER COLUMN "a" SET DATA TYPE decimal(38,6)']


@pytest.mark.parametrize(
    "statement",
    [
        TABLE.format(columns="`a` integer", more=""),
        TABLE.format(columns="`a` varchar(10)", more=""),
        TABLE.format(columns="`a` timestamp with time zone", more=""),
        TABLE.format(columns="`a` tinyint", more=""),
        TABLE.format(columns="date date", more=""),
        TABLE.format(columns="_a int", more=""),
        TABLE.format(columns='"a" int', more=""),
        TABLE.format(columns="`a` int NOT NULL", more=""),
        TABLE.format(columns="`a` int COMMENT 'it\\'s'", more=""),
        TABLE.format(columns="`a` int COMMENT 'it''s'", more=""),
        TABLE.format(columns="`a` int", more=", 'write.format.default' = 'parquet'"),
        TABLE.format(columns="`a` int", more="").replace("CREATE TABLE", "CREATE EXTERNAL TABLE"),
        TABLE.format(columns="`a` int", more="").replace("s3://lake/t/", "s3://lake/t"),
        TABLE.format(columns="`a` int", more="").replace("LOCATION", "PARTITIONED BY (`b`) LOCATION"),
        "CREATE EXTERNAL TABLE t (`a` int) LOCATION 's3://lake/t/' TBLPROPERTIES ('table_type' = 'DELTA')",
        "CREATE TABLE t AS SELECT 1 AS a",
        "ALTER TABLE t ADD COLUMNS (`a` int COMMENT 'no')",
        "DROP TABLE IF EXISTS t, s",
    ],
)
def test_what_no_page_has_is_refused(statement: str) -> None:
    """The traps: words of queries, of Trino and of Hive, quotes, and what Iceberg tables do not take."""
    with pytest.raises(NotAthena):
        read(statement)


def test_words_that_are_reserved_may_be_quoted() -> None:
    """By backticks only."""
    found = read(TABLE.format(columns="`date` date, `_run_id` string COMMENT 'x', s struct<`on`:int>", more=""))
    assert found.columns == (
        Column("date", "date", None),
        Column("_run_id", "string", "x"),
        Column("s", "struct<on:int>", None),
    )


def test_trino_is_told_the_same_table() -> None:
    """Types and partitions in its spelling, in the catalog of the format."""
    columns = "`date` date COMMENT 'd', n int, tags array<string>"
    text = TABLE.format(columns=columns, more="").replace("LOCATION", "PARTITIONED BY (month(`date`)) LOCATION")
    (told,) = in_trino(read(text.replace("TABLE t", "TABLE IF NOT EXISTS t")), "gold")
    assert told == (
        'CREATE TABLE IF NOT EXISTS iceberg."gold"."t" '
        '("date" date COMMENT \'d\', "n" integer, "tags" array(varchar)) '
        "WITH (format = 'PARQUET', location = 's3://lake/t', partitioning = ARRAY['month(date)'])"
    )


@pytest.mark.parametrize(
    "verb",
    ["INSERT INTO s.t VALUES (1)", "update s.t set a = 1", "DELETE FROM s.t", "MERGE INTO s.t USING s.u ON true"],
)
def test_delta_is_read_only(verb: str) -> None:
    """Whatever writes it, however it is spelt; the same on another table is not refused."""
    assert refusal(verb, lambda name: name == ("s", "t")) == READ_ONLY
    assert refusal(verb, lambda _: False) is None


def test_a_delta_table_is_not_read_as_of_another_time() -> None:
    """What looks like it in a text or a comment is none."""
    travels = "SELECT * FROM a.b FOR VERSION AS OF 3 JOIN s.t FOR TIMESTAMP AS OF now() ON true"
    assert refusal(travels, lambda name: name == ("s", "t"))
    assert refusal("SELECT 's.t FOR VERSION AS OF 3' FROM s.t -- FOR VERSION AS OF 3", lambda _: True) is None


@pytest.mark.parametrize(("scanned", "state"), [(10_000_000, "SUCCEEDED"), (10_000_001, "CANCELLED")])
def test_a_workgroup_limits_what_is_read(scanned: int, state: str) -> None:
    """More is cancelled; CloudFormation hands the limit on as text."""
    group = {"Configuration": {"BytesScannedCutoffPerQuery": "10000000"}}
    assert within(Answer(scanned_bytes=scanned), group)[0] == state
