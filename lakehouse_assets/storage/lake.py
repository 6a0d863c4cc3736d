"""Hold a lake as a value: where it is, how its tables are opened, and which files hold their rows.

Belongs here: every way to a table of the lake, so that each of them takes the lake's storage options. Not here: where
a table lies below the root (`contracts.layers`), and what is written into tables (`engines`).
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.errors import LakeElsewhere, NamesTaken, TableDamaged, TableMissing
from lakehouse_assets.storage.catalog import (
    CatalogEntry,
    Identifier,
    catalog_of,
    gold_databases,
    iceberg_uri,
    path_in_uri,
)
from lakehouse_assets.storage.opening import is_same_place, open_store, root_of
from lakehouse_assets.urls import is_s3

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table as IcebergTable

    from lakehouse_assets.settings import Settings
    from lakehouse_assets.storage.iceberg_files import LiveFiles, TableFiles
    from lakehouse_assets.storage.objects import ObjectStore


@dataclass(frozen=True)
class Lake:
    """Hold the place of one lake and open its tables; `open_lake` makes it.

    Attributes:
        root: an absolute folder without symbolic links, or `s3://bucket/prefix`; no slash at its end.
    """

    root: str

    @property
    def is_in_s3(self) -> bool:
        """Say whether the lake lies in S3."""
        return is_s3(self.root)

    @property
    def storage_options(self) -> dict[str, str]:
        """Return what delta-rs needs to reach the root now, by the names that it takes; nothing for a folder.

        They hold credentials, so they are asked for each time a table is opened and kept nowhere.

        Raises:
            CredentialsUnusable, RegionUnknown: the lake lies in S3, which cannot be reached so.
        """
        if not self.is_in_s3:
            return {}
        from lakehouse_assets.storage.aws import access

        return access().delta_options()

    @cached_property
    def store(self) -> ObjectStore:
        """Return the store of the lake's objects (leases, runs, archive, messages) without creating the lake."""
        return open_store(self.root, create=False)

    @property
    def uri(self) -> str:
        """Return the lake's place as a URI."""
        return self.store.uri

    @property
    def exists(self) -> bool:
        """Say whether the lake is there: its folder, or something in its bucket below its prefix."""
        return self.store.exists and (not self.is_in_s3 or self.store.has_any())

    def create(self) -> None:
        """Make the lake's folder where it is absent; a bucket is never made, and a prefix needs no making.

        Raises:
            StorageUnavailable: it cannot be made there.
        """
        open_store(self.root, create=True)

    def require_here(self) -> None:
        """Make sure that the lake is where it was made or relocated to; call this before anything is written.

        Raises:
            LakeElsewhere: its Iceberg tables lie in another lake, of which this one is a copy or a new place.
        """
        if not self._entries() and self.is_in_s3:
            from lakehouse_assets.storage.left_tables import left_tables

            for entry in left_tables(self.store, gold_databases()):
                self._require_mine(entry)

    def _entries(self, contract: Contract | None = None) -> dict[str, CatalogEntry]:
        """Return what the catalog says of this lake's tables, by catalog name, or at least of one of them.

        Raises:
            LakeElsewhere: see `require_here`.
        """
        entries = catalog_of(self.root).entries((contract.database, contract.name) if contract else None)
        for entry in entries:
            if self.is_in_s3 and entry.root != self.root:
                raise self.taken(entry)
            self._require_mine(entry)
        return {entry.catalog_name: entry for entry in entries}

    def gold_names(self) -> set[str]:
        """Return the catalog names of the Iceberg tables that the lake holds.

        Raises:
            LakeElsewhere: see `require_here`.
        """
        return set(self._entries())

    def taken(self, entry: CatalogEntry) -> NamesTaken:
        """Return the error for a table of another lake under a name that would be one of this lake."""
        table = ".".join(catalog_of(self.root).identifier(entry.database, entry.name))
        return NamesTaken(table=table, lake=self.root, made=entry.root, named=shlex.quote(self.root))

    def _require_mine(self, entry: CatalogEntry) -> None:
        if not is_same_place(entry.root, self.root):
            raise LakeElsewhere(lake=self.root, made=entry.root, named=shlex.quote(self.root))

    def relative(self, uri: str) -> str:
        """Return a place inside the lake by its key, so that it is found when the lake moves; any other as it is."""
        place = root_of(uri)
        return place.removeprefix(f"{self.root}/") if place.startswith(f"{self.root}/") else uri

    def resolve(self, place: str) -> str:
        """Return where a place is now, given what `relative` returned for it."""
        return place if "://" in place or place.startswith("/") else f"{self.root}/{place}"

    def location(self, contract: Contract) -> str:
        """Return where the table of a contract lies, whether it is there or not."""
        return table_location(contract, self.root)

    def key(self, contract: Contract) -> str:
        """Return the table's folder as a key of `store`."""
        return table_location(contract, "").lstrip("/")

    def delta(self, contract: Contract, version: int | None = None) -> DeltaTable:
        """Open the Delta table of a contract, at its newest version or at the one that is named.

        Raises:
            TableMissing: there is no such table.
            TableDamaged: its log cannot be read, or a commit of it is empty.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        from lakehouse_assets.storage.damage import reading, require_commits

        place = self.location(contract)
        if not self.is_in_s3:  # which writes an object whole or not at all
            require_commits(contract, Path(place))
        try:
            with reading(contract, place, TableNotFoundError):
                return DeltaTable(place, version=version, storage_options=self.storage_options)
        except TableNotFoundError as error:
            if self.exists and self.store.look(f"{self.key(contract)}/").keys:
                problem = f"there are files in `{place}`, and no log of them in `_delta_log`"
                raise TableDamaged(table=contract.catalog_name, problem=problem) from error
            raise TableMissing(table=contract.catalog_name) from error

    def set_aside(self, contract: Contract) -> None:
        """Move the files of a table that cannot be read out of its place, where there are some; none is lost."""
        folder, place = self.key(contract), f"damaged/{contract.name}-{uuid4()}"
        if not self.is_in_s3:
            if Path(self.root, folder).exists():
                Path(self.root, place).parent.mkdir(parents=True, exist_ok=True)
                Path(self.root, folder).rename(Path(self.root, place))
            return
        for found in self.store.list(f"{folder}/"):
            key = f"{place}/{found.key.removeprefix(f'{folder}/')}"
            self.store.copy_from(self.store, found.key, source_etag=found.etag, key=key)
            self.store.delete(found.key, if_match=found.etag)

    def remove(self) -> None:
        """Delete a lake that was made for a while, beside or in another one; nothing happens where there is none."""
        if self.is_in_s3:
            for found in self.store.list():
                self.store.delete(found.key, if_match=found.etag)
            return
        shutil.rmtree(self.root, ignore_errors=True)
        with suppress(OSError):  # another one lies beside it
            Path(self.root).parent.rmdir()

    def find_delta(self, contract: Contract) -> DeltaTable | None:
        """Open the Delta table of a contract; return None where there is none."""
        try:
            return self.delta(contract)
        except TableMissing:
            return None

    def create_delta(self, contract: Contract, schema: pa.Schema, configuration: Mapping[str, str]) -> DeltaTable:
        """Open the Delta table of a contract; create it with this schema and these properties where it is absent."""
        from deltalake import DeltaTable

        return DeltaTable.create(
            self.location(contract),
            schema,
            mode="ignore",
            partition_by=list(contract.partition_by) or None,
            configuration=dict(configuration),
            name=contract.name,
            description=contract.description,
            storage_options=self.storage_options,
        )

    def delta_files(self, contract: Contract, table: DeltaTable) -> list[str]:
        """Return the paths of the live data files of a Delta table's version, as engines read them."""
        location = self.location(contract)
        # Not as a pyarrow table: making one of foreign columns imports pandas, a fifth of a second.
        paths = table.get_add_actions(flatten=True).column("path").to_pylist()
        # The log spells paths as URIs do: https://github.com/delta-io/delta/blob/master/PROTOCOL.md
        return [f"{location}/{unquote(path)}" for path in paths]

    def catalog(self) -> Catalog:
        """Open the catalog of the lake's Iceberg tables; create it and the lake where they are absent.

        Raises:
            LakeElsewhere: see `require_here`.
        """
        self.require_here()
        self.create()
        return catalog_of(self.root).open()

    def iceberg(self, contract: Contract) -> IcebergTable:
        """Open the Iceberg table of a contract.

        Raises:
            TableMissing: there is no such table.
            TableDamaged: its newest metadata file cannot be read, or the catalog has lost it.
            LakeElsewhere: see `require_here`.
        """
        from pyiceberg.exceptions import NoSuchTableError

        from lakehouse_assets.storage.damage import reading

        catalog = catalog_of(self.root)
        if not catalog.exists:
            raise self._unknown(contract)
        self._entries(contract)
        try:
            with reading(contract, self.location(contract), NoSuchTableError):
                return catalog.open().load_table(self.iceberg_name(contract))
        except NoSuchTableError as error:
            raise self._unknown(contract) from error

    def iceberg_name(self, contract: Contract) -> Identifier:
        """Return by which name the catalog, and so Athena, knows an Iceberg table."""
        return catalog_of(self.root).identifier(contract.database, contract.name)

    def iceberg_location(self, contract: Contract) -> str:
        """Return where an Iceberg table lies, as Iceberg's metadata spells it."""
        return iceberg_uri(self.location(contract))

    def iceberg_path(self, uri: str) -> str:
        """Return a place as engines read it, given how Iceberg's metadata spells it."""
        return path_in_uri(uri)

    def iceberg_files(self, contract: Contract, snapshot_id: int | None = None) -> LiveFiles:
        """Return the files of an Iceberg table's snapshot (None for its newest), as engines read them.

        Athena names deleted rows by file and position in files of their own, instead of writing files anew; nothing
        here does.

        Raises:
            TableMissing: there is no such table.
            LakeElsewhere: see `require_here`.
            TableDamaged: a metadata file is gone or spoilt.
        """
        live = self._iceberg(contract).live(snapshot_id)
        return replace(live, **{name: [f"{self.root}/{key}" for key in keys] for name, keys in vars(live).items()})

    def is_uniform(self, contract: Contract) -> bool:
        """Say whether all files of an Iceberg table have the same columns: it has had one schema only.

        Raises:
            TableMissing, TableDamaged: as `iceberg_files`.
        """
        return len(self.iceberg_document(contract)["schemas"]) == 1

    def iceberg_document(self, contract: Contract) -> dict[str, Any]:
        """Return the newest metadata file of an Iceberg table as plain values: schema, snapshots, properties.

        Raises:
            TableMissing, LakeElsewhere, LakeIncomplete: as `iceberg_files`.
        """
        return self._iceberg(contract).newest()

    def _iceberg(self, contract: Contract) -> TableFiles:
        from lakehouse_assets.storage.iceberg_files import TableFiles

        entries = self._entries(contract)
        if contract.catalog_name not in entries:
            raise self._unknown(contract)
        return TableFiles(self.store, entries[contract.catalog_name], self.root)

    def _unknown(self, contract: Contract) -> TableMissing | LakeElsewhere | TableDamaged:
        """Return what it means that the catalog does not know a table: it was never made, or the catalog was lost.

        The Glue catalog does not know those of a copy either.
        """
        from lakehouse_assets.storage.left_tables import left_table

        left = left_table(self.store, contract.database, contract.name) if self.is_in_s3 or self.exists else None
        if left is None:
            return TableMissing(table=contract.catalog_name)
        if self.is_in_s3 and left.root != self.root:
            return LakeElsewhere(lake=self.root, made=left.root, named=shlex.quote(self.root))
        place, there = catalog_of(self.root).place, self.location(contract)
        return TableDamaged(
            table=contract.catalog_name, problem=f"{place} does not know it, though there are files in `{there}`"
        )

    def require_whole(self, contract: Contract) -> None:
        """Make sure that a table can be read: its metadata, and each of its data files, by its size.

        Raises:
            TableMissing: there is no such table.
            LakeElsewhere: see `require_here`.
            TableDamaged: says which file is gone or spoilt.
        """
        for key, size, found in self.misfits(contract):
            became = "is not there" if found is None else f"has {found} bytes instead of {size}"
            raise TableDamaged(table=contract.catalog_name, problem=f"`{self.root}/{key}` {became}")

    def misfits(self, contract: Contract, table: DeltaTable | None = None) -> Iterator[tuple[str, int, int | None]]:
        """Yield the live data files that are not as the metadata says: key, size, and what is there; None for nothing.

        Args:
            contract: the table.
            table: the same, where it is open already.

        Raises:
            TableMissing, LakeElsewhere, TableDamaged: as `data_files`.
        """
        noted = list(self.data_files(contract, table))
        found = self.store.sizes([key for key, _ in noted])
        yield from (
            (key, size, is_there) for (key, size), is_there in zip(noted, found, strict=True) if is_there != size
        )

    def data_files(self, contract: Contract, table: DeltaTable | None = None) -> Iterator[tuple[str, int]]:
        """Yield keys and sizes in bytes of a table's live files, as its metadata says.

        Raises:
            TableMissing, LakeElsewhere, TableDamaged: as `require_whole`; no data file is looked at.
        """
        if contract.layer == "gold":
            yield from self._iceberg(contract).data_files()
            return
        actions = (table or self.delta(contract)).get_add_actions(flatten=True)
        paths, sizes = (actions.column(name).to_pylist() for name in ("path", "size_bytes"))
        yield from ((f"{self.key(contract)}/{unquote(path)}", size) for path, size in zip(paths, sizes, strict=True))


def lake_of(settings: Settings) -> Lake:
    """Return the lake that the settings name, whether it is there or not."""
    return open_lake(settings.lake_root)


def open_lake(uri: str) -> Lake:
    """Return the lake at a URI or a path, there or not; all names of one place give the same lake.

    Raises:
        BadRequest: no store can be there.
    """
    return Lake(root_of(uri))
