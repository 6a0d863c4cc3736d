"""Keep dimensions as they were at any instant: what they began as, and every change since."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

Thing = TypeVar("Thing")
Key = int | str


@dataclass(frozen=True, order=True)
class Change:
    """Say that from an instant on, fields of one thing have other values."""

    at: datetime
    key: Key = field(compare=False)
    fields: Mapping[str, Any] = field(compare=False)


class Timeline(Generic[Thing]):
    """Hold the things of one kind through time.

    Args:
        base: what there is from the start, by key, in the order of the list.
        changes: what becomes of them; more may come later.
    """

    def __init__(self, base: Mapping[Key, Thing], changes: Iterable[Change] = ()) -> None:
        self._base = dict(base)
        self._changes = sorted(changes)
        self._seen: dict[int, dict[Key, Thing]] = {}

    def add(self, change: Change) -> None:
        """Add a change; what was asked about instants before it stays as it was.

        Raises:
            KeyError: there is no such thing.
            TypeError: it has no such field.
        """
        replace(self._base[change.key], **change.fields)  # type: ignore[type-var]
        insort(self._changes, change)
        self._seen = {}

    def at(self, instant: datetime) -> Mapping[Key, Thing]:
        """Return everything as it is at an instant; a change holds from its own instant on."""
        position = bisect_right(self._changes, instant, key=lambda change: change.at)
        if position not in self._seen:
            things = dict(self._base)
            for change in self._changes[:position]:
                things[change.key] = replace(things[change.key], **change.fields, updated_at=change.at)  # type: ignore[type-var]
            self._seen[position] = things
        return self._seen[position]

    def changes(self) -> tuple[Change, ...]:
        """Return all changes in the order of time."""
        return tuple(self._changes)
