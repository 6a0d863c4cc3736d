"""Gold tables as sorted lists of dicts, from silver as plain dicts. Moments are zone-less UTC, as in the tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from .loading import State

NOTHING = ("(none)", "(none)")
Department = tuple[str, str]


def daily_sales(state: State) -> list[dict[str, Any]]:
    """One row per date of the order and department; amounts are split by item share, exact to the cent."""
    orders, products = _values(state, "orders"), _values(state, "products")
    items_of = defaultdict(list)
    for item in _values(state, "order_items").values():
        items_of[item["order_id"]].append(item)
    groups: dict[tuple[Any, ...], list[tuple[dict[str, Any], list[dict[str, Any]], int]]] = defaultdict(list)
    for order_id, order in orders.items():
        by_department: dict[Department, list[dict[str, Any]]] = defaultdict(list)
        for item in items_of[order_id]:
            by_department[_department(products[item["product_id"]])].append(item)
        counts = {department: len(items) for department, items in by_department.items()}
        for department, cents in split_cents(int(order["total_amount"] * 100), counts).items():
            groups[(order["date"], *department)].append((order, by_department.get(department, []), cents))
    return [
        {
            "date": key[0],
            "department_id": key[1],
            "department": key[2],
            "orders": len(parts),
            "buyers": len({order["user_id"] for order, _, _ in parts}),
            "items": sum(len(items) for _, items, _ in parts),
            "reorder_rate": _reorder_rate(item for _, items, _ in parts for item in items),
            "amount": Decimal(sum(cents for _, _, cents in parts)) / 100,
        }
        for key, parts in sorted(groups.items())
    ]


def split_cents(cents: int, items: dict[Department, int]) -> dict[Department, int]:
    """Cents per department: q*k + r*cum div n - r*(cum-k) div n, departments in order, sign restored."""
    if not items:
        return {NOTHING: cents}
    n = sum(items.values())
    q, r = divmod(abs(cents), n)
    sign = -1 if cents < 0 else 1
    shares, cum = {}, 0
    for department, k in sorted(items.items()):
        cum += k
        shares[department] = sign * (q * k + r * cum // n - r * (cum - k) // n)
    return shares


def product_daily(state: State) -> list[dict[str, Any]]:
    """One row per date of the order and product."""
    orders = _values(state, "orders")
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for item in _values(state, "order_items").values():
        groups[(orders[item["order_id"]]["date"], item["product_id"])].append(item)
    return [
        {
            "date": key[0],
            "product_id": key[1],
            "items": len(items),
            "orders": len({item["order_id"] for item in items}),
            "reorder_rate": _reorder_rate(items),
            "avg_cart_position": _mean([item["add_to_cart_order"] for item in items]),
        }
        for key, items in sorted(groups.items())
    ]


def user_orders(state: State) -> list[dict[str, Any]]:
    """One row per user with at least one order."""
    orders_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for order in _values(state, "orders").values():
        orders_of[order["user_id"]].append(order)
    return [_user_row(user_id, orders) for user_id, orders in sorted(orders_of.items())]


def _user_row(user_id: str, orders: list[dict[str, Any]]) -> dict[str, Any]:
    moments = [order["order_timestamp"].replace(tzinfo=None) for order in orders]
    dates = [order["date"] for order in orders]
    span = (max(dates) - min(dates)).days
    return {
        "user_id": user_id,
        "first_order_at": min(moments),
        "last_order_at": max(moments),
        "orders": len(orders),
        "amount": sum((order["total_amount"] for order in orders), Decimal(0)),
        "avg_days_between_orders": span / (len(orders) - 1) if len(orders) > 1 else None,
    }


def _values(state: State, dataset: str) -> dict[str, dict[str, Any]]:
    return {key: row.values for key, row in state.silver[dataset].items()}


def _department(product: dict[str, Any]) -> Department:
    return product["department_id"] or "(unknown)", product["department"] or "(unknown)"


def _reorder_rate(items: Iterable[dict[str, Any]]) -> float | None:
    flags = Counter(item["reordered"] for item in items)
    known = flags[True] + flags[False]
    return flags[True] / known if known else None


def _mean(numbers: list[int | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known else None
