"""Conclude what is gone from a list, from bronze alone: what two whole pulls in a row were without.

Each whole pull of a list is compared with the whole pull of the tick before. What that one had and this one lacks is
`missed`; what was missed then and is lacked again is `gone`, and stays so until it comes again. Both are pages of the
list's slice with the last known records, so a rebuild from bronze concludes the same. One list's ids are held in
memory, and the records that are missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lakehouse_assets.affise.bronze import ROOT, Bronze, records_of
from lakehouse_assets.affise.endpoints import OFFERS, Endpoint
from lakehouse_assets.affise.envelope import identity
from lakehouse_assets.affise.errors import ListShrunk, RightsLost
from lakehouse_assets.affise.notes import PageFile, SliceManifest, note_bytes, noted
from lakehouse_assets.storage.objects import ObjectStore

GONE = {"is_deleted": True}
"""What a record says that is gone."""
MOST_GONE = 0.2
"""Which share of a list may be gone at once by default."""
TELLING = 2
"""How many hidden records tell a key that sees only active ones from records that happen to be gone."""


@dataclass(frozen=True)
class Complete:
    """Name the newest whole pull of a list.

    Attributes:
        as_of: clock of its run.
        manifest: its key.
        before: key of the manifest of the whole pull of the tick before; None for the first.
    """

    as_of: datetime
    manifest: str
    before: str | None = None


def complete(store: ObjectStore, endpoint: Endpoint) -> Complete | None:
    """Return the newest whole pull of a list; None before the first."""
    return noted(store, _key(endpoint), Complete)


def note_complete(bronze: Bronze, endpoint: Endpoint, made: SliceManifest) -> None:
    """Note a pull as the newest whole one, if it is whole; one of the same tick is replaced, not built upon.

    Raises:
        PreconditionFailed: another run notes one at the same moment.
    """
    key, last = bronze.key_of(made), complete(bronze.store, endpoint)
    if not made.is_counted or (last is not None and last.manifest == key):
        return
    is_again = last is not None and last.as_of == bronze.as_of
    before = (last.before if is_again else last.manifest) if last else None
    found = bronze.store.stat(_key(endpoint))
    data = note_bytes(Complete(bronze.as_of, key, before))
    bronze.store.put(_key(endpoint), data, if_absent=found is None, if_match=found.etag if found else None)


def _key(endpoint: Endpoint) -> str:
    return f"{ROOT}/complete-{endpoint.name}.json"


@dataclass(frozen=True)
class Comparison:
    """Compare a list with what it was.

    Attributes:
        bronze: of the run.
        key_name: name of the secret that the API's key is in.
        most_gone: which share of the list may be gone at once; with all of it nothing is refused.
    """

    bronze: Bronze
    key_name: str
    most_gone: float = MOST_GONE

    def of(self, endpoint: Endpoint, made: SliceManifest) -> SliceManifest:
        """Return a pulled list with what is missed and what is gone.

        Raises:
            RightsLost: of what was not active, nothing is answered any more.
            ListShrunk: more is missed than may be.
        """
        before = self._before(endpoint) if made.is_counted else None
        if before is None:
            return made
        here, there = self._ids(endpoint, made.pages), self._ids(endpoint, before.pages)
        missed = there - here
        self._refuse(endpoint, before, missed, len(there))
        was_gone = [page for page in (before.missed, before.gone) if page is not None]
        lacked = list(self._records(endpoint, was_gone, self._ids(endpoint, was_gone) - here))
        gone = [{**record, **GONE} for record in lacked] if endpoint.marks_gone else []
        return replace(
            made,
            missed=self._page(endpoint, made, "missed", list(self._records(endpoint, before.pages, missed))),
            gone=self._page(endpoint, made, "gone", gone),
        )

    def _before(self, endpoint: Endpoint) -> SliceManifest | None:
        last = complete(self.bronze.store, endpoint)
        key = None if last is None else last.before if last.as_of == self.bronze.as_of else last.manifest
        return None if key is None else noted(self.bronze.store, key, SliceManifest)

    def _refuse(self, endpoint: Endpoint, before: SliceManifest, missed: set[bytes], known: int) -> None:
        if not missed or self.most_gone >= 1:
            return
        hidden = {
            name
            for record in self._records(endpoint, before.pages, None)
            if (name := identity(endpoint, record)) and record.get("status") in {"stopped", "suspended"}
        }
        tenant = self.bronze.tenant
        # Offers that are not active are the only records which a key may be refused one by one, without a 403.
        if endpoint is OFFERS and len(hidden) >= TELLING and hidden <= missed:
            way_out = "if they really are gone, run once with LAKEHOUSE_AFFISE__MOST_GONE=1"
            problem = f"none of {len(hidden)} {endpoint.name} that are not active is answered any more ({way_out})"
            raise RightsLost(name=self.key_name, api=tenant, problem=problem)
        if len(missed) > self.most_gone * known:
            facts = {"endpoint": endpoint.name, "gone": len(missed), "known": known, "most": self.most_gone}
            raise ListShrunk(api=tenant, before=before.began_at, **facts)

    def _page(self, endpoint: Endpoint, made: SliceManifest, name: str, records: list[Any]) -> PageFile | None:
        return self.bronze.write_known(endpoint, made.slice, name, records) if records else None

    def _ids(self, endpoint: Endpoint, pages: Iterable[PageFile]) -> set[bytes]:
        found = (identity(endpoint, record) for record in self._records(endpoint, pages, None))
        return {name for name in found if name is not None}

    def _records(self, endpoint: Endpoint, pages: Iterable[PageFile], ids: set[bytes] | None) -> Iterator[Any]:
        """Yield the records of pages, those of these ids where ids are named, each of them once."""
        left = None if ids is None else set(ids)
        for record in (one for page in records_of(self.bronze.store, tuple(pages)) for one in page):
            name = identity(endpoint, record)
            if left is None:
                yield record
            elif name in left:
                left.discard(name)
                yield record
