"""Cut a run's manifest into parts, so that each call of the function reads what it moves and no more.

The first call reads the whole manifest; where it has more objects than one call moves, it leaves the parts in the run's
folder, each with those of its keys that were refused. A token is the number of a part and the key where to go on in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from lakehouse_assets.compute.reports import REFUSED
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.objects import ObjectStore
from lambdas.moves3objects.logic import SLICE_OBJECTS, MoveRequest


@dataclass(frozen=True)
class Part:
    """Hold the part of a manifest that a call works on.

    Attributes:
        number: of the part, from 0.
        of: how many parts there are.
        manifest: the run's, with the files of this part only.
        refused: those of its keys that go to quarantine.
        begin: the key to begin with; None for the first one.
    """

    number: int
    of: int
    manifest: Manifest
    refused: frozenset[str]
    begin: str | None = None

    def token(self, rest: str | None) -> str | None:
        """Return where the next call starts, given the next key of this part; None when all is done.

        >>> whole = Manifest("r1", "weather", "landing", (), None)
        >>> [Part(0, 2, whole, frozenset()).token(rest) for rest in ("a.csv", None)]
        ['0 a.csv', '1 ']
        """
        if rest is not None:
            return f"{self.number} {rest}"
        return f"{self.number + 1} " if self.number + 1 < self.of else None


def part_of(lake: ObjectStore, request: MoveRequest) -> Part:
    """Return what a call works on.

    Raises:
        ObjectMissing: there is no such manifest, or no such list of refused files.
        BadRequest: the token is none.
    """
    number, blank, begin = (request.token or "0 ").partition(" ")
    if not (number.isdecimal() and blank):
        raise BadRequest(message=f"`{request.token}` is no token of an archive")
    if request.token is not None and lake.has(_key(request, int(number))):
        return replace(_read(lake, request, int(number)), begin=begin or None)
    first = _cut(lake, request)
    if int(number):
        raise BadRequest(
            message=f"token `{request.token}` is not of this manifest of {len(first.manifest.files)} files"
        )
    return replace(first, begin=begin or None)


def _cut(lake: ObjectStore, request: MoveRequest) -> Part:
    """Read the manifest and return its first part; where there are more, leave all of them in the run's folder."""
    manifest = Manifest.from_dict(orjson.loads(lake.read(request.manifest_key)))
    refused = frozenset(orjson.loads(lake.read(request.refused))["keys"]) if request.refused else frozenset()
    files = tuple(entry for entry in manifest.files if entry.archived is None)
    cut = [files[first : first + SLICE_OBJECTS] for first in range(0, len(files), SLICE_OBJECTS)] or [()]
    parts = [_part(number, len(cut), manifest, some, refused) for number, some in enumerate(cut)]
    for part in parts if len(parts) > 1 else ():
        lake.put(_key(request, part.number), orjson.dumps(_to_dict(part)))
    return parts[0]


def _part(number: int, of: int, manifest: Manifest, files: tuple[FileEntry, ...], refused: frozenset[str]) -> Part:
    keys = frozenset(entry.key for entry in files)
    return Part(number, of, replace(manifest, files=files), refused & keys)


def _key(request: MoveRequest, number: int) -> str:
    return f"{request.manifest_key.removesuffix('.json')}-{number}.json"


def _to_dict(part: Part) -> dict[str, Any]:
    return part.manifest.to_dict() | {REFUSED: sorted(part.refused), "of": part.of}


def _read(lake: ObjectStore, request: MoveRequest, number: int) -> Part:
    found = orjson.loads(lake.read(_key(request, number)))
    return Part(number, found["of"], Manifest.from_dict(found), frozenset(found[REFUSED]))
