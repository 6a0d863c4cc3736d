"""Declare which figures of a pipeline's gold people look at: measures by day, and by one dimension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import ContractInvalid


@dataclass(frozen=True)
class Figure:
    """Say what is shown of a gold table.

    Attributes:
        title: in words.
        table: its bare name.
        day: the DATE column that measures are added up by.
        measures: the columns that are added up, the first one first.
        by: the column, such as a name, that they are added up by too; None for none.
    """

    title: str
    table: str
    day: str
    measures: tuple[str, ...]
    by: str | None = None

    def contract(self, known: Mapping[str, Contract]) -> Contract:
        """Return the contract of the table, given those of the pipeline by `layer.name`.

        Raises:
            ContractInvalid: it has no such table or column.
        """
        found = known.get(f"gold.{self.table}")
        if found is None:
            raise ContractInvalid(
                contract=f"gold.{self.table}", problem=f"the figure `{self.title}` is of no gold table"
            )
        there = {column.name for column in found.columns}
        absent = [name for name in (self.day, *self.measures, self.by) if name is not None and name not in there]
        if absent:
            problem = f"the figure `{self.title}` shows `{absent[0]}`, which is no column of it"
            raise ContractInvalid(contract=f"gold.{self.table}", problem=problem)
        return found
