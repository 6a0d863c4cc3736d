"""Hold what is noted of pulls in bronze: pages, complete slices, and how far a pull came.

Notes are JSON documents of these types, which are checked when they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

import orjson
from pydantic import ValidationError

from lakehouse_assets.affise.id_time import Clock
from lakehouse_assets.affise.slices import Slice
from lakehouse_assets.errors import ObjectMissing, StateDamaged
from lakehouse_assets.storage.adapters import adapter_of
from lakehouse_assets.storage.objects import ObjectStore

Value = TypeVar("Value")
SETTLING = timedelta(hours=1)
"""How long after its end a slice is pulled at the earliest for good."""


@dataclass(frozen=True)
class PageFile:
    """Name one page in bronze: key, etag and size of its object, how many records it has, when it was answered."""

    key: str
    etag: str
    size_bytes: int
    records: int
    received_at: datetime


@dataclass(frozen=True)
class SliceManifest:
    """Say what a complete slice consists of.

    Attributes:
        endpoint: name of the endpoint.
        day, hour: of the slice, UTC; no hour for a whole day.
        window_from, window_to: the same as moments, UTC; the second does not belong to it.
        run_id: the run that pulled it.
        tenant: host of the account's API.
        is_closed: whether its time had ended when it was pulled, so that nothing should come any more.
        is_counted: whether its distinct records are as many as the API said; always so for a closed slice.
        warning: why they are not.
        clock: whose clock the times in its records show; None where none tells.
        outside: how many records were made outside of the slice, as their ids tell; the account reads spans of time
            otherwise than it was asked to if there are any.
        began_at, ended_at: when it was pulled, UTC.
        pulls: how often, until it was counted.
        total: the API's own count.
        distinct: how many different records came.
        records: how many came in all.
        pages: that hold them.
        gone: the page with the last known records of what two whole pulls in a row were without; of a list only.
        missed: the same of what this pull alone was without; nobody reads it but the next pull.
        as_of: the clock of the run, UTC; None of one from before that was noted.
    """

    endpoint: str
    day: date
    hour: int | None
    window_from: datetime
    window_to: datetime
    run_id: str
    tenant: str
    is_closed: bool
    is_counted: bool
    warning: str | None
    clock: Clock | None
    outside: int
    began_at: datetime
    ended_at: datetime
    pulls: int
    total: int | None
    distinct: int
    records: int
    pages: tuple[PageFile, ...]
    gone: PageFile | None = None
    missed: PageFile | None = None
    as_of: datetime | None = None

    @property
    def slice(self) -> Slice:
        """Return the slice."""
        return Slice(self.day, self.hour, not self.is_closed)

    @property
    def is_settled(self) -> bool:
        """Say whether it need not be pulled again for facts that do not change.

        What has only just ended is: the account's clock may be behind, and facts become visible some time after they
        are made.
        """
        is_late = self.as_of is None or self.as_of >= self.window_to + SETTLING
        return self.is_closed and self.is_counted and is_late


@dataclass(frozen=True)
class Bookmark:
    """Hold how far the pull of a slice came when its time was up.

    Attributes:
        pull: which pull of the slice it is, from 1.
        next_page: to be asked next.
        began_at: when the first pull began, UTC.
        first_total: the API's count with the first page of this pull.
        last_total: with the last one.
        pages: of this pull.
    """

    pull: int
    next_page: int
    began_at: datetime
    first_total: int | None
    last_total: int | None
    pages: tuple[PageFile, ...]


def noted(store: ObjectStore, key: str, kind: type[Value]) -> Value | None:
    """Return what a pull noted under a key; None when nothing is there.

    Raises:
        StateDamaged: it is not what a pull notes.
    """
    try:
        return adapter_of(kind).validate_json(store.read(key))
    except ObjectMissing:
        return None
    except ValidationError as error:
        problem, way_out = (
            "it is not what a pull notes",
            "put it back from a backup, or delete it and pull its day again",
        )
        raise StateDamaged(what="the note of a pull", file=key, problem=problem, way_out=way_out) from error


def forget_note(store: ObjectStore, key: str) -> None:
    """Delete what a pull noted under a key, if it is there."""
    found = store.stat(key)
    if found is not None:
        store.delete(key, if_match=found.etag)


def note_bytes(value: object) -> bytes:
    """Return a note as it is kept; `noted` reads it."""
    return orjson.dumps(adapter_of(type(value)).dump_python(value, mode="json"), option=orjson.OPT_INDENT_2)
