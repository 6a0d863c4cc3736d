"""Join the column lineage of all tables of a pipeline, and follow a column to where it comes from and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts import Contract
from lakehouse_assets.sql import lineage
from lakehouse_assets.sql.lineage import Source
from lakehouse_assets.sql.models import sources


@dataclass(frozen=True)
class ColumnGraph:
    """Hold which columns each column of a pipeline's tables comes from; one that comes from none is there too."""

    upstream: Mapping[Source, tuple[Source, ...]]

    @property
    def downstream(self) -> dict[Source, tuple[Source, ...]]:
        """Return which columns come from each column, sorted."""
        found: dict[Source, list[Source]] = {}
        for column, origins in self.upstream.items():
            for origin in origins:
                found.setdefault(origin, []).append(column)
        return {origin: tuple(sorted(columns)) for origin, columns in found.items()}

    def of_table(self, table: str) -> dict[str, tuple[Source, ...]]:
        """Return where the columns of one table come from, by name, in the contract's order."""
        return {one.column: origins for one, origins in self.upstream.items() if one.table == table}


def column_graph(known: Mapping[str, Contract], model: Callable[[Contract], str]) -> ColumnGraph:
    """Return the column lineage of a pipeline.

    Args:
        known: its contracts by `layer.name`, all of them sound.
        model: gives the SELECT of a gold table.

    Raises:
        ContractInvalid: a model names a column that there is not, or lacks one of its contract's.
    """
    return ColumnGraph(dict(edge for contract in known.values() for edge in _edges(contract, known, model)))


def _edges(
    contract: Contract, known: Mapping[str, Contract], model: Callable[[Contract], str]
) -> Iterator[tuple[Source, tuple[Source, ...]]]:
    found: Mapping[str, list[Source]] = {}
    if contract.layer == "silver":
        found = lineage.of_silver(contract, known[f"landing.{contract.landing}"])
    elif contract.layer == "gold":
        select = model(contract)
        found = lineage.of_model(select, contract, sources(contract, select, known))
    for column in contract.columns:
        yield Source(contract.catalog_name, column.name), tuple(found.get(column.name, ()))
