"""Read and write the folder of one run in the lake: what was planned, and what each step reported.

`runs/<pipeline>/<run id>/` holds manifest.json (the frozen work), one JSON per step, and report.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TypeVar

import orjson

from lakehouse_assets.core.manifest import Manifest, utc_moment
from lakehouse_assets.errors import ObjectMissing, StateDamaged
from lakehouse_assets.storage.adapters import adapter_of
from lakehouse_assets.storage.objects import ObjectStore

REQUEST = "request"
"""Names the piece that holds what the run was asked, with its clock fixed."""
WAY_OUT = "put it back from a backup of the lake; of its files those that are still in landing come with the next run"
Report = TypeVar("Report")
"""The type of a step's report: a dataclass of plain values."""
Read = TypeVar("Read")
"""The type of what a piece is read as."""


class _Requests:
    """Remember what the runs of this process were asked: that never changes, and every step and check asks for it."""

    MOST = 100

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}
        self._lock = Lock()

    def get(self, place: str) -> bytes | None:
        """Return the content of an object, where it is known."""
        return self._known.get(place)

    def set(self, place: str, data: bytes) -> None:
        """Remember the content of an object, and of the many before it the last ones."""
        with self._lock:
            self._known[place] = data
            while len(self._known) > self.MOST:
                self._known.pop(next(iter(self._known)))


_REQUESTS = _Requests()


@dataclass(frozen=True)
class RunFolder:
    """Read and write the JSON pieces in the folder of one run."""

    store: ObjectStore
    pipeline: str
    run_id: str

    @property
    def key(self) -> str:
        """Return the key of the folder, without a slash at the end."""
        return f"runs/{self.pipeline}/{self.run_id}"

    def key_of(self, piece: str) -> str:
        """Return the key of one piece, such as `manifest` or a step's name."""
        return f"{self.key}/{piece}.json"

    def write(self, piece: str, value: Mapping[str, Any]) -> None:
        """Write one piece; a step that runs again replaces its own piece."""
        data = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str)
        self.store.put(self.key_of(piece), data)
        if piece == REQUEST:
            _REQUESTS.set(self._place(piece), data)

    def read(self, piece: str) -> dict[str, Any] | None:
        """Return one piece as plain values, or None when that step has not reported.

        Raises:
            StateDamaged: the piece is no JSON.
        """
        data = _REQUESTS.get(self._place(piece)) if piece == REQUEST else None
        if data is None:
            try:
                data = self.store.read(self.key_of(piece))
            except ObjectMissing:
                return None
            if piece == REQUEST:
                _REQUESTS.set(self._place(piece), data)
        value: dict[str, Any] = self._readable(piece, lambda: orjson.loads(data))
        return value

    def _place(self, piece: str) -> str:
        return f"{self.store.uri}/{self.key_of(piece)}"

    def keep(self, piece: str, report: object) -> None:
        """Write a typed report, a dataclass, as one piece."""
        self.write(piece, adapter_of(type(report)).dump_python(report, mode="json"))

    def report(self, piece: str, kind: type[Report]) -> Report | None:
        """Return one piece as the type that `keep` was given, or None when that step has not reported."""
        value = self.read(piece)
        return None if not value else self._readable(piece, lambda: adapter_of(kind).validate_python(value))

    def manifest(self, piece: str = "manifest") -> Manifest:
        """Return the run's manifest, which fixes the files that the run works on, or one that a step has made of it.

        Raises:
            ObjectMissing: the run has not been planned, or the piece is gone.
            StateDamaged: the piece is no manifest.
        """
        data = self.store.read(self.key_of(piece))
        return self._readable(piece, lambda: Manifest.from_dict(orjson.loads(data)))

    def _readable(self, piece: str, read: Callable[[], Read]) -> Read:
        try:
            return read()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"{type(error).__name__}: {error}".partition("\n")[0]
            file = self.store.location(self.key_of(piece))
            raise StateDamaged(what="the run's file", file=file, problem=problem, way_out=WAY_OUT) from error

    @property
    def as_of(self) -> datetime:
        """Return the run's clock; the present moment in a run without a plan, such as that of one gold table alone.

        It is asked for by every check, so a manifest of many files is not read for it where the request was kept.
        """
        asked = (self.read(REQUEST) or {}).get("as_of")
        if asked:
            return utc_moment(asked)
        frozen = self.read("manifest")
        return Manifest.from_dict(frozen | {"files": []}).as_of if frozen else datetime.now(UTC)
