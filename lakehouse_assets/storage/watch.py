"""Watch files that were archived while somebody may still have been writing them, and give back those that changed.

An archived file is moved with whoever writes it. Where the system says that nobody does, it is final. Any other is
listed here, in one object per pipeline, before it is moved; the next runs and the sensor look at it until it is closed,
or, where the system does not say, for `WATCH_DAYS`. One that is no longer as its run's manifest says goes back to
landing, under its name, and is work like any landed file: rows that were loaded before are recognised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lakehouse_assets.core.manifest import FileEntry, utc_moment
from lakehouse_assets.errors import ObjectMissing, PreconditionFailed, StateDamaged
from lakehouse_assets.storage.objects import ObjectStore, StoredObject

WATCH_DAYS = 2
"""How long a file is looked at whose writer the system does not show."""


@dataclass(frozen=True, order=True)
class Watched:
    """Hold one archived file: its keys there and in landing, what its manifest says of it, and when it was moved."""

    key: str
    landed: str
    etag: str
    size_bytes: int
    modified: datetime
    since: datetime

    @classmethod
    def of(cls, entry: FileEntry, key: str, now: datetime) -> Watched:
        """Return the watched file for a manifest's entry that is archived under a key."""
        return cls(key, entry.key, entry.etag, entry.size_bytes, entry.modified, now)

    def to_dict(self) -> dict[str, Any]:
        """Return the file in JSON-ready form."""
        return asdict(self) | {"modified": self.modified.isoformat(), "since": self.since.isoformat()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Watched:
        """Read what `to_dict` wrote."""
        return cls(**data | {name: utc_moment(data[name]) for name in ("modified", "since")})


class WatchList:
    """Read and change the list of watched files of one pipeline.

    Args:
        lake: the store of the archive.
        pipeline: whose files.
    """

    def __init__(self, lake: ObjectStore, pipeline: str) -> None:
        self.lake, self.key = lake, f"watch/{pipeline}.json"

    def read(self) -> frozenset[Watched]:
        """Return the files; mostly there are none.

        Raises:
            StateDamaged: the list cannot be read.
        """
        try:
            data = self.lake.read(self.key)
        except ObjectMissing:
            return frozenset()
        try:
            return frozenset(Watched.from_dict(item) for item in json.loads(data))
        except (ValueError, KeyError, TypeError) as error:
            way_out = "remove it: archived files that still grow are then not noticed"
            problem = f"{type(error).__name__}: {error}"
            raise StateDamaged(
                what="list", file=self.lake.location(self.key), problem=problem, way_out=way_out
            ) from error

    def change(self, add: Iterable[Watched] = (), drop: Collection[str] = ()) -> None:
        """Add files, and drop those with these archive keys; whoever changes the list meanwhile loses nothing."""
        self._until_done(lambda known: {*(w for w in known if w.key not in drop), *add})

    def _until_done(self, changed: Callable[[frozenset[Watched]], set[Watched]]) -> None:
        while True:
            stored, known = self.lake.stat(self.key), self.read()
            wanted = changed(known)
            if wanted == known:
                return
            data = json.dumps([watched.to_dict() for watched in sorted(wanted)]).encode()
            try:
                if wanted or stored is None:
                    self.lake.put(self.key, data, if_absent=stored is None, if_match=stored.etag if stored else None)
                else:
                    self.lake.delete(self.key, if_match=stored.etag)
            except PreconditionFailed:
                continue  # somebody else was faster
            return


def give_back(pipeline: str, lake: ObjectStore, landing: ObjectStore, now: datetime | None = None) -> list[str]:
    """Move archived files that were written on since back to landing, and return their keys there.

    Args:
        pipeline: whose files.
        lake: the store of the archive.
        landing: where they go.
        now: the present moment, UTC.
    """
    watch, moment = WatchList(lake, pipeline), now or datetime.now(UTC)
    returned, done = list[str](), set[str]()
    for watched in sorted(watch.read()):
        listed = StoredObject(watched.key, watched.etag, watched.size_bytes, watched.modified)
        if lake.has(watched.key) and not lake.is_unchanged(listed):
            key = _returned(watched, lake, landing)
            returned += [key] if key else []
            done |= {watched.key} if key else set()
        elif not lake.has(watched.key) or _is_final(watched, lake, moment):
            done.add(watched.key)
    if done:
        watch.change(drop=done)
    return returned


def _is_final(watched: Watched, lake: ObjectStore, now: datetime) -> bool:
    writing = lake.is_being_written(watched.key)
    return writing is False or (writing is None and now - watched.since > timedelta(days=WATCH_DAYS))


def _returned(watched: Watched, lake: ObjectStore, landing: ObjectStore) -> str | None:
    """Move a file back, and return its key; None when it cannot be moved now, because it just changes again."""
    found = lake.stat(watched.key)
    if found is None:
        return None
    from lakehouse_assets.storage.atomic_files import apart  # wanted only here, where a file has changed

    folder, slash, name = watched.landed.rpartition("/")
    # Somebody may have dropped another file under its name meanwhile.
    for key in (watched.landed, f"{folder}{slash}{apart(found.etag, name)}"):
        try:
            if not landing.take_from(lake, found, key=key):
                landing.copy_from(lake, watched.key, source_etag=found.etag, key=key)
                lake.delete(watched.key, if_match=found.etag)
        except (PreconditionFailed, ObjectMissing):
            continue
        return key
    return None
