"""Read the tree of metadata files of one Iceberg table, and write it anew for another place.

    catalog -> newest metadata file -> manifest lists, one per snapshot -> manifests -> data files
                                    -> earlier metadata files

Every arrow is an absolute place. Here: following the arrows inside one lake, and files whose arrows lead elsewhere.
Not here: when that is done, and the catalog's own arrow (`storage/relocation.py`).
Who only reads a table follows the arrows here too, since opening one with pyiceberg takes a second of a process.

What the files hold: https://iceberg.apache.org/spec/#table-metadata-fields, #manifest-lists and #manifests.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from lakehouse_assets.errors import BadRequest, LakeIncomplete, TableDamaged
from lakehouse_assets.storage.catalog import FILE_SCHEME, CatalogEntry, path_in_uri
from lakehouse_assets.storage.damage import first_line
from lakehouse_assets.storage.objects import ObjectStore

UUID_IN_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DELETED = 2
"""The status in a manifest of an entry whose file the snapshot does not hold any more."""
SCHEMES = (FILE_SCHEME, "file:", "")
"""What writers put before a place: pyiceberg `file://`, Hadoop `file:`, others nothing."""

Record = dict[str, Any]
DATA, POSITIONS = 0, 1
"""Say in a manifest whether a file holds rows, or names rows of others that are deleted."""
_FILE = [
    {"name": "content", "type": "int", "default": DATA},
    {"name": "file_path", "type": "string"},
    {"name": "file_size_in_bytes", "type": "long"},
]
LIVE: Record = {
    "type": "record",
    "name": "manifest_entry",
    "fields": [
        {"name": "status", "type": "int"},
        {"name": "data_file", "type": {"type": "record", "name": "r2", "fields": _FILE}},
    ],
}
"""Is the part of a manifest's schema that says which data files there are."""


@dataclass(frozen=True)
class LiveFiles:
    """Name the files that hold a table's rows, and those that name rows of them which are deleted."""

    rows: list[str]
    deletes: list[str]


