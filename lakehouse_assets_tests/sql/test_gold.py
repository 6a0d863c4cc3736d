"""MERGE statements of gold: golden text per model, and their meaning, tried on DuckDB.

`python lakehouse_assets_tests/sql/test_gold.py` rewrites the golden files; read the difference before committing it.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from lakehouse_assets.contracts import Column, Contract, contract, contracts
from lakehouse_assets.contracts.layers import model_sql, silver_tables
from lakehouse_assets.errors import BadRequest, UnportableSql
from lakehouse_assets.load.ledger import backlog
from lakehouse_assets.sql.gold import assertion_statement, merge_statement, window_parameters
from lakehouse_assets_tests.lake import LakeDriver, csv_file

GOLDENS = Path(__file__).parents[1] / "goldens" / "gold"
MODELS = ("daily_sales", "product_daily", "user_orders")
TOUCHED: dict[str, Any] = {
    "touched_dates": (date(2025, 4, 3), date(2025, 4, 1)),
    "touched_users": ("u2", "it's u1"),
}
TALLY = Contract(
    name="tally",
    database="gold",
    layer="gold",
    version="1.0.0",
    description="",
    grain="",
    owner="",
    columns=(
        Column("date", "DATE", "", required=True, key=1),
        Column("shop", "STRING", "", required=True, key=2),
        Column("n", "BIGINT", ""),
        Column("rate", "DOUBLE", ""),
    ),
    rules=(),
    window="date",
    window_source="touched_dates",
    freshness_hours=None,
)
TALLY_SQL = 'SELECT "date", shop, n, rate FROM silver.sales WHERE :everything OR "date" IN (:touched_dates)'
SALES = [("2025-04-01", "new", 1, 0.5), ("2025-04-01", "changed", 2, None), ("2025-04-01", "same", 3, None)]
HELD = [
    ("2025-04-01", "changed", 2, 0.25),
    ("2025-04-01", "same", 3, None),
    ("2025-04-01", "vanished", 4, 1.0),
    ("2025-04-02", "between", 5, 1.0),
    ("2025-04-09", "outside", 6, 1.0),
]

PRODUCTS = "product_id,department_id,department,product_name\np1,d1,Food,Tea\np2,d2,Home,Cup\n"
ORDERS = "order_id,order_num,user_id,order_timestamp,total_amount,date\n"
ITEMS = "id,order_id,user_id,product_id,add_to_cart_order,days_since_prior_order,order_timestamp,reordered,date\n"
FIRST = (
    csv_file("products", "products.csv", PRODUCTS),
    csv_file(
        "orders",
        "orders/1.csv",
        ORDERS
        + "o1,1,u1,2025-04-01T09:00:00,10.00,2025-04-01\n"
        + "o2,2,u2,2025-04-01T10:00:00,0.05,2025-04-01\n"
        + "o3,3,u3,2025-04-02T10:00:00,7.00,2025-04-02\n",
    ),
    csv_file(
        "order_items",
        "order_items/1.csv",
        ITEMS
        + "i1,o1,u1,p1,1,,2025-04-01T09:00:00,0,2025-04-01\n"
        + "i2,o1,u1,p2,2,,2025-04-01T09:00:00,1,2025-04-01\n"
        + "i3,o2,u2,p2,1,,2025-04-01T10:00:00,,2025-04-01\n",
    ),
)
SECOND = (
    csv_file(
        "orders",
        "orders/2.csv",
        ORDERS + "o1,1,u1,2025-04-03T09:00:00,11.00,2025-04-03\n" + "o4,4,u2,2025-04-03T11:00:00,1.00,2025-04-03\n",
    ),
    csv_file("order_items", "order_items/2.csv", ITEMS + "i4,o4,u2,p1,1,2,2025-04-03T11:00:00,1,2025-04-03\n"),
)


def rendered() -> dict[str, str]:
    """All MERGE statements by golden file name."""
    texts = {}
    for model in MODELS:
        gold = contract("ecommerce", f"gold.{model}")
        source = gold.window_source
        sql = model_sql("ecommerce", model)
        touched = {"everything": False, source: TOUCHED[source]}
        texts[f"{model}.sql"] = merge_statement(gold, sql, touched)
        texts[f"{model}.everything.sql"] = merge_statement(gold, sql, {"everything": True, source: ()})
    return {name: f"{text};\n" for name, text in texts.items()}


@pytest.mark.parametrize("name", rendered())
def test_statements_equal_their_golden_file(name: str) -> None:
    """A changed statement is a difference that somebody has looked at."""
    assert rendered()[name] == (GOLDENS / name).read_text("utf-8")


def test_every_golden_file_is_still_rendered() -> None:
    """No golden file outlives its model, and each model has one."""
    assert {file.name for file in GOLDENS.iterdir()} == set(rendered())
    assert {f"gold.{model}" for model in MODELS} == {n for n, c in contracts("ecommerce").items() if c.layer == "gold"}


@pytest.mark.parametrize("name", rendered())
def test_athenas_parser_takes_each_statement(name: str) -> None:
    """Each golden file is one MERGE with a delete, an update and an insert, and is no longer than Athena takes."""
    text = (GOLDENS / name).read_text("utf-8")
    (tree,) = sqlglot.parse(text, read="athena")
    assert isinstance(tree, exp.Merge)
    assert len(list(tree.find_all(exp.When))) == 3
    assert len(text.encode()) < 262_144


@pytest.mark.parametrize("name", rendered())
def test_nothing_of_ours_is_left_in_a_statement(name: str) -> None:
    """Parameters are literals and macros are expanded: Athena knows neither."""
    tree = sqlglot.parse_one((GOLDENS / name).read_text("utf-8"), read="athena")
    assert not list(tree.find_all(exp.Placeholder))
    assert {call.name.lower() for call in tree.find_all(exp.Anonymous)} <= {"at_timezone", "date_diff"}


def test_bounds_are_the_first_and_the_last_touched_value() -> None:
    """The condition names literal bounds, in order, for Iceberg to skip files by; the whole table has none."""
    bounds = "AND t.\"date\" BETWEEN CAST('2025-04-01' AS DATE) AND CAST('2025-04-03' AS DATE)\n"
    assert bounds in rendered()["daily_sales.sql"]
    assert "AND t.\"user_id\" BETWEEN 'it''s u1' AND 'u2'\n" in rendered()["user_orders.sql"]
    assert "BETWEEN" not in rendered()["product_daily.everything.sql"]


def merge(
    held: list[Any], touched: tuple[date, ...] = (), sales: list[Any] = SALES, select: str = TALLY_SQL
) -> tuple[dict[str, str], set[str]]:
    """What the MERGE of these dates (of everything without) does to which shop, and the shops there are afterwards."""
    parameters = {"everything": not touched, "touched_dates": touched}
    text = sqlglot.transpile(merge_statement(TALLY, select, parameters), read="athena", write="duckdb")[0]
    with duckdb.connect() as db:
        db.execute("CREATE SCHEMA silver; CREATE SCHEMA gold")
        for table, rows in (("silver.sales", sales), ("gold.tally", held)):
            db.execute(f'CREATE TABLE {table} ("date" DATE, shop VARCHAR, n BIGINT, rate DOUBLE)')
            if rows:
                db.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", rows)
        done = db.execute(f"{text} RETURNING shop, merge_action").fetchall()
        return dict(done), {shop for (shop,) in db.execute("SELECT shop FROM gold.tally").fetchall()}


def test_a_merge_inserts_updates_and_deletes_inside_the_window() -> None:
    """New, changed (to NULL) and vanished keys are written; equal rows and rows outside of the window are not."""
    done, left = merge(HELD, (date(2025, 4, 1),))
    assert done == {"new": "INSERT", "changed": "UPDATE", "vanished": "DELETE"}
    assert left == {"new", "changed", "same", "between", "outside"}


def test_a_date_between_the_touched_ones_is_left_alone() -> None:
    """Bounds only skip files: rows of an untouched date inside them are no tombstones."""
    done, left = merge(HELD, (date(2025, 4, 3), date(2025, 4, 1)))
    assert "between" not in done
    assert "between" in left


def test_rows_outside_of_the_window_are_not_inserted_again() -> None:
    """A model that gives them anyway would add them with every merge, since they meet none of the table's rows."""
    ignoring = TALLY_SQL.replace('"date" IN', "DATE '2025-04-01' IN")
    sold = [*SALES, ("2025-04-09", "outside", 6, 1.0), ("2025-04-02", "between", 9, 1.0)]
    done, left = merge(HELD, (date(2025, 4, 3), date(2025, 4, 1)), sold, ignoring)
    assert done == {"new": "INSERT", "changed": "UPDATE", "vanished": "DELETE"}
    assert left == {"new", "changed", "same", "between", "outside"}


