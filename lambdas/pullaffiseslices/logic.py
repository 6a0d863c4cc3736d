"""Decide which slices a run pulls, in which order, and go on where an earlier call ended.

Facts of the run's days come first, then what has changed since the watermark. Once a week the conversions of all days
that may still change are pulled again, in case a change was told to nobody.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Self

from lakehouse_assets.affise import watermark
from lakehouse_assets.affise.bronze import SliceManifest, manifests
from lakehouse_assets.affise.endpoints import CHANGES, CONVERSIONS, CUSTOM_TOTALS, DIMENSIONS, Endpoint
from lakehouse_assets.affise.pages import entries
from lakehouse_assets.affise.pull import BUDGET_SECONDS, Cursor, Puller
from lakehouse_assets.affise.slices import DAY, LATEST_CHANGE_DAYS, Slice, change_slices, midnight, utc_days
from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import landing_datasets
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.core.request import Window

SWEEP, INTRADAY = "sweep", "intraday"
LAST_HOURS = timedelta(hours=3)
"""How far back a pull between two ticks looks at least: what changes in an hour that is over is seen for a while."""


@dataclass(frozen=True)
class Plan:
    """Hold what a run pulls.

    Attributes:
        days: endpoint, UTC day and the moment from which on its facts are wanted, in the order of the pull.
        changes: days of changes, none for the first run.
        is_intraday: whether the running hour is pulled too.
    """

    days: tuple[tuple[Endpoint, date, datetime], ...]
    changes: tuple[Slice, ...]
    is_intraday: bool = False

    @classmethod
    def of(
        cls,
        window: Window,
        as_of: datetime,
        zone: str,
        mark: watermark.Watermark | None,
        clicks: Endpoint,
        *,
        pull: str | None = None,
    ) -> Self:
        """Return the plan of a run.

        Args:
            window: the account's days that it works on.
            as_of: its clock, UTC.
            zone: the account's.
            mark: up to when changes are in silver.
            clicks: where clicks are pulled.
            pull: as a run is asked (`core.request.Pull`); None for what is usual.
        """
        if pull == INTRADAY:
            return cls(_last_hours(window, as_of, zone, mark, clicks), (), is_intraday=True)
        due = pull == SWEEP or (mark is not None and watermark.is_sweep_due(mark, as_of))
        first = min(window.start, window.end - DAY * (LATEST_CHANGE_DAYS - 1)) if due else window.start
        starts = ((CONVERSIONS, first), (clicks, window.start), (CUSTOM_TOTALS, window.start))
        days = (
            (endpoint, day, midnight(start, zone))
            for endpoint, start in starts
            for day in utc_days(start, window.end, zone)
        )
        changed = () if mark is None else change_slices(watermark.changes_since(mark, as_of), as_of)
        return cls(tuple(days), changed)


def _last_hours(
    window: Window, as_of: datetime, zone: str, mark: watermark.Watermark | None, clicks: Endpoint
) -> tuple[tuple[Endpoint, date, datetime], ...]:
    """Return what happened since the last whole pull, and in the last hours in any case, within a run's days."""
    recent = as_of - LAST_HOURS
    pulled = recent if mark is None else min(recent, mark.changes)
    since = max(midnight(window.start, zone), pulled.replace(minute=0, second=0, microsecond=0))
    days = [since.date() + DAY * number for number in range((as_of.date() - since.date()).days + 1)]
    return tuple((endpoint, day, since) for endpoint in (CONVERSIONS, clicks, CUSTOM_TOTALS) for day in days)


@dataclass
class Pulled:
    """Hold what one call did."""

    slices: list[SliceManifest] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    token: str | None = None


def pull(puller: Puller, plan: Plan, token: str | None, seconds: float = BUDGET_SECONDS) -> Pulled:
    """Pull until all is done or the time is up.

    Args:
        puller: of the run.
        plan: the same in each call of the run.
        token: of the answer before; None at first.
        seconds: how long this call goes on; it always takes one page at least.

    Raises:
        LakehouseError: as `Puller.day`.
    """
    found, until = Pulled(), time.monotonic() + seconds
    begun: dict[str, Any] = json.loads(token) if token else {"place": 0}
    cursor = Cursor.from_dict(begun["cursor"]) if begun.get("cursor") else None
    as_of, steps = puller.bronze.as_of, len(plan.days) + len(plan.changes)
    for place in range(begun["place"], steps):
        left = until - time.monotonic()
        if place > begun["place"] and left <= 0:
            found.token = json.dumps({"place": place})
            return found
        if place >= len(plan.days):
            one = puller.one(CHANGES, plan.changes[place - len(plan.days)], left)
            if one is None:
                found.token = json.dumps({"place": place})
                return found
            found.slices.append(one)
            continue
        endpoint, day, since = plan.days[place]
        made = puller.day(endpoint, day, as_of, cursor=cursor, seconds=left, since=since, intraday=plan.is_intraday)
        found.slices += made.manifests
        found.forgotten += [f"{endpoint.name} {day} {hour}" for hour in made.forgotten]
        cursor = None
        if made.cursor is not None:
            found.token = json.dumps({"place": place, "cursor": made.cursor.to_dict()})
            return found
    return found


def with_pages(manifest: Manifest, puller: Puller, plan: Plan) -> Manifest:
    """Return the manifest with every page that this run has pulled, lists too."""
    patterns = {name: one.files for name, one in landing_datasets(contracts(manifest.pipeline)).items()}
    pages = entries(_own(puller, plan), patterns)
    return replace(manifest, files=tuple(sorted({*manifest.files, *pages})))


def _own(puller: Puller, plan: Plan) -> Iterator[SliceManifest]:
    """Yield the complete slices of the run."""
    store, run_id, today = puller.bronze.store, puller.bronze.run_id, puller.bronze.as_of.date()
    facts = [(endpoint, day) for endpoint, day, _ in plan.days]
    lists = [(endpoint, today) for endpoint in DIMENSIONS]
    for endpoint, day in (*facts, *lists, *((CHANGES, one.day) for one in plan.changes)):
        yield from manifests(store, endpoint.name, day, run_id)


def answer(done: Pulled, manifest: str) -> dict[str, Any]:
    """Return the function's answer."""
    return {
        "slices": len(done.slices),
        "records": sum(one.records for one in done.slices),
        "warnings": [f"{one.endpoint} of {one.slice}: {one.warning}" for one in done.slices if one.warning],
        "forgotten": done.forgotten,
        "manifest": manifest,
        "token": done.token,
        "done": done.token is None,
    }
