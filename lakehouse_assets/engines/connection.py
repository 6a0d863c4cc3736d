"""Open DuckDB within the limits of memory, threads and temporary files that an installation sets."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from lakehouse_assets.storage.os_errors import storage_error

if TYPE_CHECKING:
    import duckdb

    from lakehouse_assets.settings import Settings


@dataclass(frozen=True)
class Spill:
    """Say where DuckDB puts what does not fit into memory, and how much of it.

    Attributes:
        folder: where; each connection has a folder of its own in it. None for the system's folder of temporary files.
        limit: how much, as DuckDB spells it (`20GB`); None for nine tenths of the space that is free there.
    """

    folder: Path | None = None
    limit: str | None = None


SYSTEM_SPILL = Spill()


class Limits(TypedDict):
    """Hold what DuckDB may take, as the arguments of whoever opens it: memory, threads (None for all) and spill."""

    memory: str
    threads: int | None
    spill: Spill


def limits_of(settings: Settings) -> Limits:
    """Return what DuckDB may take by the settings of an installation."""
    spill = Spill(settings.duckdb_temp, settings.duckdb_temp_limit)
    return {"memory": settings.duckdb_memory, "threads": settings.duckdb_threads or None, "spill": spill}


def connect(
    memory: str, threads: int | None, spill: Spill = SYSTEM_SPILL
) -> tuple[duckdb.DuckDBPyConnection, tempfile.TemporaryDirectory[str]]:
    """Return a connection to an empty database in memory, and its folder of temporary files, to be cleaned up after it.

    Args:
        memory: limit as DuckDB spells it (`1GB`).
        threads: how many; None for all.
        spill: see there.

    Raises:
        LakehouseError: the folder of temporary files cannot be used.
    """
    import duckdb

    try:
        if spill.folder is not None:
            spill.folder.mkdir(exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix="lakehouse-spill-", dir=spill.folder, ignore_cleanup_errors=True)
    except OSError as error:
        raise storage_error(str(spill.folder or tempfile.gettempdir()), error) from error
    settings: dict[str, Any] = {"memory_limit": memory, "temp_directory": folder.name}
    settings |= {"threads": threads} if threads else {}
    db = duckdb.connect(config=settings)
    db.execute("SET TimeZone = 'UTC'")
    if spill.limit:  # a statement, since DuckDB shows the limit of a configuration and does not keep it
        db.execute(f"SET max_temp_directory_size = '{spill.limit}'")
    return db, folder