def test_the_whole_table_is_the_window_when_asked_for() -> None:
    """Everything the model does not have goes."""
    done, left = merge(HELD)
    assert [shop for shop, action in done.items() if action == "DELETE"] == ["vanished", "between", "outside"]
    assert left == {"new", "changed", "same"}


def test_a_merge_run_again_writes_nothing() -> None:
    """A table that is up to date matches in every row."""
    done, _ = merge(SALES, (date(2025, 4, 1),))
    assert done == {}


def test_an_empty_table_is_filled() -> None:
    """The first run inserts all."""
    done, _ = merge([])
    assert set(done.values()) == {"INSERT"}


@pytest.mark.parametrize("model", MODELS)
def test_a_merge_reaches_the_table_that_the_embedded_engine_builds(model: str, tmp_path: Path) -> None:
    """Both ways to store a model end in the same rows after a day that adds, changes and moves orders."""
    lake, gold = LakeDriver(tmp_path), contract("ecommerce", f"gold.{model}")
    lake.load(*FIRST)
    held = pa.Table.from_pylist(lake.gold(model))
    lake.load(*SECOND)
    window = backlog(contract("ecommerce", "control.ecommerce_run_ledger"), lake.value, gold).window
    text = merge_statement(gold, model_sql("ecommerce", model), window_parameters(gold, window))
    with duckdb.connect() as db:
        fill(db, lake, gold, held)
        assert db.execute(sqlglot.transpile(text, read="athena", write="duckdb")[0]).fetchall() != [(0,)]
        merged = db.execute(f"SELECT * FROM {gold.catalog_name} ORDER BY ALL").to_arrow_table().to_pylist()
    assert merged == lake.gold(model)


