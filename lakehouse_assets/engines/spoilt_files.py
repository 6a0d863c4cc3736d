"""Find the data file of a table whose bytes cannot be read, by reading them all.

Sizes and metadata tell most damage at once (`damage.py`). Bytes that changed inside a file are seen by who reads it,
and DuckDB does not say of which file it speaks; so all are read again, one after the other, once something went wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.damage import Damage
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.exhaustion import damaged
from lakehouse_assets.engines.time_travel import files_at
from lakehouse_assets.errors import TableDamaged, TableMissing
from lakehouse_assets.storage.lake import Lake

FILE = "__file"


def spoilt(contract: Contract, lake: Lake, most_bytes: int | None = None) -> Damage | None:
    """Return what is wrong with the first data file of a table that cannot be read to its end; None when all can.

    A table that is not there has none.

    Args:
        contract: the table.
        lake: where it is.
        most_bytes: of a table that is larger only the ends of files are read, which say what they hold; None for any.

    Raises:
        TableDamaged, LakeIncomplete: its metadata cannot be read.
    """
    try:
        is_small = most_bytes is None or sum(size for _, size in lake.data_files(contract)) <= most_bytes
        files = files_at(contract, lake, None).rows
    except TableMissing:
        return None
    # An engine of its own: one that met spoilt bytes may answer nothing more.
    with closing(DuckEngine(lake)) as engine:
        for file in files:
            problem = _problem(engine, contract, file, is_small=is_small)
            if problem:
                return Damage(f"its file `{lake.relative(file)}` cannot be read: {problem}", is_inside=True)
    return None


def named(error: TableDamaged | None, tables: Iterable[Contract], lake: Lake) -> TableDamaged | None:
    """Return the error that names the one table of several whose file is spoilt; the same where none of them is.

    Args:
        error: what is known of it; None when the error was not about a file.
        tables: those that were read.
        lake: where they are.
    """
    for contract in tables if error else ():
        damage = spoilt(contract, lake)
        if damage is not None:
            return TableDamaged(table=contract.catalog_name, problem=damage.words)
    return error


def _problem(engine: DuckEngine, contract: Contract, file: str, *, is_small: bool) -> str | None:
    """Return what DuckDB says of a file that is spoilt."""
    import duckdb

    try:
        engine.show_files(FILE, contract, [file])
        if is_small:
            engine.read_whole(FILE)
    except TableDamaged as error:
        return str(error.facts["problem"])
    except duckdb.Error as error:
        found = damaged(error, [contract.catalog_name])
        if found is None:
            raise
        return str(found.facts["problem"])
    return None
