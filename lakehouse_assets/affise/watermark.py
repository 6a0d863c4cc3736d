"""Remember up to when changes are in silver: the moment at which the pull began whose changes silver has committed.

It moves only after silver's commit, and never back. So a run that dies anywhere is caught up by the next one, which
asks for what changed from a day before: clocks differ, and changes become visible minutes after they are made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lakehouse_assets.affise.slices import DAY, LATEST_CHANGE_DAYS
from lakehouse_assets.errors import ObjectMissing, PreconditionFailed
from lakehouse_assets.storage.adapters import adapter_of
from lakehouse_assets.storage.objects import ObjectStore

KEY = "bronze/affise/watermark.json"
OVERLAP = DAY
SWEEP_EVERY = timedelta(days=7)
"""How often all that may still change is pulled again, in case a change was told to nobody."""
RACES = 5


@dataclass(frozen=True)
class Watermark:
    """Hold two moments, UTC, of the beginnings of pulls that silver has committed.

    Attributes:
        changes: of the newest pull of changes.
        sweep: of the newest pull of everything that may still change; None before the first.
    """

    changes: datetime
    sweep: datetime | None = None


def read(store: ObjectStore) -> Watermark | None:
    """Return the watermark; None before the first commit."""
    try:
        return adapter_of(Watermark).validate_json(store.read(KEY))
    except ObjectMissing:
        return None


def changes_since(mark: Watermark | None, tick: datetime) -> datetime:
    """Return from when on changes are asked for: a day before the watermark, or all that may change without one."""
    oldest = tick - DAY * LATEST_CHANGE_DAYS
    return oldest if mark is None else max(oldest, mark.changes - OVERLAP)


def is_sweep_due(mark: Watermark | None, tick: datetime) -> bool:
    """Say whether everything that may still change is pulled again; the first run has pulled nothing before."""
    return mark is not None and (mark.sweep is None or tick - mark.sweep >= SWEEP_EVERY)


def moved(mark: Watermark | None, began: datetime, *, is_sweep: bool) -> Watermark:
    """Return the watermark after a commit of what a pull brought that began at a moment; it never goes back."""
    before = mark or Watermark(began)
    sweep = max(began, before.sweep or began) if is_sweep else before.sweep
    return replace(before, changes=max(began, before.changes), sweep=sweep)


def advance(store: ObjectStore, began: datetime, *, is_sweep: bool = False) -> Watermark:
    """Move the watermark; only silver calls this, after its commit.

    Args:
        store: the lake's.
        began: when the pull began, before its first request.
        is_sweep: whether it was of everything that may still change.

    Raises:
        PreconditionFailed: others kept moving it at the same time.
    """
    for _ in range(RACES - 1):
        try:
            return _advance(store, began, is_sweep=is_sweep)
        except PreconditionFailed:
            continue
    return _advance(store, began, is_sweep=is_sweep)


def _advance(store: ObjectStore, began: datetime, *, is_sweep: bool) -> Watermark:
    found = store.stat(KEY)
    new = moved(read(store) if found else None, began, is_sweep=is_sweep)
    data = adapter_of(Watermark).dump_json(new)
    store.put(KEY, data, if_absent=found is None, if_match=found.etag if found else None)
    return new