def fill(db: duckdb.DuckDBPyConnection, lake: LakeDriver, gold: Contract, held: pa.Table) -> None:
    """The lake's silver and one gold table as plain tables."""
    engine = lake.query()
    tables = {c.catalog_name: engine.arrow(f"SELECT * FROM {c.catalog_name}") for c in silver_tables(lake.known)}
    engine.close()
    db.execute("CREATE MACRO at_timezone(moment, zone) AS timezone(zone, moment)")  # Trino's name of it
    db.execute("SET TimeZone = 'UTC'; CREATE SCHEMA delta_lakehouse; CREATE SCHEMA ecommerce_gold")
    for name, rows in (tables | {gold.catalog_name: held}).items():
        db.register("rows", rows)
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")


def test_no_touched_value_is_refused() -> None:
    """A window of nothing would be a MERGE of nothing."""
    with pytest.raises(BadRequest, match="nothing to merge into `gold"):
        merge_statement(TALLY, TALLY_SQL, {"everything": False, "touched_dates": ()})


def test_a_model_may_not_use_what_engines_read_differently() -> None:
    """An average in a model is refused with the way out."""
    with pytest.raises(UnportableSql, match="ratio"):
        merge_statement(TALLY, "SELECT avg(x) AS n FROM silver.sales", {"everything": True, "touched_dates": ()})


def test_an_assertion_is_one_line_with_its_clock_as_a_literal() -> None:
    """The run's clock becomes a typed literal; line ends go, which the machine's validator refuses."""
    sql = assertion_statement("SELECT n FROM t\nWHERE at < :as_of -- late", {"as_of": datetime(2025, 4, 1, 9)})  # noqa: DTZ001 - zone-less, as SQL's TIMESTAMP
    assert sql == "SELECT n FROM t WHERE at < CAST('2025-04-01 09:00:00.000000' AS TIMESTAMP(6))"


if __name__ == "__main__":
    for file_name, statement in rendered().items():
        (GOLDENS / file_name).write_text(statement, "utf-8")
