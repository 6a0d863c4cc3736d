"""Find which tables a statement reads, and order gold models by what they read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from sqlglot import exp

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.sql.dialects import tree_of


@lru_cache(maxsize=1024)  # A code location asks it of every model several times.
def tables_read(sql: str) -> tuple[str, ...]:
    """Return the catalog names (`database.table`) of the tables that a statement reads, sorted, without its WITH names.

    >>> tables_read("WITH a AS (SELECT n FROM lake.readings) SELECT a.n FROM a JOIN gold.days AS s ON s.n = a.n")
    ('gold.days', 'lake.readings')
    """
    return tuple(sorted({f"{table.db}.{table.name}" for table in tree_of(sql).find_all(exp.Table) if table.db}))


def sources(contract: Contract, sql: str, known: Mapping[str, Contract]) -> dict[str, Contract]:
    """Return the tables that a gold model reads, by catalog name; each must be a stored table of its own pipeline.

    Args:
        contract: the gold table.
        sql: its SELECT.
        known: the pipeline's contracts, by whatever name.

    Raises:
        ContractInvalid: the model reads a table that is not stored in its pipeline.
    """
    stored = stored_tables(known.values())
    read = tables_read(sql)
    for name in read:
        if name not in stored:
            problem = f"its SELECT reads `{name}`; a model may read {', '.join(f'`{n}`' for n in stored)}"
            raise ContractInvalid(contract=f"{contract.layer}.{contract.name}", problem=problem)
    return {name: stored[name] for name in read}


def levels(models: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Group gold models in the order in which to build them: each level reads only tables of the levels before it.

    Args:
        models: catalog name of the gold table -> its SELECT.

    Raises:
        ContractInvalid: models read each other in a circle; the message names the models in its order.
    """
    sorter = TopologicalSorter({name: set(tables_read(sql)) & models.keys() for name, sql in models.items()})
    found = []
    try:
        sorter.prepare()
    except CycleError as error:
        names = _from_the_least(error.args[1][:0:-1])
        circle = " reads ".join(f"`{name}`" for name in (*names, names[0]))
        raise ContractInvalid(contract=names[0], problem=f"models read each other in a circle: {circle}") from error
    while sorter.is_active():
        ready = tuple(sorted(sorter.get_ready()))
        found.append(ready)
        sorter.done(*ready)
    return tuple(found)


def _from_the_least(circle: list[str]) -> list[str]:
    """Rotate a circle of names so that it begins with the least name."""
    first = circle.index(min(circle))
    return circle[first:] + circle[:first]
