"""Hold what the pull of a day is made of: a slice while it is pulled, where a call goes on, and what one call did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from lakehouse_assets.affise.endpoints import Endpoint
from lakehouse_assets.affise.id_time import Clocks
from lakehouse_assets.affise.notes import Bookmark, PageFile, SliceManifest
from lakehouse_assets.affise.paging import Page, Tally


@dataclass(frozen=True)
class Cursor:
    """Say where the next call goes on; it is small, since what was pulled is noted in bronze.

    Attributes:
        slice: name of the slice that was not finished.
        is_large: whether the day is pulled by hour for its size.
    """

    slice: str
    is_large: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the cursor in JSON-ready form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Return the cursor that `to_dict` was asked for."""
        return cls(value["slice"], value["is_large"])


@dataclass(frozen=True)
class DayPull:
    """Report one call.

    Attributes:
        manifests: the slices that it finished, or that this run had finished before.
        skipped: names of slices that an earlier run has, closed and counted.
        forgotten: names of hours that no run has, and that the API does not remember any more.
        cursor: where the next call goes on; None when the day is done.
    """

    manifests: tuple[SliceManifest, ...]
    skipped: tuple[str, ...]
    forgotten: tuple[str, ...]
    cursor: Cursor | None


Closing = Callable[[Endpoint, SliceManifest], SliceManifest]
"""Takes a slice that is pulled, and returns it as it becomes visible; an error of it keeps the slice from that."""


def as_pulled(endpoint: Endpoint, made: SliceManifest) -> SliceManifest:
    """Return a slice as it is."""
    del endpoint
    return made


class Large(Exception):  # noqa: N818 - it says what was found
    """Say that a day has too many records for one slice; it is pulled by hour then."""


@dataclass
class Going:
    """Hold one pull of a slice while it goes on; `next_page` is None after the last one."""

    number: int
    began_at: datetime
    tally: Tally
    clocks: Clocks
    files: list[PageFile] = field(default_factory=list)
    next_page: int | None = 1

    def bookmark(self) -> Bookmark:
        """Return how far it has come."""
        totals = self.tally.first_total, self.tally.last_total
        return Bookmark(self.number, self.next_page or 1, self.began_at, *totals, tuple(self.files))

    def add(self, page: Page, file: PageFile) -> None:
        """Count one page."""
        self.files.append(file)
        self.count(page.records, page.told.total_count)
        self.next_page = page.told.next_page

    def count(self, records: list[Any], total: int | None) -> None:
        """Count the records of one page."""
        self.tally.add(records, total)
        if self.tally.endpoint.has_times:
            self.clocks.add(records)
