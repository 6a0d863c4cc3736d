"""Pull the lists that the report takes names from: offers of all three statuses, partners, advertisers, currencies.

A list has no time and may change while it is pulled, so it is an open slice of the day: one that could not be counted
is kept, with a warning, and nothing is concluded from what it lacks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lakehouse_assets.affise.endpoints import Endpoint
from lakehouse_assets.affise.gone import Comparison, note_complete
from lakehouse_assets.affise.notes import SliceManifest
from lakehouse_assets.affise.pull import BUDGET_SECONDS, Puller
from lakehouse_assets.affise.slices import Slice


def pull_list(
    puller: Puller, endpoint: Endpoint, tick: datetime, comparison: Comparison, seconds: float = BUDGET_SECONDS
) -> SliceManifest | None:
    """Pull a whole list for one run, or go on with it; None when the time was up before all of it was there.

    A list that the run has already is not pulled again.

    Args:
        puller: of the run.
        endpoint: of the list.
        tick: of the run; its UTC day is that of the slice.
        comparison: says what is gone from the list.
        seconds: how long this call may go on.

    Raises:
        RightsLost, ListShrunk: as `Comparison.of`; nothing of the list is visible then.
        LakehouseError: as `Puller.one`.
    """
    comparing = replace(puller, closing=comparison.of)
    made = comparing.one(endpoint, Slice(tick.astimezone(UTC).date(), is_open=True), seconds)
    if made is not None:
        note_complete(puller.bronze, endpoint, made)
    return made
