"""Rows of the report in an order of their own, so that two tables of them can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lakehouse_assets_tests.oracle.sub5 import KEY

Row = dict[str, Any]


def sorted_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows in the order of their keys."""
    return sorted(rows, key=lambda row: [str(row[name]) for name in KEY])
