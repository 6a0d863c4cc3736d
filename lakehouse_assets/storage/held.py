"""Work under the hold of a run: every function and job of a state machine joins the hold that its plan has taken.

Whoever has lost the pipeline is refused before it does anything, and each call is a sign of life of the execution.
Under Dagster the run's own process holds the lease, so events there carry no fence and nothing is joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from lakehouse_assets.storage.opening import open_store

if TYPE_CHECKING:
    from lakehouse_assets.storage.lease import Lease
    from lakehouse_assets.storage.objects import ObjectStore

Handler = Callable[[dict[str, Any], object], dict[str, Any]]
"""Is the handler of a function: it takes an event and Lambda's context, and answers JSON values."""
Check = Callable[[], None]
"""Raises FenceLost once another run has the pipeline; it is called right before each commit."""


@contextmanager
def held(event: Mapping[str, Any]) -> Iterator[Check]:
    """Join the hold that a function's event names by its `fence`, and renew it while the block goes on.

    Args:
        event: with `run_id`, `pipeline`, `lake` (URI) and `fence`; without a fence nothing is joined.

    Raises:
        FenceLost: the hold is over, or another run has the pipeline; nothing was done.
    """
    if not event.get("fence"):
        yield _free
        return
    from lakehouse_assets.storage.lease import Lease

    store = open_store(event["lake"], create=False)
    with Lease(store, event["pipeline"]).acquire(event["run_id"], fence=int(event["fence"])) as lease:
        yield lease.check


def fenced(handler: Handler) -> Handler:
    """Make a handler work under the hold that its event names, see `held`."""

    @wraps(handler)
    def joined(event: dict[str, Any], context: object) -> dict[str, Any]:
        with held(event):
            return handler(event, context)

    return joined


def holding(store: ObjectStore, pipeline: str, run_id: str, fence: int | None) -> Lease:
    """Return the lease of a step that commits: it joins the hold with this fence, or has one of its own without it.

    Args:
        store: the lake.
        pipeline: what is held.
        run_id: the run.
        fence: of the execution's hold; None or 0 where there is none.

    Raises:
        LeaseHeld: another run has the lease.
        FenceLost: the hold with that fence is over.
    """
    from lakehouse_assets.storage.lease import Lease

    return Lease(store, pipeline).acquire(run_id, fence=fence or None)


def _free() -> None:
    """Go on: nobody took a hold for this call."""
