"""Say, by layer, in which order a pipeline's tables load, where they lie in a lake, and which SELECT makes them.

Here: what follows from contracts and file names alone. Not here: SQL of the load (`sql`), and opening tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lakehouse_assets.contracts.model import Contract
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.errors import ContractInvalid

LOADED_BEFORE_GOLD = ("landing", "reference", "silver", "control")
"""Names the layers that a load needs whole: a file of a dataset without its table would be archived unread."""
CONTROL_TABLES = ("rejects", "pending", "run_ledger")
"""Names the tables that every pipeline keeps beside its silver tables, each under its `control_name`."""


def control_name(pipeline: str, word: str) -> str:
    """Return under which `layer.name` a pipeline's contracts hold one of its control tables.

    >>> control_name("weather", "rejects")
    'control.weather_rejects'
    """
    return f"control.{pipeline}_{word}"


def control_tables(known: Mapping[str, Contract], pipeline: str) -> dict[str, Contract]:
    """Return the contracts of a pipeline's control tables, by the words of `CONTROL_TABLES`."""
    return {word: known[control_name(pipeline, word)] for word in CONTROL_TABLES}


def stored_tables(known: Iterable[Contract]) -> dict[str, Contract]:
    """Return the contracts of all tables that lie in a lake by their catalog name, sorted; landing is no table."""
    return {c.catalog_name: c for c in sorted(known, key=lambda c: c.catalog_name) if c.layer != "landing"}


WAREHOUSE = "lakehouse-dwh"
"""Names the folder of all Delta tables below the lake's root."""


def table_location(contract: Contract, lake_root: str) -> str:
    """Return the table's path below the lake's root: gold by its database, the Delta tables in the warehouse folder."""
    folder = contract.database if contract.layer == "gold" else WAREHOUSE
    return f"{lake_root.rstrip('/')}/{folder}/{contract.name}"


def silver_tables(known: Mapping[str, Contract]) -> tuple[Contract, ...]:
    """Return the silver tables, parents before the tables that refer to them.

    Raises:
        ContractInvalid: tables refer to each other in a circle.
    """
    left = sorted((c for c in known.values() if c.layer == "silver"), key=lambda c: c.name)
    ordered: list[Contract] = []
    while left:
        # Reference tables and parents that are done are no reason to wait.
        waiting = {c.catalog_name for c in left}
        ready = [c for c in left if not _parents(c) & waiting - {c.catalog_name}]
        if not ready:
            names = " and ".join(f"`{c.name}`" for c in left)
            raise ContractInvalid(contract=left[0].name, problem=f"{names} refer to each other in a circle")
        ordered.append(ready[0])
        left.remove(ready[0])
    return tuple(ordered)


def landing_datasets(known: Mapping[str, Contract]) -> dict[str, Contract]:
    """Return the landing contracts by the name of their dataset."""
    return {contract.name: contract for contract in known.values() if contract.layer == "landing"}


def _parents(contract: Contract) -> set[str]:
    with_it = {f"{contract.database}.{contract.erased_with}"} if contract.erased_with else set()
    return {reference.parent for reference in contract.references} | with_it


def model_sql(pipeline: str, model: str) -> str:
    """Return the SELECT of a gold model.

    Raises:
        ContractInvalid: there is no file of it, or it is no text.
    """
    from lakehouse_assets.contracts.packages import file_of

    try:
        return file_of(pipeline, "sql", f"{model}.sql").read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        why = "is no UTF-8" if isinstance(error, UnicodeDecodeError) else "is not there"
        problem = f"its SELECT is missing: `sql/{model}.sql` in the package of `{pipeline}` {why}"
        raise ContractInvalid(contract=f"gold.{model}", problem=problem) from error


def seeds(known: Mapping[str, Contract], pipeline: str) -> tuple[Seed, ...]:
    """Return the seeds of a pipeline's reference tables, by name.

    Raises:
        ContractInvalid: a reference table has no seed.
    """
    tables = sorted((c for c in known.values() if c.layer == "reference"), key=lambda c: c.name)
    return tuple(_seed(contract, pipeline) for contract in tables)


def _seed(contract: Contract, pipeline: str) -> Seed:
    from lakehouse_assets.contracts.packages import file_of

    file = file_of(pipeline, "seeds", f"{contract.name}.csv")
    if not file.is_file():
        problem = f"its rows are missing: there is no `seeds/{contract.name}.csv` in the package of `{pipeline}`"
        raise ContractInvalid(contract=f"reference.{contract.name}", problem=problem)
    return Seed(contract, file.read_bytes())
