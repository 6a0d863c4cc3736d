"""Name the rows behind a value of a gold table that does not fit: their keys, files and values, the largest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.sql import lineage
from lakehouse_assets.sql.casts import quoted
from lakehouse_assets.sql.dialects import literal

NAMED_ROWS = 3
"""How many rows of a table are named for one column."""
NUMBERS = frozenset({"DECIMAL", "INT", "BIGINT"})


@dataclass(frozen=True)
class Contributors:
    """Look for the rows behind a group of a gold table, along the lineage of its columns.

    Attributes:
        engine: which shows the tables that the model reads.
        contract: the gold table.
        model: its SELECT.
        sources: contracts of the tables that it reads, by catalog name.
    """

    engine: DuckEngine
    contract: Contract
    model: str
    sources: Mapping[str, Contract]

    def words(self, group: Mapping[str, Any], unfit: Sequence[str]) -> str:
        """Return which columns of a group do not fit and its rows of largest value, as words that follow its key."""
        if not unfit:
            return ""
        found = [words for column in unfit for words in self._of_column(group, column)]
        return f": no room in {', '.join(f'`{name}`' for name in unfit)}" + "".join(f"; {words}" for words in found)

    def _of_column(self, group: Mapping[str, Any], column: str) -> Iterator[str]:
        """Yield for each number that a column is made of the rows of its largest values."""
        try:
            comes_from = lineage.of_model(self.model, self.contract, dict(self.sources))
        except ContractInvalid:
            return
        for source in comes_from[column]:
            table = self.sources[source.table]
            if table.column(source.column).data_type.name not in NUMBERS:
                continue
            same = [
                f"{quoted(at.column)} = {literal(value).sql('athena')}"
                for name, value in group.items()
                for at in comes_from[name]
                if at.table == source.table and len(comes_from[name]) == 1 and value is not None
            ]
            if same:
                yield from self._largest(table, source.column, " AND ".join(same))

    def _largest(self, table: Contract, column: str, where: str) -> Iterator[str]:
        at = [name for name in ("_file", "_line") if any(c.name == name for c in table.columns)]
        names = ", ".join(map(quoted, dict.fromkeys([*table.key, column, *at])))
        order = f"abs(CAST({quoted(column)} AS DOUBLE)) DESC, {', '.join(map(quoted, table.key))}"
        sql = f"SELECT {names} FROM {table.catalog_name} WHERE {where} ORDER BY {order} LIMIT {NAMED_ROWS}"
        for row in self.engine.rows(sql):
            key = ", ".join(f"{name} {row[name]}" for name in table.key)
            place = f" ({row['_file']}, line {row['_line']})" if len(at) > 1 else ""
            yield f"{table.name} {key}{place} has {column} {row[column]}"
