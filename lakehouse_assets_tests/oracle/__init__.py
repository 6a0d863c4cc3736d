"""The plain-Python oracle: what a load and the gold tables must be, worked out without SQL, Arrow or pandas.

It is written from the rules in words alone and shares no code with the product, so that both being wrong in the same
way is unlikely. Slow and simple on purpose: `reading` (bytes -> records), `rules` (record -> codes, values),
`loading` (files -> state, counts), `gold` (state -> gold tables).
"""

from __future__ import annotations

from .gold import daily_sales, product_daily, user_orders
from .loading import File, Loaded, Pending, Reject, Row, State, load
from .reading import Refused, read_records
from .rules import COLUMNS, WARNINGS, codes_for, parse

__all__ = [
    "COLUMNS",
    "WARNINGS",
    "File",
    "Loaded",
    "Pending",
    "Refused",
    "Reject",
    "Row",
    "State",
    "codes_for",
    "daily_sales",
    "load",
    "parse",
    "product_daily",
    "read_records",
    "user_orders",
]
