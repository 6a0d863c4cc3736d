"""Hold the leases of pipelines while a command changes a lake, so that no run commits meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from lakehouse_assets.interruption import Duty
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets.storage.lease import Lease

if TYPE_CHECKING:
    from lakehouse_assets.engines.protocol import Guard


@contextmanager
def held(settings: Settings, pipelines: Iterable[str], by: str) -> Iterator[Guard]:
    """Hold the leases of these pipelines; yield a guard to call before each commit, which asks all of them.

    Args:
        settings: whose lake.
        pipelines: names of pipelines.
        by: what the holder is called for whoever asks meanwhile; a number of its own is added.

    Raises:
        LeaseHeld: a run of one of them is going on.
    """
    store, name = lake_of(settings).store, f"{by}-{uuid4()}"
    with ExitStack() as stack:
        leases = [Lease(store, pipeline, renew_seconds=settings.lease_renew_seconds) for pipeline in pipelines]
        holds = [stack.enter_context(lease.acquire(name)) for lease in leases]
        for hold in holds:
            stack.callback(Duty(clean=hold.release).done)

        def guard() -> None:
            for hold in holds:
                hold.check()

        yield guard
