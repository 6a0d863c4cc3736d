"""Define the manifest, the frozen list of files that one run works on; it holds values and reads no storage.

A manifest is written once by the plan step; everything downstream reads it and never looks at
"whatever is there now". Which landing key belongs to which dataset is decided here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from lakehouse_assets.core.request import Mode, RunRequest, Selection, Window, parse_request
from lakehouse_assets.errors import ContractInvalid

IN_FLIGHT = re.compile(r"(\.tmp|\.part|_\$folder\$)$|(^|/)[._]")
"""Matches names of objects that are still being written, or that tools leave behind."""


@dataclass(frozen=True, order=True)
class FileEntry:
    """Hold one landed object: dataset, key below the landing root, MD5 etag, size in bytes, UTC time of last change.

    `archived` is the key in the lake where the object lies now, when it is read again from the archive.
    """

    dataset: str
    key: str
    etag: str
    size_bytes: int
    modified: datetime
    archived: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry in JSON-ready form, the time in ISO-8601."""
        return {**vars(self), "modified": self.modified.isoformat()}


@dataclass(frozen=True)
class Manifest:
    """Hold what one run works on: what it was asked, with its clock fixed, and the exact files.

    Attributes:
        run_id: the run that owns these files.
        pipeline: name of the pipeline, also of its lease.
        landing: the landing root that keys are relative to: its URI, or its key in the lake where it lies there.
        files: the exact objects, ordered by dataset and key.
        request: what the run was asked; `as_of` is set.
    """

    run_id: str
    pipeline: str
    landing: str
    files: tuple[FileEntry, ...]
    request: RunRequest

    @property
    def as_of(self) -> datetime:
        """Return the run's clock, UTC; ages and freshness are measured against it."""
        if self.request.as_of is None:
            raise ValueError("a manifest needs a request with a clock")
        return self.request.as_of

    @property
    def mode(self) -> Mode:
        """Return what the files are: landed ones, none but selected rejects, or files from the archive."""
        return self.request.mode

    @property
    def window(self) -> Window | None:
        """Return the days that the run works on, if its pipeline works on days."""
        return self.request.window

    @property
    def selection(self) -> dict[str, str]:
        """Return which rejects a replay takes: any of code, file, run; `corrected` is a lake key with new text."""
        return self.request.selection.model_dump(exclude_none=True) if self.request.selection else {}

    def of(self, dataset: str) -> tuple[FileEntry, ...]:
        """Return the files of one dataset."""
        return tuple(entry for entry in self.files if entry.dataset == dataset)

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest in JSON-ready form, times in ISO-8601. The request's own files are left out."""
        return {
            "run_id": self.run_id,
            "pipeline": self.pipeline,
            "landing": self.landing,
            "request": self.request.given() | {"files": None},
            "files": [entry.to_dict() for entry in self.files],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Manifest:
        """Read what `to_dict` wrote, also in version 0.1.0, which had the request's fields beside the files."""
        files = (FileEntry(**{**entry, "modified": utc_moment(entry["modified"])}) for entry in data["files"])
        request = parse_request(data["request"]) if "request" in data else _request_0_1_0(data)
        return cls(data["run_id"], data["pipeline"], data["landing"], tuple(sorted(files)), request)


def _request_0_1_0(data: dict[str, Any]) -> RunRequest:
    """Read the request of a version 0.1.0 manifest: its fields stand beside the files, and a reprocess has no date."""
    selection = Selection(**data["selection"]) if data.get("selection") else None
    ratio = data.get("max_reject_ratio")
    return RunRequest.model_construct(
        as_of=utc_moment(data["as_of"]), mode=data["mode"], selection=selection, max_reject_ratio=ratio
    )


def utc_moment(text: str) -> datetime:
    """Read an ISO-8601 moment and return it in UTC; one without offset is UTC already.

    >>> utc_moment("2025-04-01T02:00:00+02:00").isoformat()
    '2025-04-01T00:00:00+00:00'
    """
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def dataset_of(key: str, patterns: Mapping[str, Iterable[str]]) -> str | None:
    """Return the dataset that a landing key belongs to; None for a key that is nobody's or is still being written.

    Args:
        key: below the landing root.
        patterns: of every dataset, those of its contract's `files`: `*` and `?` stand for any characters and for
            one, `[…]` for one of a set; none of them for a slash.

    >>> dataset_of("readings/2025-04-01.csv.gz", {"stations": ["stations.csv"], "readings": ["readings/*.csv.gz"]})
    'readings'
    >>> dataset_of("readings/2025/04.csv", {"readings": ["readings/*.csv"]}) is None
    True
    >>> dataset_of("readings/.2025.csv", {"readings": ["readings/*.csv"]}) is None
    True

    Raises:
        ContractInvalid: the key matches patterns of two datasets.
    """
    if IN_FLIGHT.search(key):
        return None
    found = datasets_of(key, patterns)
    if len(found) > 1:
        problem = f"its `files` take `{key}`, and so do those of `{found[1]}`; a landed file belongs to one dataset"
        raise ContractInvalid(contract=found[0], problem=problem)
    return found[0] if found else None


def datasets_of(key: str, patterns: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the datasets whose patterns take a key, in their order; a page that was pulled may be read for several.

    >>> datasets_of("offers/1.json", {"offers": ["offers/*.json"], "caps": ["offers/*.json"], "clicks": ["clicks/*"]})
    ['offers', 'caps']
    """
    parts = key.split("/")
    return [name for name, globs in patterns.items() if any(_takes(glob, parts) for glob in globs)]


def _takes(glob: str, names: Sequence[str]) -> bool:
    """Say whether a pattern matches the names of a key, folder by folder, so that no wildcard stands for a slash.

    >>> _takes("data/*.csv", ["data", "1.csv"]), _takes("data/*.csv", ["data", "old", "1.csv"]), _takes("*", ["a", "b"])
    (True, False, False)
    """
    globs = _parts(glob)
    return len(globs) == len(names) and all(map(fnmatchcase, names, globs))


def leads_into(glob: str, folder: str) -> bool:
    """Say whether a pattern may take files that lie in a folder, or below it.

    >>> leads_into("data/*/*.csv", "data/old/"), leads_into("data/*.csv", "data/old/"), leads_into("a/*", "data/")
    (True, False, False)
    """
    globs, names = _parts(glob), folder.rstrip("/").split("/")
    return len(globs) > len(names) and all(map(fnmatchcase, names, globs))


@cache
def _parts(glob: str) -> tuple[str, ...]:
    return tuple(glob.split("/"))
