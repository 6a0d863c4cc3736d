"""Run a SELECT over record batches of text as they come: what one worker of a cluster does with its part of the files.

The SELECT is the one that the embedded engine runs, in the same DuckDB; so a row means the same wherever it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse_assets.errors import ReconciliationFailed
from lakehouse_assets.formats.protocol import MALFORMED, ROW

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ARROW_ROWS = 65_536
"""Rows per record batch of the result."""
MEMORY = "512MB"
"""How much DuckDB may hold for one task; it needs a few batches."""


@dataclass(frozen=True)
class ArrowSelect:
    """Make record batches of the result of a SELECT that gives one row for each row; see `protocol.BatchMapper`.

    Attributes:
        sql: the SELECT from relation `__raw`, in DuckDB's SQL.
        text: the columns of `__raw`.
        schema: the columns of the result; moments are in UTC.
    """

    sql: str
    text: pa.Schema
    schema: pa.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the result.

        Raises:
            ReconciliationFailed: there are not as many as there were rows of text.
        """
        import pyarrow as pa

        read, made = 0, 0

        def counted() -> Iterator[pa.RecordBatch]:
            nonlocal read
            for batch in batches:
                read += batch.num_rows
                yield batch

        with _database() as db:
            db.register("__raw", pa.RecordBatchReader.from_batches(self.text, counted()))
            for batch in db.execute(self.sql).to_arrow_reader(ARROW_ROWS):
                made += batch.num_rows
                yield pa.Table.from_batches([batch]).cast(self.schema).to_batches()[0]
        if read != made:
            raise ReconciliationFailed(table="a part of the files", equation=f"{read} records read, {made} rows made")


def arrow_select(sql: str, columns: Iterable[str]) -> ArrowSelect:
    """Return the mapper that runs a SELECT, in DuckDB's SQL, over relation `__raw` with these columns of text."""
    import pyarrow as pa

    text = pa.schema([(ROW, pa.int64()), (MALFORMED, pa.bool_()), *((column, pa.string()) for column in columns)])
    with _database() as db:
        db.register("__raw", text.empty_table())
        return ArrowSelect(sql, text, _in_utc(db.execute(sql).to_arrow_table().schema))


def _database() -> duckdb.DuckDBPyConnection:
    import duckdb

    db = duckdb.connect(config={"threads": 1, "memory_limit": MEMORY})
    db.execute("SET TimeZone = 'UTC'")
    return db


def _in_utc(schema: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([pa.field(field.name, _typed(field.type)) for field in schema])


def _typed(kind: pa.DataType) -> pa.DataType:
    """Return the type with every moment in it in UTC."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC")
    if pa.types.is_list(kind):
        return pa.list_(_typed(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _typed(field.type)) for field in kind])
    return kind
