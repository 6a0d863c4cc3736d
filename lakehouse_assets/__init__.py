"""Load what other systems drop or answer into tables that can be relied on; `table` reads one into a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["table"]


def table(
    name: str,
    *,
    as_of: str | datetime | None = None,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    lake: str | None = None,
) -> pd.DataFrame:
    """Return the rows of a table as a pandas data frame, in the order of the key and in the types of its contract.

    A DECIMAL is exact (its values are `decimal.Decimal`), a TIMESTAMP is a moment in UTC, a DATE is a date, and NULL is
    `pandas.NA` in every type: all columns are Arrow's (`pandas.ArrowDtype`). The frame is in memory as a whole, so of a
    large table name the columns and the rows that are needed.

    Args:
        name: as in queries, `database.table`; every table of a contract but landing.
        as_of: the table as committed until then, ISO-8601 or zone-aware, UTC unless it says otherwise; None for now.
        columns: which ones, in which order; None for all.
        where: a condition in Athena's SQL, such as `order_date >= DATE '2025-04-01'`.
        lake: a folder or `s3://bucket/prefix`; None for the one of LAKEHOUSE_LAKE. With LAKEHOUSE_TARGET=aws Athena
            reads the table, unless a moment is asked for, which it does not know of Delta tables.

    Raises:
        BadRequest: there is no such lake, table or column, `where` is no condition, or the table was not yet there.
        TableMissing: nothing has made the table yet.
        LakehouseError: the table cannot be read.
    """
    # Whoever imports a part of this package does not load pandas.
    from lakehouse_assets.operations.frames import read_table

    return read_table(name, as_of=as_of, columns=columns, where=where, lake=lake)
