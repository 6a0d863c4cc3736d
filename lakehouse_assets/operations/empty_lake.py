"""Ask statements of tables without rows, to learn before any run whether an engine takes them, and what they give."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.affects import CHANGED, OLD
from lakehouse_assets.contracts.layers import seeds
from lakehouse_assets.engines.binding import EmptyTables
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.trial import require_conditions
from lakehouse_assets.load.seeds import stage_seeds
from lakehouse_assets.sql import silver
from lakehouse_assets.sql.affected import values_of
from lakehouse_assets.sql.seeds import as_landed
from lakehouse_assets.storage.lake import Lake, open_lake

if TYPE_CHECKING:
    import pyarrow as pa


class EmptyLake(EmptyTables):
    """Answer statements of a pipeline whose tables all have no rows, also those that a load would ask.

    Args:
        engine: an engine of its own.
        lake: a folder that is thrown away.
        known: the pipeline's contracts.
    """

    def __init__(self, engine: DuckEngine, lake: Lake, known: Iterable[Contract]) -> None:
        super().__init__(engine, known)
        self._lake = lake

    def judge(self, contract: Contract) -> None:
        """Ask the statement that casts and judges the rows of a silver or reference table.

        Raises:
            BadRequest, UnportableSql: as `schema`.
        """
        import pyarrow as pa

        landed = as_landed(contract) if contract.layer == "reference" else contract
        texts = dict.fromkeys(str(column.source) for column in landed.columns if column.source)
        fields = [("_row", pa.int64()), ("_malformed", pa.bool_()), *((name, pa.string()) for name in texts)]
        self._engine.register("__raw", pa.schema(fields).empty_table())
        self.schema(silver.parsed(landed))
        require_conditions(self._engine, contract.rules_of("row"))

    def affected(self, contract: Contract) -> None:
        """Ask the SELECTs with which changed rows of a silver table are followed to windows.

        Raises:
            BadRequest, UnportableSql: as `schema`.
        """
        self._engine.register(f"{contract.name}__{CHANGED}", _changed(contract))
        for effect in contract.affects:
            for select in values_of(contract, effect, updates=True):
                self.schema(select)

    def plant(self, pipeline: str, contract: Contract) -> None:
        """Read the seed of a reference table as a load does.

        Raises:
            SeedInvalid, ContractInvalid: it breaks the contract, or is not there.
        """
        engine = DuckEngine(self._lake)  # a load's own relations, beside those that are here already
        try:
            stage_seeds(seeds({f"reference.{contract.name}": contract}, pipeline), self._lake, engine)
        finally:
            engine.close()


@contextmanager
def empty_lake(known: Iterable[Contract], zone: str) -> Iterator[EmptyLake]:
    """Yield an empty lake of these contracts; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-check-") as folder:
        lake = open_lake(folder)
        engine = DuckEngine(lake, zone=zone)
        try:
            yield EmptyLake(engine, lake, known)
        finally:
            engine.close()


def _changed(contract: Contract) -> pa.Table:
    """Return the relation that `affects` reads (`contracts/affects.py`), without rows."""
    import pyarrow as pa

    from lakehouse_assets.engines import delta

    schema = delta.arrow_schema(contract)
    now = [schema.field(column.name) for column in contract.content]
    old = [field.with_name(f"{OLD}{field.name}") for field in now if not contract.column(field.name).key]
    return pa.schema([*now, *old, pa.field("_verdict", pa.string())]).empty_table()
