"""Small drops of the shop, a few rows each, every batch with keys of its own."""

from __future__ import annotations

from datetime import date, timedelta

PRODUCTS = "product_id,department_id,department,product_name\n"
ORDERS = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
ITEMS = "id,order_id,user_id,days_since_prior_order,product_id,add_to_cart_order,reordered,order_timestamp,date\n"
FIRST = date(2025, 4, 7)


def batch(number: int, orders: int = 3) -> dict[str, bytes]:
    """The files of one batch by key: two products, some orders of one day, an item of each order.

    Order `100 * number + i` is of user `i` and has the amount `10.00 * number + i`.
    """
    day = FIRST + timedelta(days=number)
    ids = [100 * number + i for i in range(1, orders + 1)]
    products = "".join(f"{2 * number + i},1,tea,Tea {2 * number + i}\n" for i in (0, 1))
    bought = "".join(f"{one},{one},{one % 100},{day}T10:00:00,{10 * number + one % 100}.00,{day}\n" for one in ids)
    items = "".join(f"{one},{one},{one % 100},,{2 * number},1,0,{day}T10:00:00,{day}\n" for one in ids)
    return {
        f"orders/{number}.csv": (ORDERS + bought).encode(),
        f"order_items/{number}.csv": (ITEMS + items).encode(),
        "products.csv": (PRODUCTS + products).encode(),
    }


def order(number: int) -> bytes:
    """A file of one order of the first day."""
    return (ORDERS + f"{number},{number},1,{FIRST}T10:00:00,5.00,{FIRST}\n").encode()


def wrong_orders(number: int, bad: int, good: int) -> bytes:
    """A file of orders, so many of which have no date that there is."""
    day = FIRST + timedelta(days=number)
    ids = [100 * number + 50 + i for i in range(bad + good)]
    lines = (f"{one},{one},1,{day}T10:00:00,5.00,{'2025-13-45' if at < bad else day}\n" for at, one in enumerate(ids))
    return (ORDERS + "".join(lines)).encode()
