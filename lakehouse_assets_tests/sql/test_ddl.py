"""CREATE statements: golden text per table, and what each engine insists on.

`python lakehouse_assets_tests/sql/test_ddl.py` rewrites the golden files; read the difference before committing it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from lakehouse_assets.contracts import Contract, contract, contracts
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.contracts.reader import parse_contract
from lakehouse_assets.sql.ddl import (
    TYPOGRAPHIC,
    athena_delta_ddl,
    athena_iceberg_ddl,
    contract_hash,
    declare_statements,
)

GOLDENS = Path(__file__).parents[1] / "goldens" / "ddl"
ROOT = "s3://lake/lakehouse-dwh"
TABLES = list(contracts("ecommerce").values())
GOLD = [pytest.param(c, id=c.name) for c in TABLES if c.layer == "gold"]
ORDERS = contract("ecommerce", "silver.clean_orders")
SALES = contract("ecommerce", "gold.daily_sales")


def rendered() -> dict[str, str]:
    """All statements of the e-commerce tables by golden file name."""
    return {"declare.athena.sql": ";\n\n".join(declare_statements(TABLES, ROOT)) + ";\n"}


@pytest.mark.parametrize("name", rendered())
def test_statements_equal_their_golden_file(name: str) -> None:
    """A changed statement is a difference that somebody has looked at."""
    assert rendered()[name] == (GOLDENS / name).read_text("utf-8")


def test_every_golden_file_is_still_rendered() -> None:
    """No golden file outlives its table."""
    assert {file.name for file in GOLDENS.iterdir()} == set(rendered())


@pytest.mark.parametrize("table", GOLD)
def test_athena_sees_the_contracts_columns(table: Contract) -> None:
    """Athena's parser reads names, types and comments back as the contract has them, but for the kind of apostrophe."""
    definitions = sqlglot.parse_one(athena_iceberg_ddl(table, ROOT), read="athena").find_all(exp.ColumnDef)
    read = [(d.name, d.kind.sql("hive").replace(" ", ""), d.find(exp.CommentColumnConstraint)) for d in definitions]
    assert [(name, kind) for name, kind, _ in read] == [(c.name, c.type) for c in table.columns]
    assert [comment.this.this for _, _, comment in read] == [
        c.description.replace("'", TYPOGRAPHIC) for c in table.columns
    ]


def test_an_iceberg_table_is_partitioned_only_when_asked_for() -> None:
    """The property `partition_by` is what adds the clause, column by column."""
    asked = replace(SALES, partition_by=("date", "department_id"))
    assert "PARTITIONED BY" not in athena_iceberg_ddl(SALES, ROOT)
    assert "\nPARTITIONED BY (`date`, `department_id`)\n" in athena_iceberg_ddl(asked, ROOT)


def test_athena_registers_delta_without_columns() -> None:
    """Athena reads columns from the table's log, so that none can disagree with it."""
    assert athena_delta_ddl(ORDERS, "s3://lake/orders") == (
        "CREATE EXTERNAL TABLE IF NOT EXISTS `delta_lakehouse`.`clean_orders`\n"
        "LOCATION 's3://lake/orders/'\n"
        "TBLPROPERTIES ('table_type' = 'DELTA')"
    )


def test_iceberg_is_not_external() -> None:
    """Athena refuses the word EXTERNAL and constraints for Iceberg tables."""
    text = athena_iceberg_ddl(SALES, ROOT)
    assert text.startswith("CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`daily_sales` (\n  `date` date COMMENT")
    assert "NOT NULL" not in text
    assert text.endswith("('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')")


@pytest.mark.parametrize("words", ["The run's clock", r"a \ b", "ends with \\", "two\nlines", 'a "quote"; and more'])
def test_words_cannot_leave_their_literal(words: str) -> None:
    """Quotes, backslashes, semicolons and line ends in a description stay in the comment, spelt without escapes."""
    column = replace(SALES.columns[0], description=words)
    parsed = sqlglot.parse(athena_iceberg_ddl(replace(SALES, columns=(column,)), ROOT), read="athena")
    assert len(parsed) == 1
    written = words.replace("\n", " ").replace("\\", "/").replace("'", TYPOGRAPHIC)
    assert parsed[0].find(exp.CommentColumnConstraint).this.this == written


def test_databases_are_declared_before_tables() -> None:
    """Databases come first, then silver, side and gold tables by name; landing is no table."""
    first_lines = [statement.split("\n")[0] for statement in declare_statements(TABLES, ROOT)]
    assert first_lines[:3] == [
        "CREATE DATABASE IF NOT EXISTS `delta_lakehouse`",
        "CREATE DATABASE IF NOT EXISTS `ecommerce_gold`",
        "CREATE EXTERNAL TABLE IF NOT EXISTS `delta_lakehouse`.`clean_orders`",
    ]
    assert len(first_lines) == 2 + 9


def test_the_order_of_contracts_does_not_matter() -> None:
    """The same tables give the same statements in whatever order they come."""
    assert declare_statements(reversed(TABLES), ROOT) == declare_statements(TABLES, ROOT)


def test_a_location_has_one_slash_between_its_parts() -> None:
    """A root with or without a slash at its end is the same place."""
    assert table_location(ORDERS, "s3://lake/") == "s3://lake/lakehouse-dwh/clean_orders"


def test_a_hash_is_the_same_for_equal_contracts() -> None:
    """Reading a contract twice, with its properties in another order, gives the same hash."""
    document = yaml.safe_load(Path("lakehouse_assets/contracts/ecommerce/clean_orders.yaml").read_text("utf-8"))
    document["customProperties"].reverse()
    assert contract_hash(parse_contract(document)) == contract_hash(ORDERS)


def test_a_hash_differs_for_any_difference() -> None:
    """One word in one description is another contract for the catalog."""
    reworded = replace(ORDERS, columns=(replace(ORDERS.columns[0], description="?"), *ORDERS.columns[1:]))
    assert len({contract_hash(c) for c in (*TABLES, reworded)}) == len(TABLES) + 1


if __name__ == "__main__":
    for file_name, statement in rendered().items():
        (GOLDENS / file_name).write_text(statement, "utf-8")
