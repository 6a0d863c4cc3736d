"""Ask statements of tables without rows, to learn whether the engine takes them, and what they give.

Here also: what an engine's refusal says to people, who know tables by the names that contracts give them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.engines.refusals import refusal_of
from lakehouse_assets.errors import BadRequest, UnportableSql
from lakehouse_assets.sql.dialects import Parameter, Value
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLES: dict[str, Value] = {
    "DATE": date(2025, 4, 1),
    "INT": 1,
    "BIGINT": 1,
    "BOOLEAN": True,
    "TIMESTAMP": datetime(2025, 4, 1),  # noqa: DTZ001 - moments are zone-less UTC in SQL
    "DECIMAL": Decimal("1.00"),
}
"""Maps types of window columns to a value of them; of any other the value is a text."""


class EmptyTables:
    """Answer statements of a pipeline whose tables all have no rows.

    Args:
        engine: an engine of its own.
        known: the pipeline's contracts.
    """

    def __init__(self, engine: DuckEngine, known: Iterable[Contract]) -> None:
        self._engine, self._stored = engine, stored_tables(known)
        for name, contract in self._stored.items():
            engine.show_files(relation_of(name), contract, [])

    def schema(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> pa.Schema:
        """Return names and types of what a statement gives.

        Raises:
            BadRequest: the engine does not take it; or it is no SQL, or a parameter has no value.
            UnportableSql: it uses what does not mean the same on every engine.
        """
        import duckdb

        try:
            return self._engine.arrow(sql, parameters).schema
        except duckdb.Error as error:
            raise BadRequest(message=words(error, self._stored)) from error

    def refusal(self, contract: Contract, select: str) -> str | None:
        """Return why a gold table cannot be built by this SELECT, in words that follow its name; None when it can."""
        try:
            given = self.schema(select, sample_window(contract)).names
        except (BadRequest, UnportableSql) as error:
            return f"its SELECT is not usable: {error}"
        lacking = [column.name for column in contract.columns if column.name not in given]
        return f"its SELECT gives no column `{lacking[0]}`" if lacking else None


@contextmanager
def empty_tables(lake: Lake, known: Iterable[Contract], zone: str) -> Iterator[EmptyTables]:
    """Yield the empty tables of these contracts; the lake is neither read nor written."""
    engine = DuckEngine(lake, zone=zone)
    try:
        yield EmptyTables(engine, known)
    finally:
        engine.close()


def sample_window(contract: Contract) -> dict[str, Parameter]:
    """Return parameters with which the SELECT of a gold table can be asked for a part of it."""
    given: dict[str, Parameter] = {"everything": False}
    if contract.window and contract.window_source:
        kind = contract.column(contract.window).data_type.name
        given[contract.window_source] = (SAMPLES.get(kind, "x"),)
    return given


def words(error: Exception, tables: Iterable[str]) -> str:
    """Return what an engine says, without its excerpt of the statement, with tables as contracts name them."""
    text = refusal_of(error)
    for name in tables:
        text = text.replace(relation_of(name), name)
    return text.replace("text__", "")
