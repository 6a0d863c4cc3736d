"""A worker makes rows of its text by the SELECT that the embedded engine runs, a batch at a time."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from lakehouse_assets.engines.arrow_select import ArrowSelect, arrow_select
from lakehouse_assets.errors import ReconciliationFailed
from lakehouse_assets.formats.protocol import record_batch

SQL = "SELECT _row, CAST(a AS DECIMAL(12, 2)) AS amount, CAST(t AS TIMESTAMP) AS at FROM __raw"


def text(rows: int, size: int = 2) -> Iterator[pa.RecordBatch]:
    """Batches of so many rows, some at a time."""
    for start in range(0, rows, size):
        some = range(start, min(start + size, rows))
        yield record_batch([(n, False, f"{n}.5", "2025-04-01 10:00:00") for n in some], ["a", "t"])


def test_every_row_of_text_becomes_a_typed_row() -> None:
    """Moments are in UTC, as the engine that gets them wants it, and the mapper can be sent to a worker."""
    select: ArrowSelect = pickle.loads(pickle.dumps(arrow_select(SQL, ["a", "t"])))  # noqa: S301 - our own bytes
    made = pa.Table.from_batches(select(text(5)), select.schema)
    assert made["_row"].to_pylist() == [0, 1, 2, 3, 4]
    assert made["amount"].to_pylist()[:2] == [Decimal("0.50"), Decimal("1.50")]
    assert made["at"].to_pylist()[0] == datetime(2025, 4, 1, 10, tzinfo=UTC)


def test_moments_inside_of_values_are_in_utc_too() -> None:
    """A list or a struct may hold some."""
    sql = "SELECT _row, [CAST(t AS TIMESTAMP)] AS all_of, {'at': CAST(t AS TIMESTAMP)} AS one FROM __raw"
    made = pa.Table.from_batches(arrow_select(sql, ["a", "t"])(text(1))).to_pylist()
    moment = datetime(2025, 4, 1, 10, tzinfo=UTC)
    assert made == [{"_row": 0, "all_of": [moment], "one": {"at": moment}}]


def test_no_row_is_lost_in_between() -> None:
    """A SELECT that leaves one out is no way to make rows of text."""
    with pytest.raises(ReconciliationFailed, match="5 records read, 4 rows made"):
        list(arrow_select(f"{SQL} WHERE _row <> 3", ["a", "t"])(text(5)))
