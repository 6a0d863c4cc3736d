"""Where columns come from, in the terminal, as JSON, and drawn on the dictionary's page."""

from __future__ import annotations

import json
import re

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import model_sql
from lakehouse_assets.operations.dictionary import current
from lakehouse_assets.sql.column_graph import ColumnGraph, column_graph
from lakehouse_assets.sql.lineage import Source
from lakehouse_assets_tests.operations.conftest import Cli

AMOUNT = Source("ecommerce_gold.daily_sales", "amount")


@pytest.fixture(scope="module")
def shop() -> ColumnGraph:
    """The lineage of the shop's columns."""
    return column_graph(contracts("ecommerce"), lambda gold: model_sql("ecommerce", gold.name))


def test_a_column_is_followed_down_to_the_landed_file_and_up_to_gold(cli: Cli) -> None:
    """The day of an order is read from the file, and both daily tables are by it."""
    assert cli("lineage", "clean_orders.date").out.splitlines() == [
        "delta_lakehouse.clean_orders.date",
        "  <- landing.orders.date",
        "  -> ecommerce_gold.daily_sales.date",
        "  -> ecommerce_gold.product_daily.date",
        "  -> ecommerce_gold.user_orders.avg_days_between_orders",
    ]


@pytest.mark.parametrize(
    "name", ["gold.daily_sales.amount", "gold/daily_sales.amount", "ecommerce_gold.daily_sales.amount"]
)
def test_a_column_is_found_by_each_name_of_its_table(cli: Cli, name: str) -> None:
    """Layer and name, asset key, and database and name mean the same; below each column is what that comes from."""
    (found,) = json.loads(cli("lineage", name, "--json").out)
    first = found["upstream"][0]
    assert (first["table"], first["column"]) == ("delta_lakehouse.clean_orders", "total_amount")
    assert first["upstream"] == [{"table": "landing.orders", "column": "total_amount", "upstream": []}]


def test_lines_fit_a_terminal(cli: Cli) -> None:
    """The widest table of the product is printed within 80 columns, each of its 22 columns once at the margin."""
    lines = cli("lineage", "daily_affiliate_performance").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len([line for line in lines if not line.startswith(" ")]) == len(
        contracts("marketing")["gold.daily_affiliate_performance"].columns
    )


def test_the_dictionary_draws_each_source_of_a_gold_table(shop: ColumnGraph) -> None:
    """An arrow leads to each column from each column that it comes from, and from no other."""
    page = current()
    drawn = page[page.index("## ecommerce_gold.daily_sales") :].partition("```mermaid")[2].partition("```")[0]
    labels = dict(re.findall(r'(c\d+)\["(\w+)"\]', drawn))
    arrows = sorted((labels[one], labels[other]) for one, other in re.findall(r"(c\d+) --> (c\d+)", drawn))
    wanted = shop.of_table(AMOUNT.table).items()
    assert arrows == sorted((one.column, column) for column, origins in wanted for one in origins)
    assert ("total_amount", "amount") in arrows
