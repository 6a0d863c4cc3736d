"""Write many small drops: what an application that exports every few minutes leaves in landing."""

from __future__ import annotations

from pathlib import Path

PRODUCTS = "product_id,department_id,department,product_name\n"
ORDERS = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
ITEMS = "id,order_id,user_id,days_since_prior_order,product_id,add_to_cart_order,reordered,order_timestamp,date\n"
ROWS = 3
"""How many orders a file holds; each has two items."""


def small_files(folder: Path, count: int) -> None:
    """Write so many files of orders, as many of their items, and the products that they name."""
    for dataset in ("orders", "order_items"):
        (folder / dataset).mkdir(parents=True, exist_ok=True)
    products = "".join(f"{n},{n % 10},department {n % 10},product {n}\n" for n in range(1, 101))
    (folder / "products.csv").write_text(PRODUCTS + products)
    for number in range(count):
        day = f"2025-04-{number % 28 + 1:02}"
        keys = range(number * ROWS + 1, number * ROWS + ROWS + 1)
        orders = "".join(f"{k},{k},{k % 500 + 1},{day}T10:00:00,12.50,{day}\n" for k in keys)
        items = "".join(
            f"{k * 2 + i},{k},{k % 500 + 1},3,{(k + i) % 100 + 1},{i + 1},0,{day}T10:00:00,{day}\n"
            for k in keys
            for i in (0, 1)
        )
        (folder / "orders" / f"{day}-{number:05}.csv").write_text(ORDERS + orders)
        (folder / "order_items" / f"{day}-{number:05}.csv").write_text(ITEMS + items)
