"""A gold table without a load: rows put into it, and what it holds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lakehouse_assets.contracts import contracts
from lakehouse_assets.engines import iceberg
from lakehouse_assets.engines.iceberg_commit import live_files, replace
from lakehouse_assets.storage.lake import Lake

SALES = contracts("ecommerce")["gold.daily_sales"]
USERS = contracts("ecommerce")["gold.user_orders"]
FIRST_DAY = date(2025, 4, 1)


def rows_of(days: int) -> pa.Table:
    """One row of sales per day, the first of them one order of 1.00, the second two of 2.00, and so on."""
    schema = iceberg.arrow_schema(SALES)
    numbers = range(1, days + 1)

    def value(name: str, kind: pa.DataType, number: int) -> Any:
        if pa.types.is_date(kind):
            return FIRST_DAY + timedelta(days=number - 1)
        if pa.types.is_decimal(kind):
            return Decimal(number)
        return name if pa.types.is_string(kind) else number

    return pa.Table.from_pylist([{f.name: value(f.name, f.type, n) for f in schema} for n in numbers], schema)


def fill(lake: Lake, days: int) -> None:
    """Let the table hold so many days, in one commit."""
    table = iceberg.ensure(SALES, lake)
    replace(SALES, table, rows_of(days).to_batches(), live_files(table), lambda: None)


def held(lake: Lake, snapshot_id: int | None = None) -> int:
    """How many days the table holds, now or in a snapshot; each with the values that it was given."""
    found = lake.iceberg(SALES).scan(snapshot_id=snapshot_id).to_arrow().sort_by("date")
    assert found.equals(rows_of(found.num_rows).cast(found.schema))
    return int(found.num_rows)