@dataclass(frozen=True)
class PathRewrite:
    """Change the root of a lake wherever the lake's metadata names it.

    Attributes:
        source: the root that the metadata names.
        target: the root where the lake is now.
    """

    source: str
    target: str

    def key(self, uri: str) -> str | None:
        """Return the key of a file that lies below the source, or None for any other file."""
        found = (uri.removeprefix(f"{scheme}{self.source}/") for scheme in SCHEMES)
        return next((key for key in found if key != uri), None)

    def rewritten(self, value: Any) -> Any:  # noqa: ANN401 - what JSON and Avro hold
        """Return the value with source replaced by target in every text in it that is a place in the source."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.rewritten(item) for item in value]
        return {name: self.rewritten(item) for name, item in value.items()} if isinstance(value, dict) else value

    def _text(self, text: str) -> str:
        for scheme in SCHEMES:
            if f"{text}/".startswith(f"{scheme}{self.source}/"):
                return f"{scheme}{self.target}{text.removeprefix(f'{scheme}{self.source}')}"
        return text

    def metadata_file(self, uri: str) -> str:
        """Return where the new metadata file is that replaces one below the source."""
        return renamed(self._text(uri), self.target)


def renamed(file: str, root: str) -> str:
    """Return the path at which a metadata file is written anew for a root: beside the file.

    One file and one root always give the same path. Only the UUID differs from the file's own path, because readers
    find the file's number and the snapshot's id in the rest.

    >>> renamed("metadata/00003-6ba7b810-9dad-11d1-80b4-00c04fd430c8.metadata.json", "/srv/lake")
    'metadata/00003-d5802423-9767-526a-a7c2-2411a5f74bd6.metadata.json'
    """
    folder, slash, name = file.rpartition("/")
    new, found = UUID_IN_NAME.subn(lambda match: str(uuid5(UUID(match[0]), root)), name, count=1)
    return folder + slash + (new if found else f"{uuid5(NAMESPACE_URL, root)}-{name}")


class TableFiles:
    """Read the metadata files of one table of a lake by following the places that they name.

    Args:
        store: the lake where the files are now.
        entry: what the catalog says of the table.
        root: of the lake where the files are now.
    """

    def __init__(self, store: ObjectStore, entry: CatalogEntry, root: str) -> None:
        self.store, self.entry, self.rewrite = store, entry, PathRewrite(entry.root, root)

    def read(self, uri: str) -> bytes:
        """Return the content of a metadata file.

        Raises:
            LakeIncomplete: the file is not in the lake.
        """
        self.require(uri)
        return self.store.read(self._key(uri))

    def require(self, uri: str) -> None:
        """Make sure that a file is in the lake.

        Raises:
            LakeIncomplete: the file is not in the lake.
        """
        if not self.is_there(uri):
            raise self._lacking(uri)

    def is_there(self, uri: str) -> bool:
        """Say whether a file that the metadata names is in the lake."""
        key = self.rewrite.key(uri)
        return key is not None and self.store.has(key)

    def document(self, uri: str) -> Record:
        """Return the content of a metadata file in JSON.

        Raises:
            LakeIncomplete, TableDamaged: the file is not in the lake, or is not what it should be.
        """
        try:
            found: Record = json.loads(self.read(uri))
        except ValueError as error:
            raise self._spoilt(uri, error) from error
        return found

    def records(self, uri: str) -> list[Record]:
        """Return the records of a metadata file in Avro.

        Raises:
            LakeIncomplete, TableDamaged: as `document`.
        """
        data = self.read(uri)
        try:
            return list(avro_records(data))
        except Exception as error:  # the reader raises whatever a broken byte leads it to
            raise self._spoilt(uri, error) from error

    def _spoilt(self, uri: str, error: Exception) -> TableDamaged:
        problem = f"`{path_in_uri(uri)}` is spoilt, {type(error).__name__}: {first_line(error)}"
        return TableDamaged(table=self.entry.catalog_name, problem=problem)

    def newest(self) -> Record:
        """Return the content of the newest metadata file.

        Raises:
            LakeIncomplete, TableDamaged: as `document`.
        """
        return self.document(self.entry.metadata)

    def documents(self) -> Iterator[tuple[str, Record]]:
        """Yield (place, content) of the newest metadata file and of those earlier ones it names that still exist."""
        newest = self.newest()
        yield self.entry.metadata, newest
        for earlier in newest.get("metadata-log", []):
            if self.is_there(earlier["metadata-file"]):
                yield earlier["metadata-file"], self.document(earlier["metadata-file"])

    def keys(self) -> set[str]:
        """Return the keys of all metadata files of the table's present and past states."""
        documents = list(self.documents())
        lists = {uri for _, document in documents for uri in lists_of(document) if self.is_there(uri)}
        manifests = {record["manifest_path"] for uri in lists for record in self.records(uri)}
        return {self._key(uri) for uri in (*(uri for uri, _ in documents), *lists, *manifests)}

    def data_files(self) -> Iterator[tuple[str, int]]:
        """Yield keys and sizes in bytes of all files that the newest snapshot holds, with rows or naming deleted ones.

        Raises:
            LakeIncomplete: a metadata file is not in the lake, or names a data file elsewhere.
        """
        return ((key, size) for key, size, _ in self._held_by(None))

    def _held_by(self, snapshot_id: int | None) -> Iterator[tuple[str, int, int]]:
        """Yield keys, sizes in bytes and contents of the files that a snapshot holds, of the newest one when None."""
        document = self.newest()
        wanted = document.get("current-snapshot-id") if snapshot_id is None else snapshot_id
        lists = [s["manifest-list"] for s in document.get("snapshots", []) if s["snapshot-id"] == wanted]
        manifests = [listed["manifest_path"] for uri in lists for listed in self.records(uri)]
        yield from ((self._key(path), size, content) for uri in manifests for path, size, content in self._live(uri))

    def live(self, snapshot_id: int | None = None) -> LiveFiles:
        """Return the keys of the files that a snapshot holds, of the newest one when None, in one look at it.

        Raises:
            LakeIncomplete, TableDamaged: as `data_files`.
        """
        held = list(self._held_by(snapshot_id))
        rows, deletes = ([key for key, _, content in held if content == kind] for kind in (DATA, POSITIONS))
        return LiveFiles(rows, deletes)

    def _live(self, uri: str) -> tuple[tuple[str, int, int], ...]:
        """Return places, sizes in bytes and contents of the files that a manifest says are there."""
        data = self.read(uri)
        try:
            return live_entries(data)
        except Exception as error:  # as in `records`
            raise self._spoilt(uri, error) from error

    def _key(self, uri: str) -> str:
        key = self.rewrite.key(uri)
        if key is None:
            raise self._lacking(uri)
        return key

    def _lacking(self, uri: str) -> BadRequest | TableDamaged:
        """Return the error that says that a file is not there: the lake is no whole copy, or the table is damaged."""
        if self.rewrite.source == self.rewrite.target:
            return TableDamaged(table=self.entry.catalog_name, problem=f"`{path_in_uri(uri)}` is not there")
        return LakeIncomplete(lake=self.rewrite.target, file=uri, table=self.entry.catalog_name)


