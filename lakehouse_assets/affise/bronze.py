"""Keep pages in bronze, and show a slice only when all of it is there.

`bronze/affise/<endpoint>/<day>/<run>/` holds `<slice>-<page>-<digest>.json.gz`, one object per page, and, written
last, `<slice>.manifest.json`, which names the pages that count. What no manifest names is not there for a reader. The
name of a page holds a digest of its content, so nothing is ever written over, not by a pull of the same run that was
thought dead; and nothing is deleted but a slice's own bookmark, after its manifest.
A page is one JSON document: request facts, what else the answer said (`rest`), and the answer's `records`.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson

from lakehouse_assets.affise.endpoints import Endpoint
from lakehouse_assets.affise.errors import PageDamaged
from lakehouse_assets.affise.notes import Bookmark, PageFile, SliceManifest, forget_note, note_bytes, noted
from lakehouse_assets.affise.paging import Page
from lakehouse_assets.affise.redaction import Redactor
from lakehouse_assets.affise.slices import Slice
from lakehouse_assets.affise.spellings import redacted_groups
from lakehouse_assets.errors import PreconditionFailed
from lakehouse_assets.storage.objects import ObjectStore

ROOT = "bronze/affise"
RECORDS = ("records",)
"""Names the path to the array of records in a page, for the JSON-pages format."""
MANIFEST, BOOKMARK = ".manifest.json", ".bookmark.json"
PACKING = 4
"""How hard gzip tries: 6 takes half as long again for a sixth of the bytes."""


@dataclass(frozen=True)
class Bronze:
    """Write and read the bronze of one run.

    Attributes:
        store: the lake's.
        tenant: host of the account's API.
        run_id: of the run.
        as_of: the run's clock, UTC: from then on what it pulled is known.
        zone: the account's, in which its days are counted.
        since: from when on the run wants facts, UTC; None for all that a page has. A page of totals has a whole day of
            UTC, so it says which of its hours are left out: nothing else of their day of the account is pulled.
        until: up to when the run wants facts, UTC; None where nothing is left out at the end.
        forgotten: names of the hours of a page of totals whose clicks nobody has pulled and the account has forgotten.
    """

    store: ObjectStore
    tenant: str
    run_id: str
    as_of: datetime
    zone: str
    since: datetime | None = None
    until: datetime | None = None
    forgotten: tuple[str, ...] = ()

    def write(self, endpoint: Endpoint, wanted: Slice, page: Page, redactor: Redactor) -> PageFile:
        """Write one page, redacted, and return its name."""
        document = self._document(endpoint, wanted, page, redactor)
        name = f"{wanted.name}-{page.number:05d}"
        return self._put(endpoint, wanted, name, document, page.answer.received_at)

    def write_known(self, endpoint: Endpoint, wanted: Slice, name: str, records: list[Any]) -> PageFile:
        """Write a page of records that bronze knows already, so that nothing of them is to be redacted.

        Args:
            endpoint: of the records.
            wanted: the slice that the page belongs to.
            name: says what is true of the records.
            records: as they are in bronze.
        """
        document = {**self._place(endpoint, wanted), RECORDS[0]: records}
        return self._put(endpoint, wanted, f"{wanted.name}-{name}", document, now())

    def _put(
        self, endpoint: Endpoint, wanted: Slice, name: str, document: dict[str, Any], received_at: datetime
    ) -> PageFile:
        data = gzip.compress(orjson.dumps(document), PACKING, mtime=0)
        digest = hashlib.sha256(data).hexdigest()[:12]
        key = f"{self._folder(endpoint.name, wanted.day)}/{name}-{digest}.json.gz"
        self.store.put(key, data)
        return PageFile(key, _md5(data), len(data), len(document[RECORDS[0]]), received_at)

    def finish(self, manifest: SliceManifest) -> SliceManifest:
        """Make a slice visible; one that this run has finished already stays as it is, and is returned."""
        key = self.key_of(manifest)
        try:
            self.store.put(key, note_bytes(manifest), if_absent=True)
        except PreconditionFailed:
            manifest = noted(self.store, key, SliceManifest) or manifest
        self.forget(manifest.endpoint, manifest.slice)
        return manifest

    def own(self, endpoint: str, day: date) -> list[SliceManifest]:
        """Return the complete slices of this run."""
        return manifests(self.store, endpoint, day, self.run_id)

    def mark(self, endpoint: Endpoint, wanted: Slice, bookmark: Bookmark) -> None:
        """Keep how far the pull of a slice came."""
        self.store.put(self._key(endpoint.name, wanted, BOOKMARK), note_bytes(bookmark))

    def bookmark(self, endpoint: Endpoint, wanted: Slice) -> Bookmark | None:
        """Return how far an earlier pull of this run came; None when there is none."""
        return noted(self.store, self._key(endpoint.name, wanted, BOOKMARK), Bookmark)

    def forget(self, endpoint: str, wanted: Slice) -> None:
        """Delete the bookmark of a slice, if there is one."""
        forget_note(self.store, self._key(endpoint, wanted, BOOKMARK))

    def _document(self, endpoint: Endpoint, wanted: Slice, page: Page, redactor: Redactor) -> dict[str, Any]:
        answer, told = page.answer, page.told
        is_object = isinstance(answer.data, dict)
        rest = {name: value for name, value in answer.data.items() if name != endpoint.records} if is_object else {}
        return {
            **self._place(endpoint, wanted),
            "timezone": "UTC",
            **asdict(told),
            "page": page.number,
            "http_status": answer.status,
            "body_status": rest.get("status"),
            "requested_at": answer.requested_at,
            "received_at": answer.received_at,
            "params": page.params,
            "params_hash": hashlib.sha256(orjson.dumps(sorted(page.params))).hexdigest(),
            "body_sha256": hashlib.sha256(answer.body).hexdigest(),
            "rest": redactor.redacted(rest),
            RECORDS[0]: redacted_groups(page.records, redactor),
        }

    def _place(self, endpoint: Endpoint, wanted: Slice) -> dict[str, Any]:
        """Return what every page says of where it belongs."""
        span = {"since": self.since, "until": self.until}
        told = {name: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for name, at in span.items() if at is not None}
        return {
            **told,
            **({"forgotten": self.forgotten} if self.forgotten else {}),
            "endpoint": endpoint.name,
            "path": endpoint.path,
            "tenant": self.tenant,
            "run_id": self.run_id,
            "as_of": self.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "zone": self.zone,
            "slice": wanted.name,
            "window_from": wanted.start,
            "window_to": wanted.end,
        }

    def key_of(self, manifest: SliceManifest) -> str:
        """Return the key of a slice's manifest."""
        return self._key(manifest.endpoint, manifest.slice, MANIFEST)

    def _folder(self, endpoint: str, day: date) -> str:
        return f"{ROOT}/{endpoint}/{day}/{self.run_id}"

    def _key(self, endpoint: str, wanted: Slice, ending: str) -> str:
        return f"{self._folder(endpoint, wanted.day)}/{wanted.name}{ending}"


