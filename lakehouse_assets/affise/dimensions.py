"""Pull the lists that the report takes names from: offers of all three statuses, partners, advertisers, currencies.

A list has no time and may change while it is pulled, so it is an open slice of the day: one that could not be counted
is kept, with a warning, and its manifest says so. Whoever concludes that an offer is gone asks for `is_counted`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lakehouse_assets.affise.bronze import SliceManifest
from lakehouse_assets.affise.endpoints import DIMENSIONS, Endpoint
from lakehouse_assets.affise.pull import BUDGET_SECONDS, Puller
from lakehouse_assets.affise.slices import Slice


@dataclass(frozen=True)
class ListPull:
    """Report one call.

    Attributes:
        manifests: the lists that are complete in this run.
        is_done: whether these are all; else the same call goes on.
    """

    manifests: tuple[SliceManifest, ...]
    is_done: bool


def pull_lists(
    puller: Puller, tick: datetime, *, endpoints: Iterable[Endpoint] = DIMENSIONS, seconds: float = BUDGET_SECONDS
) -> ListPull:
    """Pull whole lists for one run, or go on with them; those that the run has already are not pulled again.

    Args:
        puller: of the run.
        tick: of the run; its UTC day is that of the slices.
        endpoints: of lists.
        seconds: how long this call may go on.

    Raises:
        LakehouseError: as `Puller.one`.
    """
    until, made, before = time.monotonic() + seconds, list[SliceManifest](), puller.api.budget.made
    for endpoint in endpoints:
        if time.monotonic() >= until and puller.api.budget.made > before:  # it has done something at least
            return ListPull(tuple(made), is_done=False)
        one = puller.one(endpoint, Slice(tick.astimezone(UTC).date(), is_open=True), until - time.monotonic())
        if one is None:
            return ListPull(tuple(made), is_done=False)
        made.append(one)
    return ListPull(tuple(made), is_done=True)
