"""Cut lists into pages, and let rows come and go between pages where a switch says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lakehouse_assets.affise.simulator.dice import Ints
from lakehouse_assets.affise.simulator.faults import Kind
from lakehouse_assets.affise.simulator.query import Query
from lakehouse_assets.affise.simulator.refusals import NOT_FOUND, Refused
from lakehouse_assets.affise.simulator.switches import Switchboard

DEFAULT_LIMIT, MAX_LIMIT, LEAST_LIMIT = 100, 500, 10
REFERENCE_LIMIT = 2**31 - 1
"""Lists that are never cut say this as their limit."""


@dataclass(frozen=True)
class Page:
    """Say which rows of a list make a page, by position, and what is said about it."""

    positions: Ints
    pagination: dict[str, Any]


def limit_of(query: Query, on: frozenset[str], total: int) -> int:
    """Return how many rows a page has.

    Raises:
        Refused: more are asked for than may be, by a tenant that does not put up with it.
    """
    limit = query.number("limit", DEFAULT_LIMIT) or DEFAULT_LIMIT
    if limit > MAX_LIMIT and "limit-refused" in on:
        raise Refused(400, f"limit must be {MAX_LIMIT} or less")
    if "limit-honoured" not in on:
        limit = min(limit, MAX_LIMIT)
    return _exact(limit, total) if "exact-multiple" in on else limit


def _exact(limit: int, total: int) -> int:
    """Return the largest limit up to this one with which the last page is full, where there is a sensible one."""
    if 0 < total <= limit:
        return total
    return next((one for one in range(limit, LEAST_LIMIT - 1, -1) if total % one == 0), limit)


class Pager:
    """Make pages, and remember how often each list was begun.

    Args:
        switches: those of paging are looked at.
    """

    def __init__(self, switches: Switchboard) -> None:
        self._switches = switches
        self._passes: dict[object, tuple[int, frozenset[str]]] = {}

    def page(self, path: str, query: Query, total: int) -> Page:
        """Return one page of a list of so many rows.

        Raises:
            Refused: as `limit_of`, or the page lies beyond the end and the tenant says so.
        """
        on = self._switches.on
        number, limit = max(1, query.number("page", 1)), limit_of(query, on, total)
        drifts, passes = self._drifts(path, query, number, is_long=total > limit)
        count, move = _drifted(drifts, total, number)
        first = (number - 1) * limit
        positions = np.arange(first, max(first, min(first + limit, count)), dtype=np.int64)
        if not len(positions) and number > 1 and "page-beyond-end-404" in on:
            raise NOT_FOUND
        positions = move(positions)
        if "click-on-two-pages" in drifts and number == 2 and len(positions) and "clicks" in path:  # noqa: PLR2004 - page 2
            positions[0] = first - 1
        shown = count + passes if "total-count-changes" in drifts and number > 1 else count
        pagination: dict[str, Any] = {"page": number, "per_page": limit, "total_count": shown}
        if first + limit < count:
            pagination["next_page"] = number + 1
        elif "next-page-null" in on:
            pagination["next_page"] = None if total % 2 else 0
        return Page(positions, pagination)

    def _drifts(self, path: str, query: Query, number: int, *, is_long: bool) -> tuple[frozenset[str], int]:
        """Return what happens to the list in this pass over it, and how many passes began."""
        key = (path, query.slice_key())
        if number == 1:
            fired = self._switches.firing(Kind.PAGING, path, key) if is_long else []
            passes = self._passes.get(key, (0, frozenset()))[0]
            self._passes[key] = (passes + is_long, frozenset(switch.name for switch, _ in fired))
        passes, drifts = self._passes.get(key, (0, frozenset()))
        return drifts, passes


def _drifted(drifts: frozenset[str], total: int, number: int) -> tuple[int, Callable[[Ints], Ints]]:
    """Return how many rows the list has at this page, and where in the whole list its positions are."""
    if "insert-between-pages" in drifts and number == 1:
        return total - 1, lambda positions: positions + 1
    if "delete-between-pages" in drifts and number > 1:
        return total - 1, lambda positions: positions + 1
    return total, lambda positions: positions