def manifests(store: ObjectStore, endpoint: str, day: date, run_id: str | None = None) -> list[SliceManifest]:
    """Return the complete slices of one UTC day, of all runs or of one, oldest first; only manifests are read."""
    within = f"{ROOT}/{endpoint}/{day}/" + (f"{run_id}/" if run_id else "")
    keys = [key for key in store.look(within).keys if key.endswith(MANIFEST)]
    found = [one for key in keys if (one := noted(store, key, SliceManifest)) is not None]
    return sorted(found, key=lambda one: (one.began_at, one.run_id, one.slice))


def settled(store: ObjectStore, endpoint: str, day: date) -> frozenset[str]:
    """Return the names of a day's slices that are there for good, whichever run pulled them."""
    return frozenset(one.slice.name for one in manifests(store, endpoint, day) if one.is_settled)


def read_page(store: ObjectStore, page: PageFile) -> dict[str, Any]:
    """Return the document of one page; its numbers are as `orjson` reads them, so this is not for money.

    Raises:
        PageDamaged: it is not the page that was written.
        ObjectMissing: it is gone.
    """
    data = store.read(page.key)
    if _md5(data) != page.etag:
        raise PageDamaged(key=page.key)
    document: dict[str, Any] = orjson.loads(gzip.decompress(data))
    return document


def records_of(store: ObjectStore, pages: tuple[PageFile, ...]) -> Iterator[list[Any]]:
    """Yield the records of pages, a page at a time."""
    for page in pages:
        yield read_page(store, page)[RECORDS[0]]


def _md5(data: bytes) -> str:
    # Not as the store answers a put: an etag of S3 may be something else.
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)