class TableRewrite(TableFiles):
    """Write a table's metadata files anew, for the place where the lake is now.

    Attributes:
        written: the place of each new file by that of the file that it takes the place of.
        snapshots: how many snapshots the table has.
    """

    def __init__(self, store: ObjectStore, entry: CatalogEntry, root: str) -> None:
        super().__init__(store, entry, root)
        self.written: dict[str, str] = {}
        self.snapshots = 0
        self._lengths: dict[str, int] = {}

    def write(self) -> CatalogEntry:
        """Write all metadata files anew, and return the entry that the catalog needs for the table afterwards.

        Raises:
            LakeIncomplete: a file that the newest state or its past needs is not in the lake.
        """
        for uri, document in self.documents():
            newest = uri == self.entry.metadata
            self.snapshots = len(document.get("snapshots", [])) if newest else self.snapshots
            self._write_document(uri, document, [u for u in lists_of(document) if newest or self.is_there(u)])
        entry = self.entry
        before = entry.previous and self.rewrite.metadata_file(entry.previous)
        return CatalogEntry(entry.database, entry.name, self.rewrite.metadata_file(entry.metadata), before)

    def _write_document(self, uri: str, document: Record, lists: list[str]) -> None:
        for manifest_list in lists:
            if manifest_list not in self.written:
                self._write_avro(manifest_list, self._listed)
        new = self.rewrite.rewritten(document)
        for field, name in (("snapshots", "manifest-list"), ("metadata-log", "metadata-file")):
            for item, original in zip(new.get(field, []), document.get(field, []), strict=True):
                item[name] = self.rewrite.metadata_file(original[name])
        self._put(uri, json.dumps(new).encode())

    def _listed(self, record: Record) -> Record:
        """Return a manifest's record in a manifest list with its new place, after writing the manifest itself anew."""
        uri = record["manifest_path"]
        if uri not in self.written:
            self._write_avro(uri, self._held)
        place: Record = {"manifest_path": self.written[uri], "manifest_length": self._lengths[uri]}
        return {**self.rewrite.rewritten(record), **place}

    def _held(self, record: Record) -> Record:
        """Return a data file's record in a manifest with its new place, after making sure that a live file is there."""
        if record["status"] != DELETED:
            self.require(record["data_file"]["file_path"])
        return {**self.rewrite.rewritten(record)}

    def _write_avro(self, uri: str, change: Callable[[Record], Record]) -> None:
        self._put(uri, avro_changed(self.read(uri), change))

    def _put(self, uri: str, data: bytes) -> None:
        self.store.put(renamed(self._key(uri), self.rewrite.target), data)
        self.written[uri], self._lengths[uri] = self.rewrite.metadata_file(uri), len(data)


def lists_of(document: Record) -> list[str]:
    """Return the places of the manifest lists that a metadata file names, one per snapshot."""
    return [snapshot["manifest-list"] for snapshot in document.get("snapshots", [])]


@lru_cache(maxsize=64)
def live_entries(manifest: bytes) -> tuple[tuple[str, int, int], ...]:
    """Return places, sizes in bytes and contents of the files that a manifest says are there.

    A run asks it of the same manifests many times. Statistics of columns, most of a manifest, are not made of it.
    """
    from fastavro import reader

    held: list[Record] = list(reader(io.BytesIO(manifest), reader_schema=LIVE))  # type: ignore[arg-type] # as above
    files = [one["data_file"] for one in held if one["status"] != DELETED]
    return tuple((str(file["file_path"]), int(file["file_size_in_bytes"]), int(file["content"])) for file in files)


def avro_records(data: bytes) -> Iterator[Record]:
    """Yield the records of an Avro file."""
    from fastavro import reader

    yield from reader(io.BytesIO(data))  # type: ignore[misc] # the records of Iceberg's files are objects


def avro_changed(data: bytes, change: Callable[[Record], Record]) -> bytes:
    """Return an Avro file with every record changed, and its schema, metadata and compression as they were.

    The same input gives the same bytes, so that a second try writes what is there already.
    """
    from fastavro import reader, writer

    source, out = reader(io.BytesIO(data)), io.BytesIO()
    metadata = {name: value for name, value in source.metadata.items() if not name.startswith("avro.")}
    marker = hashlib.md5(data, usedforsecurity=False).digest()
    changed = (change(record) for record in source)  # type: ignore[arg-type] # as above
    schema = json.loads(source.metadata["avro.schema"])
    writer(out, schema, changed, codec=source.codec, metadata=metadata, sync_marker=marker)
    return out.getvalue()
