"""Find the Iceberg tables whose files are in a lake, by the files alone, for a catalog that does not know them.

A folder's catalog is copied with the folder; the Glue catalog is not in the bucket. So of a copy in S3, and of a lake
whose entries were lost, the newest metadata file of each table tells what the catalog would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lakehouse_assets.storage.catalog import CatalogEntry, catalog_of
from lakehouse_assets.storage.objects import ObjectStore

METADATA_KEY = re.compile(r"(?P<database>[^/]+)/(?P<name>[^/]+)/metadata/(?P<number>\d+)-[^/]+\.metadata\.json")


def left_tables(store: ObjectStore, databases: Iterable[str]) -> Iterator[CatalogEntry]:
    """Yield the entries that the tables in these databases' folders of a lake would have where they were made."""
    for database in databases:
        found = [match for key in store.look(f"{database}/").keys if (match := METADATA_KEY.fullmatch(key))]
        for name in sorted({match["name"] for match in found}):
            entry = _newest(store, [match for match in found if match["name"] == name])
            if entry is not None:
                yield entry


def left_table(store: ObjectStore, database: str, name: str) -> CatalogEntry | None:
    """Return the entry that a table whose files are in a lake would have where it was made; None without files of it.

    A table that no catalog has known at any time has no metadata file but its first, if a process was killed.
    """
    keys = store.look(f"{database}/{name}/metadata/").keys
    return _newest(store, [match for key in keys if (match := METADATA_KEY.fullmatch(key))])


def register_left(store: ObjectStore, lake: str, database: str, name: str) -> None:
    """Make the files of an Iceberg table, where there are some, the table that the catalog of a lake has lost."""
    left = left_table(store, database, name)
    if left is not None:
        catalog_of(lake).repoint({left: left})


def _newest(store: ObjectStore, found: list[re.Match[str]]) -> CatalogEntry | None:
    """Return the entry of the newest of a table's metadata files.

    A commit that was killed before the catalog knew it leaves a file that has the number of the next one's; of those
    the later one counts. Where there is no later one that commit counts as done, as it is whole. A relocation that was
    killed leaves two that are alike; the one of the old place counts, since all that it names is there.
    """
    last = max((int(match["number"]) for match in found), default=0)
    if not last:
        return None
    files = [(match[0], _document(store, match[0])) for match in found if int(match["number"]) == last]
    key, newest = max(files, key=lambda file: _rank(store, file[1]))
    earlier = [entry["metadata-file"] for entry in newest.get("metadata-log", ())]
    file = f"{newest['location']}/metadata/{key.rpartition('/')[2]}"
    return CatalogEntry(found[0]["database"], found[0]["name"], file, earlier[-1] if earlier else None)


def _rank(store: ObjectStore, document: dict[str, Any]) -> tuple[int, bool]:
    return int(document.get("last-updated-ms", 0)), not str(document["location"]).startswith(f"{store.uri}/")


def _document(store: ObjectStore, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(store.read(key))
    return found
