"""Open and change the catalog of a lake's Iceberg tables in Glue, where Athena finds them; for lakes in S3.

Databases are named as contracts name them, behind the prefix of the setting `database_prefix`; nothing but this module
knows that prefix. Glue keeps no lake apart from another one, so every table is asked where its metadata lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.glue import GlueCatalog

from lakehouse_assets.errors import CommitConflict
from lakehouse_assets.settings import database_prefix
from lakehouse_assets.storage.aws import access, glue
from lakehouse_assets.storage.catalog import CATALOG_NAME, CatalogEntry, Identifier
from lakehouse_assets.storage.remote_errors import GLUE_CATALOG, remote_error
from lakehouse_assets.storage.service_errors import answering

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableInputTypeDef
    from pyiceberg.catalog import Catalog

METADATA, PREVIOUS = "metadata_location", "previous_metadata_location"
INPUT = ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
"""Names what of a table Glue takes back in a change."""


class GlueTables:
    """Read and change the entries of one lake in the Glue catalog of its account and region; see `FolderCatalog`.

    Args:
        databases: those that may hold tables of a lake, without the prefix.
    """

    def __init__(self, databases: Callable[[], tuple[str, ...]]) -> None:
        self._databases = databases
        self._prefix = database_prefix()

    @property
    def place(self) -> str:
        """Return where the catalog is, for messages."""
        return GLUE_CATALOG

    @property
    def exists(self) -> bool:
        """Say that there is a catalog: each account has one in each region."""
        return True

    def identifier(self, database: str, name: str) -> Identifier:
        """Return by which name the catalog, and so Athena, knows a table."""
        return (f"{self._prefix}{database}", name)

    def open(self) -> Catalog:
        """Open the catalog with pyiceberg, with credentials of now."""
        found = access()
        files = {
            "s3.region": found.region,
            "s3.endpoint": found.endpoint,
            "s3.access-key-id": found.key_id,
            "s3.secret-access-key": found.secret,
            "s3.session-token": found.token,
        }
        return OwnedCatalog(CATALOG_NAME, client=glue(), **{name: value for name, value in files.items() if value})

    def entries(self, wanted: Identifier | None = None) -> list[CatalogEntry]:
        """Return the entries of all tables, ordered by name, or of one.

        Args:
            wanted: database and name, as contracts name them, of the only table that is asked for.
        """
        if wanted is None:
            return sorted(entry for database in self._databases() for entry in self._of(database))
        with answering("glue", GLUE_CATALOG):
            try:
                found = self._glue.get_table(DatabaseName=self.identifier(*wanted)[0], Name=wanted[1])
            except self._glue.exceptions.EntityNotFoundException:
                return []
        return list(_entry(wanted[0], found["Table"]))

    def repoint(self, changes: Mapping[CatalogEntry, CatalogEntry]) -> None:
        """Give each table the metadata of its new entry; one that the catalog does not know yet is made known.

        Glue changes one table at a time, so what is killed in between is done again.

        Raises:
            CommitConflict: a table is not as it was read; those before it were changed.
        """
        for old, new in changes.items():
            with answering("glue", GLUE_CATALOG):
                self._repoint(old, new)

    def _repoint(self, old: CatalogEntry, new: CatalogEntry) -> None:
        catalog, identifier = self.open(), self.identifier(old.database, old.name)
        if not self.entries((old.database, old.name)):
            catalog.create_namespace_if_not_exists(identifier[0])
            catalog.register_table(identifier, new.metadata)
            return
        held: Any = self._glue.get_table(DatabaseName=identifier[0], Name=identifier[1])["Table"]
        if held["Parameters"][METADATA] not in {old.metadata, new.metadata}:
            raise CommitConflict(table=old.catalog_name)
        changed: Any = {name: held[name] for name in INPUT if held.get(name)}
        root = old.root, new.root
        changed["Parameters"] |= {METADATA: new.metadata} | ({PREVIOUS: new.previous} if new.previous else {})
        storage = changed.get("StorageDescriptor", {})
        storage["Location"] = storage.get("Location", "").replace(*root, 1)
        try:
            self._glue.update_table(DatabaseName=identifier[0], TableInput=changed, VersionId=held["VersionId"])
        except self._glue.exceptions.ConcurrentModificationException as error:
            if self.entries((old.database, old.name))[0].metadata != new.metadata:
                raise CommitConflict(table=old.catalog_name) from error

    def _of(self, database: str) -> Iterator[CatalogEntry]:
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self.identifier(database, "")[0])
        with answering("glue", GLUE_CATALOG):
            try:
                for page in pages:
                    for table in page["TableList"]:
                        yield from _entry(database, table)
            except self._glue.exceptions.EntityNotFoundException:
                return

    @cached_property
    def _glue(self) -> GlueClient:
        return glue()


def _entry(database: str, table: Mapping[str, Any]) -> Iterator[CatalogEntry]:
    """Yield the entry of a table of Glue's, where it is an Iceberg table."""
    known = table.get("Parameters", {})
    if known.get("table_type", "").upper() == "ICEBERG" and METADATA in known:
        yield CatalogEntry(database, table["Name"], known[METADATA], known.get(PREVIOUS))


class OwnedCatalog(GlueCatalog):
    """Commit through Glue, and know a commit of one's own when its answer is lost.

    boto3 tries again when a connection breaks. When the first try was done, the second meets its own change, which Glue
    calls a conflict, and pyiceberg a lost race. Every commit has a metadata file of its own, so that file tells.
    """

    def _update_glue_table(
        self, database_name: str, table_name: str, table_input: TableInputTypeDef, version_id: str
    ) -> None:
        try:
            super()._update_glue_table(database_name, table_name, table_input, version_id)
        except Exception as error:
            if not self._points_at(database_name, table_name, table_input):
                raise remote_error(error) or error from error

    def _create_glue_table(self, database_name: str, table_name: str, table_input: TableInputTypeDef) -> None:
        try:
            super()._create_glue_table(database_name, table_name, table_input)
        except Exception as error:
            if not self._points_at(database_name, table_name, table_input):
                raise remote_error(error) or error from error

    def _points_at(self, database_name: str, table_name: str, table_input: TableInputTypeDef) -> bool:
        """Say whether the table names the metadata file that we have just written; False where that cannot be asked."""
        try:
            held: Any = self._get_glue_table(database_name, table_name)
        except Exception:  # noqa: BLE001 - the error of the commit says more
            return False
        written = table_input.get("Parameters", {}).get(METADATA)
        return written is not None and held.get("Parameters", {}).get(METADATA) == written

    def _is_s3tables_database(self, database_name: str) -> bool:  # a request for every commit otherwise
        """Say that a lake's tables lie in the lake, and in no table bucket."""
        del database_name
        return False
