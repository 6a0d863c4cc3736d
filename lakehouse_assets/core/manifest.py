"""The frozen list of files one run works on: pure values, no storage.

A manifest is written once by the plan step; everything downstream reads it and never looks at
"whatever is there now". Which landing key belongs to which dataset is decided here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Literal

from lakehouse_assets.errors import ContractInvalid

Mode = Literal["load", "replay", "reprocess"]

IN_FLIGHT = re.compile(r"(\.tmp|\.part|_\$folder\$)$|(^|/)[._]")
"""Names of objects that are still being written, or that tools leave behind."""


@dataclass(frozen=True, order=True)
class FileEntry:
    """One landed object: dataset, key below the landing root, MD5 etag, size in bytes, UTC time of last change.

    `archived` is the key in the lake where the object lies now, when it is read again from the archive.
    """

    dataset: str
    key: str
    etag: str
    size_bytes: int
    modified: datetime
    archived: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What one run works on.

    Attributes:
        run_id: the run that owns these files.
        pipeline: name of the pipeline, also of its lease.
        as_of: the run's clock, UTC; ages and freshness are measured against it.
        landing: URI of the landing root that keys are relative to.
        files: the exact objects, ordered by dataset and key.
        mode: load (landed files), replay (selected rejects), reprocess (files from the archive).
        selection: which rejects a replay takes: any of code, file, run; `corrected` is a key in the lake with new text.
        max_reject_ratio: overrides the contracts for this run.
    """

    run_id: str
    pipeline: str
    as_of: datetime
    landing: str
    files: tuple[FileEntry, ...]
    mode: Mode = "load"
    selection: dict[str, str] = field(default_factory=dict)
    max_reject_ratio: float | None = None

    def of(self, dataset: str) -> tuple[FileEntry, ...]:
        """The files of one dataset."""
        return tuple(entry for entry in self.files if entry.dataset == dataset)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; times in ISO-8601."""
        return {
            **asdict(self),
            "as_of": self.as_of.isoformat(),
            "files": [{**asdict(entry), "modified": entry.modified.isoformat()} for entry in self.files],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Manifest:
        """The inverse of `to_dict`."""
        files = (FileEntry(**{**entry, "modified": utc_moment(entry["modified"])}) for entry in data["files"])
        return cls(**{**data, "as_of": utc_moment(data["as_of"]), "files": tuple(sorted(files))})


def utc_moment(text: str) -> datetime:
    """An ISO-8601 moment in UTC; one without offset is UTC already.

    >>> utc_moment("2025-04-01T02:00:00+02:00").isoformat()
    '2025-04-01T00:00:00+00:00'
    """
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def dataset_of(key: str, patterns: Mapping[str, Iterable[str]]) -> str | None:
    """The dataset that a landing key belongs to, or None for a key that is nobody's or is still being written.

    Args:
        key: below the landing root.
        patterns: of every dataset, those of its contract's `files`: `*` and `?` stand for any characters and for
            one, `[…]` for one of a set; none of them for a slash.

    >>> dataset_of("orders/2025-04-01.csv.gz", {"products": ["products.csv"], "orders": ["orders/*.csv.gz"]})
    'orders'
    >>> dataset_of("orders/2025/04.csv", {"orders": ["orders/*.csv"]}) is None
    True
    >>> dataset_of("orders/.2025.csv", {"orders": ["orders/*.csv"]}) is None
    True

    Raises:
        ContractInvalid: the key matches patterns of two datasets.
    """
    if IN_FLIGHT.search(key):
        return None
    found = [name for name, globs in patterns.items() if any(_takes(glob, key) for glob in globs)]
    if len(found) > 1:
        problem = f"its `files` take `{key}`, and so do those of `{found[1]}`; a landed file belongs to one dataset"
        raise ContractInvalid(contract=found[0], problem=problem)
    return found[0] if found else None


def _takes(glob: str, key: str) -> bool:
    """Whether a pattern matches the key, folder by folder, so that no wildcard stands for a slash.

    >>> _takes("orders/*.csv", "orders/1.csv"), _takes("orders/*.csv", "orders/old/1.csv"), _takes("*.csv", "O.CSV")
    (True, False, False)
    """
    globs, names = glob.split("/"), key.split("/")
    return len(globs) == len(names) and all(fnmatchcase(name, part) for name, part in zip(names, globs, strict=True))
