"""Open and change the catalog of a lake's Iceberg tables: a SQLite file in a folder, Glue for S3 (`glue_catalog.py`).

Belongs here: which catalog a lake has, which metadata it names, and how Iceberg spells places. Not here: what is in
the metadata (`storage/relocation.py` for places, `engines` for everything else).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lakehouse_assets.errors import CommitConflict
from lakehouse_assets.storage.s3_place import is_s3

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

CATALOG_FILE = "catalog.db"
CATALOG_NAME = "lake"
FILE_SCHEME = "file://"

Identifier = tuple[str, str]
"""Holds database and name of a table."""


@dataclass(frozen=True, order=True)
class CatalogEntry:
    """Hold what the catalog says of one table.

    Attributes:
        database, name: the two parts of the name that queries use.
        metadata, previous: locations of the table's newest metadata file and of the one before.
    """

    database: str
    name: str
    metadata: str
    previous: str | None

    @property
    def catalog_name(self) -> str:
        """Return the name by which queries know the table, `database.name`."""
        return f"{self.database}.{self.name}"

    @property
    def root(self) -> str:
        """Return the root of the lake that the metadata lies in, or the metadata file's path where it fits no lake.

        Where a lake keeps a table's metadata follows from `contracts.layers.table_location`.
        """
        path = path_in_uri(self.metadata)
        root, found, _ = path.rpartition(f"/{self.database}/{self.name}/metadata/")
        return root if found else path


class FolderCatalog:
    """Read and change the catalog in a SQLite file, whose tables are laid out by pyiceberg.

    https://github.com/apache/iceberg-python/blob/main/pyiceberg/catalog/sql.py

    Args:
        root: folder of the lake.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._file = Path(root) / CATALOG_FILE

    def _using(self) -> AbstractContextManager[None]:
        """Turn what libraries say of the file into one of our errors."""
        from lakehouse_assets.storage.damage import using_catalog

        return using_catalog(self._file)

    @property
    def place(self) -> str:
        """Return where the catalog is, for messages."""
        return f"`{self._root}/{CATALOG_FILE}`"

    def identifier(self, database: str, name: str) -> Identifier:
        """Return by which name the catalog knows a table."""
        return (database, name)

    @property
    def exists(self) -> bool:
        """Say whether the lake has a catalog."""
        return self._file.exists()

    def open(self) -> Catalog:
        """Open the catalog with pyiceberg; create it when it is absent."""
        from pyiceberg.catalog.sql import SqlCatalog

        with self._using():
            return SqlCatalog(CATALOG_NAME, uri=f"sqlite:///{self._file}", warehouse=iceberg_uri(self._root))

    def entries(self, wanted: Identifier | None = None) -> list[CatalogEntry]:
        """Return the entries of all tables, ordered by name; none when there is no catalog.

        Args:
            wanted: the only table that is asked for; here all cost as much as one, and tell more of where the lake was.

        Raises:
            StateDamaged, StateLocked: the catalog cannot be read.
        """
        del wanted
        if not self.exists:
            return []
        query = (
            "SELECT table_namespace, table_name, metadata_location, previous_metadata_location FROM iceberg_tables "
            "WHERE catalog_name = ? ORDER BY 1, 2"
        )
        place = f"{self._file.as_uri()}?mode=ro"
        with self._using(), closing(sqlite3.connect(place, uri=True)) as db:
            known = db.execute("SELECT name FROM sqlite_master WHERE name = 'iceberg_tables'").fetchall()
            return [CatalogEntry(*row) for row in db.execute(query, (CATALOG_NAME,))] if known else []

    def repoint(self, changes: Mapping[CatalogEntry, CatalogEntry]) -> None:
        """Replace each old entry by its new one, in one transaction, so that the tables name other metadata files.

        Raises:
            CommitConflict: a table is not as it was read; nothing was changed.
        """
        update = (
            "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "
            "WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?"
        )
        with self._using(), closing(sqlite3.connect(self._file)) as db, db:
            for old, new in changes.items():
                now = (new.metadata, new.previous, CATALOG_NAME, old.database, old.name, old.metadata)
                if db.execute(update, now).rowcount != 1:
                    raise CommitConflict(table=old.catalog_name)


class Entries(Protocol):
    """Define what every catalog can do; `FolderCatalog` and `GlueTables` say how."""

    @property
    def place(self) -> str:
        """Return where the catalog is, for messages."""

    @property
    def exists(self) -> bool:
        """Say whether the lake has a catalog."""

    def identifier(self, database: str, name: str) -> Identifier:
        """Return by which name the catalog knows a table, given the names in its contract."""

    def open(self) -> Catalog:
        """Open the catalog with pyiceberg; create it when it is absent."""

    def entries(self, wanted: Identifier | None = None) -> list[CatalogEntry]:
        """Return the entries of all tables, ordered by name, or at least that of the one that is wanted."""

    def repoint(self, changes: Mapping[CatalogEntry, CatalogEntry]) -> None:
        """Replace each old entry by its new one, so that the tables name other metadata files."""


def catalog_of(root: str) -> Entries:
    """Return the catalog of the lake with this root, whether it is there or not."""
    if not is_s3(root):
        return FolderCatalog(root)
    from lakehouse_assets.storage.glue_catalog import GlueTables

    return GlueTables(gold_databases)


def gold_databases() -> tuple[str, ...]:
    """Return the databases of all gold tables of the pipelines that are set, sorted."""
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.packages import pipelines

    known = (contract for pipeline in pipelines() for contract in contracts(pipeline).values())
    return tuple(sorted({contract.database for contract in known if contract.layer == "gold"}))


def iceberg_uri(location: str) -> str:
    """Return a place as Iceberg's metadata spells it; pyiceberg does not decode `%20`, so a blank stays a blank.

    >>> iceberg_uri("/data/my lake"), iceberg_uri("s3://bucket/lake")
    ('file:///data/my lake', 's3://bucket/lake')
    """
    return location if "://" in location else f"{FILE_SCHEME}{location}"


def path_in_uri(uri: str) -> str:
    """Return a place of Iceberg's metadata as engines read it: the opposite of `iceberg_uri`.

    >>> path_in_uri("file:///data/my lake"), path_in_uri("s3://bucket/lake")
    ('/data/my lake', 's3://bucket/lake')
    """
    return uri.removeprefix(FILE_SCHEME)
