"""The statements that find affected values: portable, and no wider than what is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse_assets.contracts import Contract, Effect, contracts
from lakehouse_assets.contracts.packages import pipelines
from lakehouse_assets.errors import UnportableSql
from lakehouse_assets.sql.affected import distinct, old_columns, values_of
from lakehouse_assets.sql.dialects import render
from lakehouse_assets.sql.macros import Dialect

ASKED = [
    pytest.param(contract, effect, id=f"{contract.name} {number}")
    for pipeline in pipelines()
    for contract in contracts(pipeline).values()
    for number, effect in enumerate(contract.affects)
]
SHOP = contracts("ecommerce")


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
@pytest.mark.parametrize(("contract", "effect"), ASKED)
def test_every_entry_of_every_contract_is_portable(contract: Contract, effect: Effect, dialect: Dialect) -> None:
    """No entry that ships uses what engines read differently."""
    render(distinct(values_of(contract, effect, updates=True), 1), dialect, table=lambda name: name.replace(".", "__"))


def test_an_entry_that_engines_read_differently_is_refused() -> None:
    """A SELECT of an entry is held to the same list as models and rules."""
    select = "SELECT date_trunc('month', c.\"date\") AS value FROM changed AS c"
    orders = replace(SHOP["silver.clean_orders"], affects=(Effect("dates", select=select),))
    (statement,) = values_of(orders, orders.affects[0], updates=True)
    with pytest.raises(UnportableSql, match="is not portable"):
        render(distinct([statement], 1), "duckdb")


@pytest.mark.parametrize(
    ("name", "columns"),
    [("clean_orders", ("date", "user_id")), ("clean_orders_items", ("date", "order_id")), ("clean_products", ())],
)
def test_old_values_are_carried_where_they_are_needed(name: str, columns: tuple[str, ...]) -> None:
    """The date that bounds the merge, columns of entries, and `_old_…` in SELECTs; never a key."""
    assert old_columns(SHOP[f"silver.{name}"]) == columns


def test_without_an_update_only_new_values_are_asked_for() -> None:
    """The old value of an inserted row is NULL; a key has none at all."""
    orders, products = SHOP["silver.clean_orders"], SHOP["silver.clean_products"]
    assert values_of(orders, orders.affects[0], updates=False) == [
        'SELECT c."date" AS value FROM clean_orders__changed AS c'
    ]
    assert [s.split(" AS ")[0] for s in values_of(orders, orders.affects[0], updates=True)] == [
        'SELECT c."date"',
        'SELECT c."_old_date"',
    ]
    assert len(values_of(products, products.affects[0], updates=True)) == 1


def test_the_changed_rows_are_those_of_the_table() -> None:
    """The relation `changed` gets its name in the run; an alias and other tables stay as they are."""
    orders = SHOP["silver.clean_orders"]
    effect = Effect(
        "dates", select='SELECT c."date" AS value FROM changed AS c JOIN delta_lakehouse.clean_orders AS o ON 1 = 1'
    )
    (statement,) = values_of(orders, effect, updates=True)
    assert "FROM clean_orders__changed AS c JOIN delta_lakehouse.clean_orders AS o" in statement
    (bare,) = values_of(orders, Effect("dates", select="SELECT changed.x AS value FROM changed"), updates=True)
    assert "FROM clean_orders__changed AS changed" in bare
