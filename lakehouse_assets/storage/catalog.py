"""The catalog of a lake's Iceberg tables: a SQLite file in a lake that is a folder.

Belongs here: which catalog a lake has, which metadata it names, and how Iceberg spells places. Not here: what is in
the metadata (`storage/relocation.py` for places, `engines` for everything else).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.errors import CommitConflict

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

CATALOG_FILE = "catalog.db"
CATALOG_NAME = "lake"
FILE_SCHEME = "file://"


@dataclass(frozen=True, order=True)
class CatalogEntry:
    """What the catalog says of one table.

    Attributes:
        database, name: by which queries know it.
        metadata, previous: locations of its newest metadata file and of the one before.
    """

    database: str
    name: str
    metadata: str
    previous: str | None

    @property
    def catalog_name(self) -> str:
        """The name by which queries know the table."""
        return f"{self.database}.{self.name}"

    @property
    def root(self) -> str:
        """The root of the lake that the metadata lies in, or the metadata file itself where no lake would have it.

        Where a lake has it follows from `contracts.layers.table_location`.
        """
        path = path_in_uri(self.metadata)
        root, found, _ = path.rpartition(f"/{self.database}/{self.name}/metadata/")
        return root if found else path


class FolderCatalog:
    """The catalog in a SQLite file; its tables are pyiceberg's.

    https://github.com/apache/iceberg-python/blob/main/pyiceberg/catalog/sql.py

    Args:
        root: folder of the lake.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._file = Path(root) / CATALOG_FILE

    @property
    def exists(self) -> bool:
        """Whether the lake has a catalog."""
        return self._file.exists()

    def open(self) -> Catalog:
        """The catalog as pyiceberg has it, created when absent."""
        from pyiceberg.catalog.sql import SqlCatalog

        return SqlCatalog(CATALOG_NAME, uri=f"sqlite:///{self._file}", warehouse=iceberg_uri(self._root))

    def entries(self) -> list[CatalogEntry]:
        """All tables by name; none without a catalog."""
        if not self.exists:
            return []
        query = (
            "SELECT table_namespace, table_name, metadata_location, previous_metadata_location FROM iceberg_tables "
            "WHERE catalog_name = ? ORDER BY 1, 2"
        )
        with closing(sqlite3.connect(f"{self._file.as_uri()}?mode=ro", uri=True)) as db:
            known = db.execute("SELECT name FROM sqlite_master WHERE name = 'iceberg_tables'").fetchall()
            return [CatalogEntry(*row) for row in db.execute(query, (CATALOG_NAME,))] if known else []

    def repoint(self, changes: Mapping[CatalogEntry, CatalogEntry]) -> None:
        """Let every table name other metadata, in one transaction.

        Raises:
            CommitConflict: a table is not as it was read; nothing was changed.
        """
        update = (
            "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "
            "WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?"
        )
        with closing(sqlite3.connect(self._file)) as db, db:
            for old, new in changes.items():
                now = (new.metadata, new.previous, CATALOG_NAME, old.database, old.name, old.metadata)
                if db.execute(update, now).rowcount != 1:
                    raise CommitConflict(table=old.catalog_name)


def catalog_of(root: str) -> FolderCatalog:
    """The catalog of the lake with this root."""
    return FolderCatalog(root)


def iceberg_uri(location: str) -> str:
    """A place as Iceberg's metadata spells it; pyiceberg does not decode `%20`, so a blank stays a blank.

    >>> iceberg_uri("/data/my lake"), iceberg_uri("s3://bucket/lake")
    ('file:///data/my lake', 's3://bucket/lake')
    """
    return location if "://" in location else f"{FILE_SCHEME}{location}"


def path_in_uri(uri: str) -> str:
    """A place of Iceberg's metadata as engines read it: the opposite of `iceberg_uri`.

    >>> path_in_uri("file:///data/my lake"), path_in_uri("s3://bucket/lake")
    ('/data/my lake', 's3://bucket/lake')
    """
    return uri.removeprefix(FILE_SCHEME)
