"""Find the tables of a lake that are of no contract, such as those of renamed models, and take them out of it."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from lakehouse_assets.contracts.layers import WAREHOUSE
from lakehouse_assets.storage.catalog import catalog_of
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.left_tables import METADATA_KEY

LOG = "_delta_log"


@dataclass(frozen=True, order=True)
class StrangeTable:
    """Name a table of no contract.

    Attributes:
        label: `database.name` of an Iceberg table, `lakehouse-dwh/name` of a Delta table.
        folder: key of its folder in the lake.
        in_catalog: whether the catalog knows it.
    """

    label: str
    folder: str
    in_catalog: bool = False


def strange_tables(lake: Lake, known: Collection[str], databases: Collection[str]) -> list[StrangeTable]:
    """Return the tables of a lake that none of the known folders holds, by label.

    Args:
        lake: the lake.
        known: keys of the folders of all tables that contracts name.
        databases: of the gold tables that contracts name; tables that the catalog lost are looked for in their folders.
    """
    entries = [entry for entry in catalog_of(lake.root).entries() if entry.root == lake.root]
    found = {
        f"{e.database}/{e.name}": StrangeTable(e.catalog_name, f"{e.database}/{e.name}", in_catalog=True)
        for e in entries
    }
    for database in databases:
        for name in lake.store.folders(database):
            folder = f"{database}/{name}"
            if folder not in found and folder not in known and _has_metadata(lake, folder):
                found[folder] = StrangeTable(f"{database}.{name}", folder)
    for name in lake.store.folders(WAREHOUSE):
        folder = f"{WAREHOUSE}/{name}"
        if folder not in known and lake.store.has_any(f"{folder}/{LOG}/"):
            found[folder] = StrangeTable(folder, folder)
    return sorted(table for folder, table in found.items() if folder not in known)


def _has_metadata(lake: Lake, folder: str) -> bool:
    return any(METADATA_KEY.fullmatch(key) for key in lake.store.look(f"{folder}/metadata/").keys)


def measured(lake: Lake, table: StrangeTable) -> tuple[int, int]:
    """Return how many files a table has, and their bytes."""
    keys = lake.store.look(f"{table.folder}/").keys
    return len(keys), sum(size or 0 for size in lake.store.sizes(keys))


def drop(lake: Lake, table: StrangeTable) -> None:
    """Take a table out of the catalog and then its files out of the lake; what is killed in between is found again."""
    if table.in_catalog:
        database, name = table.folder.split("/")
        catalog = catalog_of(lake.root)
        catalog.open().drop_table(catalog.identifier(database, name))
    if not lake.is_in_s3:
        shutil.rmtree(Path(lake.root, table.folder))
        return
    for stored in lake.store.list(f"{table.folder}/"):
        lake.store.delete(stored.key, if_match=stored.etag)
