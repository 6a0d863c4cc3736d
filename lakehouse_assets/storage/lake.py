"""Hold a lake as a value: where it is, how its tables are opened, and which files hold their rows.

Belongs here: every way to a table of the lake, so that each of them takes the lake's storage options. Not here: where
a table lies below the root (`contracts.layers`), and what is written into tables (`engines`).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.errors import LakeElsewhere, TableDamaged, TableMissing
from lakehouse_assets.storage.catalog import CATALOG_FILE, catalog_of, iceberg_uri, path_in_uri
from lakehouse_assets.storage.opening import is_same_place, open_store, root_of

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table as IcebergTable

    from lakehouse_assets.settings import Settings
    from lakehouse_assets.storage.iceberg_files import TableFiles
    from lakehouse_assets.storage.objects import ObjectStore


@dataclass(frozen=True)
class Lake:
    """Hold the place of one lake and open its tables; `open_lake` makes it.

    Attributes:
        root: an absolute folder without symbolic links, or later `s3://bucket/prefix`; no slash at its end.
        storage_options: what delta-rs needs to reach the root, by the names that it takes; empty for a folder.
    """

    root: str
    storage_options: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

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
        """Say whether the lake is there."""
        return self.store.exists

    def create(self) -> None:
        """Make the lake where it is absent.

        Raises:
            StorageUnavailable: it cannot be made there.
        """
        open_store(self.root, create=True)

    def require_here(self) -> None:
        """Make sure that the lake is where it was made or relocated to; call this before anything is written.

        Raises:
            LakeElsewhere: its Iceberg tables lie in another lake, of which this one is a copy or a new place.
        """
        for entry in catalog_of(self.root).entries():
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
            TableDamaged: its log cannot be read.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        from lakehouse_assets.storage.damage import reading

        place = self.location(contract)
        try:
            with reading(contract, place, TableNotFoundError):
                return DeltaTable(place, version=version, storage_options=dict(self.storage_options))
        except TableNotFoundError as error:
            if self.exists and self.store.look(f"{self.key(contract)}/").keys:
                problem = f"there are files in `{place}`, and no log of them in `_delta_log`"
                raise TableDamaged(table=contract.catalog_name, problem=problem) from error
            raise TableMissing(table=contract.catalog_name) from error

    def set_aside(self, contract: Contract) -> None:
        """Move the folder of a table that cannot be read out of its place, where there is one; nothing is deleted."""
        folder = Path(self.location(contract))
        if folder.exists():
            place = Path(self.root, "damaged", f"{contract.name}-{uuid4()}")
            place.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(place)

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
            storage_options=dict(self.storage_options),
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

        if not catalog_of(self.root).exists:
            raise self._unknown(contract)
        try:
            with reading(contract, self.location(contract), NoSuchTableError):
                return self.catalog().load_table((contract.database, contract.name))
        except NoSuchTableError as error:
            raise self._unknown(contract) from error

    def iceberg_location(self, contract: Contract) -> str:
        """Return where an Iceberg table lies, as Iceberg's metadata spells it."""
        return iceberg_uri(self.location(contract))

    def iceberg_path(self, uri: str) -> str:
        """Return a place as engines read it, given how Iceberg's metadata spells it."""
        return path_in_uri(uri)

    def iceberg_files(self, contract: Contract, snapshot_id: int | None = None) -> list[str]:
        """Return the data files of an Iceberg table's snapshot (None for its newest), as engines read them.

        There are no delete files, since every change rewrites its files.

        Raises:
            TableMissing: there is no such table.
            LakeElsewhere: see `require_here`.
            TableDamaged: a metadata file is gone or spoilt.
        """
        return [f"{self.root}/{key}" for key in self._iceberg(contract).data_keys(snapshot_id)]

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

        self.require_here()
        entries = {entry.catalog_name: entry for entry in catalog_of(self.root).entries()}
        if contract.catalog_name not in entries:
            raise self._unknown(contract)
        return TableFiles(self.store, entries[contract.catalog_name], self.root)

    def _unknown(self, contract: Contract) -> TableMissing | TableDamaged:
        """Return what it means that the catalog does not know a table: it was never made, or the catalog was lost.

        A table that the catalog has not known at any time has no metadata file but its first, if a process was killed.
        """
        keys = self.store.look(f"{self.key(contract)}/metadata/").keys if self.exists else []
        if all(key.rpartition("/")[2].startswith("00000-") for key in keys if key.endswith(".metadata.json")):
            return TableMissing(table=contract.catalog_name)
        problem = (
            f"`{self.root}/{CATALOG_FILE}` does not know it, though there are files in `{self.location(contract)}`"
        )
        return TableDamaged(table=contract.catalog_name, problem=problem)

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
        for key, size in self.data_files(contract, table):
            found = self.store.size(key)
            if found != size:
                yield key, size, found

    def data_files(self, contract: Contract, table: DeltaTable | None = None) -> Iterator[tuple[str, int]]:
        """Yield keys and sizes in bytes of a table's live data files, as its metadata says.

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
    return open_lake(str(settings.lake_root))


def open_lake(uri: str, storage_options: Mapping[str, str] | None = None) -> Lake:
    """Return the lake at a `file://` URI or a path, there or not; all names of one place give the same lake.

    Raises:
        BadRequest: no store can be there.
    """
    return Lake(root_of(uri), dict(storage_options or {}))
