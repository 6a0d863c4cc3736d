"""The catalog of a lake's Iceberg tables: a SQLite file in a lake that is a folder.

Belongs here: which catalog a lake has, and how Iceberg's metadata spells places. Not here: tables and their changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

CATALOG_FILE = "catalog.db"
FILE_SCHEME = "file://"


def has_catalog(root: str) -> bool:
    """Whether the lake has a catalog."""
    return (Path(root) / CATALOG_FILE).exists()


def open_catalog(root: str) -> Catalog:
    """The catalog of the lake, created when absent."""
    from pyiceberg.catalog.sql import SqlCatalog

    return SqlCatalog("lake", uri=f"sqlite:///{Path(root) / CATALOG_FILE}", warehouse=iceberg_uri(root))


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
