"""What a load touches, asked before it merges: order dates, buyers and products that gold must look at again.

The columns that matter are the e-commerce ones; a table takes part when it has them. Old values come from silver as
it was, new ones from the rows about to be merged. More values than gold would list in a statement are not collected:
gold then looks at everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.load.report import Touched
from lakehouse_assets.sql.gold import MAX_WINDOW

if TYPE_CHECKING:
    from lakehouse_assets.load.work import TableLoad


def find(loads: list[TableLoad], engine: Engine) -> Touched:
    """Dates of changed orders (old and new), of orders whose items changed, of orders that hold a changed product."""
    changed = {table.name: table for table in loads if table.has_changes}
    dates: set[Any] = set()
    users: set[str] = set()
    products: set[str] = set()
    if "clean_orders" in changed:
        dates |= _distinct(engine, 'SELECT "date" AS v FROM clean_orders__changed')
        dates |= _distinct(engine, "SELECT _old_date AS v FROM clean_orders__changed")
        users |= _distinct(engine, "SELECT user_id AS v FROM clean_orders__changed")
        users |= _distinct(engine, "SELECT _old_user_id AS v FROM clean_orders__changed")
    first_orders = any(table.name == "clean_orders" and table.was_empty for table in loads)
    if "clean_orders_items" in changed and not first_orders:  # on a first load every order is new, and so counted above
        dates |= _order_dates(engine, _changed_item_orders("order_id"))
        if changed["clean_orders_items"].report.counts.updated:
            dates |= _order_dates(engine, _changed_item_orders("_old_order_id"))
    if "clean_products" in changed:
        products |= _distinct(engine, "SELECT product_id AS v FROM clean_products__changed")
        if changed["clean_products"].report.counts.updated:
            dates |= _order_dates(engine, ORDERS_OF_CHANGED_PRODUCTS)
    return Touched(_listed(dates), _listed(users), _listed(products))


def _listed(values: set[Any]) -> list[Any] | None:
    return sorted(values, key=str) if len(values) <= MAX_WINDOW else None


ORDERS_OF_CHANGED_PRODUCTS = (
    "SELECT i.order_id AS order_id FROM delta_lakehouse.clean_orders_items AS i "
    "JOIN clean_products__changed AS c ON c.product_id = i.product_id WHERE c._verdict = 'update'"
)


def _changed_item_orders(column: str) -> str:
    return f"SELECT DISTINCT {column} AS order_id FROM clean_orders_items__changed"


def _order_dates(engine: Engine, orders: str) -> set[Any]:
    """Dates of these orders, as silver holds them; what this run brings of them is counted with the orders."""
    return _distinct(
        engine,
        f'SELECT o."date" AS v FROM delta_lakehouse.clean_orders AS o JOIN ({orders}) AS x ON x.order_id = o.order_id',
    )


def _distinct(engine: Engine, sql: str) -> set[Any]:
    distinct = f"SELECT DISTINCT v FROM ({sql}) AS q WHERE v IS NOT NULL"
    return set(engine.values(f"{distinct} LIMIT {MAX_WINDOW + 1}"))
