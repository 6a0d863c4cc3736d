"""Make clean rows as text columns, one day at a time, with numpy and Arrow.

This module makes products, orders and items that break no rule; `dirt` makes rows dirty and `write` writes files. It is
imported only when a sample is written, because numpy and Arrow are slow to start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lakehouse_assets.ecommerce.sample.spec import SampleSpec

Columns = dict[str, Any]
"""The columns map each column name to an Arrow array of text, in the order of the file."""

Ints = npt.NDArray[np.int64]

DEPARTMENTS = ("Books", "Clothing", "Electronics", "Home", "Sports", "Toys")
SUFFIXES = ("Store", "There", "Together", "Law", "Treat", "Open", "Speech", "Style", "Money", "Born", "Ten", "Red")
FIRST_ORDER, FIRST_USER, USERS = 10_000, 1_001, 8_999
MINUTES_PER_DAY = 1_440
MIN_CENTS, MAX_CENTS = 2_000, 50_000
"""Amounts in cents lie in this range, as they do in the recorded shop data."""


@dataclass(frozen=True)
class Day:
    """Hold one day's drop and the numbers behind its text.

    Attributes:
        date: the local date of every row.
        orders: text columns, one row per order.
        items: text columns, one row per item, in the order of the orders.
        cents: amount per order.
        minutes: minute of the day per order.
        order_of_item: position in `orders` per item.
        product_of_item: position in the catalogue per item.
    """

    date: date
    orders: Columns
    items: Columns
    cents: Ints
    minutes: Ints
    order_of_item: Ints
    product_of_item: Ints


def make_products(spec: SampleSpec) -> Columns:
    """Make the catalogue; each department has one id, so no department is ambiguous."""
    rng = np.random.default_rng([spec.seed, 0])
    department = rng.integers(0, len(DEPARTMENTS), spec.products)
    suffix = rng.integers(0, len(SUFFIXES), spec.products)
    return {
        "product_id": _text(np.arange(1, spec.products + 1)),
        "department_id": _text(department + 1),
        "department": pa.array(DEPARTMENTS).take(pa.array(department)),
        "product_name": pa.array([f"Product_{n}_{SUFFIXES[s]}" for n, s in enumerate(suffix, start=1)]),
    }


def first_items(spec: SampleSpec) -> list[int]:
    """Return the first item id of each day; days are independent of each other but for this running count."""
    totals = (int(_items_per_order(spec, day).sum()) for day in range(spec.first + spec.days - 1))
    return list(accumulate(totals, initial=1))[spec.first :]


def make_day(spec: SampleSpec, day: int, first_item: int) -> Day:
    """Make the drop of day number `day`, counted from 0; no two days share a key."""
    rng = np.random.default_rng([spec.seed, day + 1, 1])
    orders = spec.orders_per_day * spec.scale
    sizes = _items_per_order(spec, day)
    of_item = np.repeat(np.arange(orders), sizes)
    when = spec.start + timedelta(days=day)
    minutes = rng.integers(0, MINUTES_PER_DAY, orders)
    cents = rng.integers(MIN_CENTS, MAX_CENTS, orders, endpoint=True)
    product = rng.integers(0, spec.products, len(of_item))
    order_columns = {
        "order_num": _text(rng.integers(1, 100, orders, endpoint=True)),
        "order_id": _text(FIRST_ORDER + day * orders + np.arange(orders)),
        "user_id": _text(FIRST_USER + rng.integers(0, USERS * spec.scale, orders)),
        "order_timestamp": clock_text(when, minutes),
        "total_amount": _amounts().take(pa.array(cents - MIN_CENTS)),
        "date": pa.repeat(when.isoformat(), orders),
    }
    positions = np.arange(len(of_item)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    parent = {name: column.take(pa.array(of_item)) for name, column in order_columns.items()}
    items = {
        "id": _text(first_item + np.arange(len(of_item))),
        "order_id": parent["order_id"],
        "user_id": parent["user_id"],
        "days_since_prior_order": _text(rng.integers(0, 30, len(of_item), endpoint=True)),
        "product_id": _text(product + 1),
        "add_to_cart_order": _text(positions),
        "reordered": _text(rng.integers(0, 2, len(of_item))),
        "order_timestamp": parent["order_timestamp"],
        "date": parent["date"],
    }
    return Day(when, order_columns, items, cents, minutes, of_item, product)


def clock_text(when: date, minutes: Ints) -> Any:  # noqa: ANN401 - an Arrow array
    """Return timestamps without offset, as text, for minutes of one local day."""
    clock = [f"{when.isoformat()}T{m // 60:02}:{m % 60:02}:00" for m in range(MINUTES_PER_DAY)]
    return pa.array(clock).take(pa.array(minutes))


def _items_per_order(spec: SampleSpec, day: int) -> Ints:
    rng = np.random.default_rng([spec.seed, day + 1, 0])
    most = max(1, round(2 * spec.items_per_order - 1))
    return rng.integers(1, most, spec.orders_per_day * spec.scale, endpoint=True)


def _text(numbers: Ints) -> Any:  # noqa: ANN401 - an Arrow array
    return pa.array(numbers).cast(pa.string())


def _amounts() -> Any:  # noqa: ANN401 - an Arrow array
    """Return every amount in the range as the shop writes it: `77`, `251.9`, `229.53`."""
    whole = (f"{cents // 100}.{cents % 100:02}" for cents in range(MIN_CENTS, MAX_CENTS + 1))
    return pa.array([text.rstrip("0").rstrip(".") for text in whole])
