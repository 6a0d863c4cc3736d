"""Rewrite the metadata of a lake that was copied or moved, since Iceberg's metadata names absolute places.

Nothing but the lake itself is read or written. New metadata files are written beside the old ones; the catalog's rows
follow in one transaction; the old files are deleted last. So a relocation that is killed leaves the lake as it was, or
done but for some files that nobody reads, and can be run again.

The catalog of a lake in S3 is Glue's, which a copy of the lake does not bring along: the copy has a prefix of databases
of its own, under which its tables are made known, as the newest metadata file of each says. There each table follows by
itself, so what is killed may be done for some tables; the rest is done by the next try.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lakehouse_assets.storage.catalog import CatalogEntry, catalog_of, gold_databases
from lakehouse_assets.storage.iceberg_files import PathRewrite, TableFiles, TableRewrite, renamed
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.left_tables import left_tables
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import is_same_place, open_store, place_of
from lakehouse_assets.storage.runs import RunFolder

MANIFEST_KEY = re.compile(r"runs/(?P<pipeline>[^/]+)/(?P<run_id>[^/]+)/manifest\.json")


@dataclass(frozen=True)
class RelocatedTable:
    """Describe a gold table that named another place: that place, how many snapshots, how many files written anew."""

    name: str
    made_at: str
    snapshots: int
    files: int


@dataclass(frozen=True)
class Relocation:
    """Count what a relocation did: tables rewritten, run manifests whose landing is relative now, old files removed."""

    tables: tuple[RelocatedTable, ...]
    manifests: int
    removed: int


def has_places(lake: Lake) -> bool:
    """Say whether the lake has tables whose metadata names absolute places; a lake without any may lie anywhere."""
    return bool(catalog_of(lake.root).entries()) or bool(_unknown(lake, ()))


def relocate(lake: Lake, guard: Callable[[], None]) -> Relocation:
    """Rewrite a lake's metadata so that it names the place where the lake is.

    Args:
        lake: the lake at its present place.
        guard: raises FenceLost when somebody else may write the lake; called before the catalog changes.

    Raises:
        LakeIncomplete: a file that the metadata needs is not in the lake; nothing was changed.
        NamesTaken: the lake that this one is a copy of is still there, under the same prefix of databases.
        CommitConflict, FenceLost: somebody else writes; nothing was changed.
    """
    catalog = catalog_of(lake.root)
    known = catalog.entries()
    elsewhere = [entry for entry in known if not is_same_place(entry.root, lake.root)]
    for entry in elsewhere:
        _require_free(lake, entry)
    unknown = _unknown(lake, known)
    elsewhere += [entry for entry in unknown if entry.root != lake.root]
    rewrites = [TableRewrite(lake.store, entry, lake.root) for entry in elsewhere]
    changes = {entry: entry for entry in unknown} | {rewrite.entry: rewrite.write() for rewrite in rewrites}
    # Before the catalog, which alone knows the old place.
    manifests = make_landings_relative(lake.store, {entry.root for entry in elsewhere})
    guard()
    catalog.repoint(changes)
    removed = sum(remove_replaced(lake, entry) for entry in catalog.entries())
    tables = [RelocatedTable(r.entry.catalog_name, r.entry.root, r.snapshots, len(r.written)) for r in rewrites]
    tables += [RelocatedTable(e.catalog_name, e.root, 0, 0) for e in unknown if e.root == lake.root]
    return Relocation(tuple(tables), manifests, removed)


def _unknown(lake: Lake, known: Iterable[CatalogEntry]) -> list[CatalogEntry]:
    """Return the tables whose files are in a lake in S3 and which its catalog does not know."""
    if not lake.is_in_s3:
        return []
    names = {entry.catalog_name for entry in known}
    return [entry for entry in left_tables(lake.store, gold_databases()) if entry.catalog_name not in names]


def _require_free(lake: Lake, entry: CatalogEntry) -> None:
    """Make sure that a name in the Glue catalog is not that of a lake which is still there.

    Raises:
        NamesTaken: it is.
    """
    key = PathRewrite(entry.root, lake.root).key(entry.metadata)
    if lake.is_in_s3 and key is not None and open_store(entry.root).has(key):
        raise lake.taken(entry)


def make_landings_relative(store: ObjectStore, roots: Iterable[str]) -> int:
    """Rewrite run manifests whose landing lies inside one of these lakes to name it by its key; return how many."""
    found = (MANIFEST_KEY.fullmatch(item.key) for item in store.list("runs/")) if roots else ()
    folders = [RunFolder(store, match["pipeline"], match["run_id"]) for match in found if match]
    return sum(_make_relative(folder, roots) for folder in folders)


def _make_relative(folder: RunFolder, roots: Iterable[str]) -> bool:
    manifest = folder.read("manifest") or {}
    place = place_of(str(manifest.get("landing", "")))
    key = next((place.removeprefix(f"{root}/") for root in roots if place.startswith(f"{root}/")), None)
    if key is not None:
        folder.write("manifest", manifest | {"landing": key})
    return key is not None


def remove_replaced(lake: Lake, entry: CatalogEntry) -> int:
    """Delete metadata files that were replaced for this place and that the table needs no more; return how many."""
    folder = f"{entry.database}/{entry.name}/metadata/"
    found = {item.key: item for item in lake.store.list(folder)}
    replaced = [key for key in found if renamed(key, lake.root) in found]
    if not replaced:
        return 0
    live = TableFiles(lake.store, entry, lake.root).keys()
    gone = [key for key in replaced if key not in live]
    return sum(lake.store.delete(key, if_match=found[key].etag) for key in gone)
