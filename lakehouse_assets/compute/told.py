"""Read back what people were told, what waits to be told, and what fails at present."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson

from lakehouse_assets.compute.notify import Notification
from lakehouse_assets.compute.outbox import Outbox
from lakehouse_assets.compute.telling import standing_folder
from lakehouse_assets.compute.troubles import Standing, Trouble
from lakehouse_assets.errors import ObjectMissing
from lakehouse_assets.storage.objects import ObjectStore

PARTS = 3
"""How many parts the key of a message has; what stands and what waits lie deeper."""


@dataclass(frozen=True)
class Told:
    """Hold a message, and the channels that have not delivered it."""

    message: Notification
    undelivered: tuple[str, ...] = ()


def told(store: ObjectStore, pipeline: str, since: datetime | None = None) -> Iterator[Told]:
    """Yield the messages about a pipeline by when they were told, read one at a time.

    Args:
        store: the lake.
        pipeline: its name.
        since: a moment; None for all.
    """
    waiting: dict[tuple[str, str], tuple[str, ...]] = {}
    for letter in Outbox(store, pipeline).waiting():
        about = letter.message.run_id, letter.message.kind
        waiting[about] = (*waiting.get(about, ()), letter.channel)
    kept = [one for one in store.list(f"notifications/{pipeline}/") if one.key.count("/") == PARTS - 1]
    for one in sorted(kept, key=lambda stored: stored.modified):
        if since is not None and one.modified < since:
            continue
        try:
            content = orjson.loads(store.read(one.key))
        except ObjectMissing:
            continue  # somebody has cleared it away
        # Messages of earlier versions do not say when they were told.
        message = Notification(**{"at": one.modified.isoformat(timespec="seconds"), **content})
        yield Told(message, waiting.get((message.run_id, message.kind), ()))


def failing(store: ObjectStore, pipeline: str) -> Iterator[tuple[str, Trouble]]:
    """Yield what fails at present by name: a job, or a tick of a sensor or schedule."""
    folder = standing_folder(pipeline)
    for one in store.list(folder):
        standing = Standing.from_dict(orjson.loads(store.read(one.key)))
        if standing.failed is not None:
            yield one.key.removeprefix(folder).removesuffix(".json"), standing.failed
