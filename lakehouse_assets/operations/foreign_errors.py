"""Turn what a library raises, and no module nearer to it has recognised, into an error of ours, for every command."""

from __future__ import annotations

from lakehouse_assets.errors import LakehouseError, LibraryFailed

LIBRARIES = {
    "_duckdb": "DuckDB",
    "duckdb": "DuckDB",
    "deltalake": "delta-rs",
    "_internal": "delta-rs",
    "pyo3_runtime": "delta-rs",
    "pyiceberg": "pyiceberg",
    "pyarrow": "Arrow",
    "fastavro": "fastavro",
    "sqlite3": "SQLite",
    "sqlalchemy": "SQLAlchemy",
    "alembic": "Alembic",
    "dagster": "Dagster",
    "orjson": "the JSON reader",
    "json": "the JSON reader",
}
"""Names for people the libraries whose classes of errors are told in one sentence; all others are faults of ours."""


def known_error(error: BaseException) -> LakehouseError | None:
    """Return our error for a library's, or for one of the system that says that something ran out; None for others."""
    from lakehouse_assets.engines.exhaustion import exhausted
    from lakehouse_assets.storage.damage import first_line

    found = exhausted(error)
    if found is not None:
        return found
    library = LIBRARIES.get(type(error).__module__.partition(".")[0])
    if library is None:
        return None
    return LibraryFailed(library=library, kind=type(error).__name__, problem=first_line(error))
