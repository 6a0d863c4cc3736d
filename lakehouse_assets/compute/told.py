"""Read back what people were told, what waits to be told, and what fails at present."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lakehouse_assets.compute.notify import Notification
from lakehouse_assets.compute.outbox import Outbox
from lakehouse_assets.compute.telling import standing_folder
from lakehouse_assets.compute.troubles import Standing, Trouble
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.records import Tell, log, records

PARTS = 3
"""How many parts the key of a message has; what stands and what waits lie deeper."""


@dataclass(frozen=True)
class Told:
    """Hold a message, and the channels that have not delivered it."""

    message: Notification
    undelivered: tuple[str, ...] = ()


def told(store: ObjectStore, pipeline: str, since: datetime | None = None, tell: Tell = log) -> Iterator[Told]:
    """Yield the messages about a pipeline by when they were told, read one at a time.

    Args:
        store: the lake.
        pipeline: its name.
        since: a moment; None for all.
        tell: is told of each message that cannot be read, and is passed over.
    """
    waiting: dict[tuple[str, str], tuple[str, ...]] = {}
    for letter in Outbox(store, pipeline).waiting(tell=tell):
        about = letter.message.run_id, letter.message.kind
        waiting[about] = (*waiting.get(about, ()), letter.channel)
    kept = [one for one in store.list(f"notifications/{pipeline}/") if one.key.count("/") == PARTS - 1]
    kept.sort(key=lambda stored: stored.modified)
    times = {one.key: one.modified for one in kept if since is None or one.modified >= since}
    for key, content in records(store, times, _content, tell):
        # Messages of earlier versions do not say when they were told.
        message = replace(content, at=content.at or times[key].isoformat(timespec="seconds"))
        yield Told(message, waiting.get((message.run_id, message.kind), ()))


def failing(store: ObjectStore, pipeline: str, tell: Tell = log) -> Iterator[tuple[str, Trouble]]:
    """Yield what fails at present by name: a job, or a tick of a sensor or schedule."""
    folder = standing_folder(pipeline)
    for key, standing in records(store, store.look(folder).keys, Standing.from_dict, tell):
        if standing.failed is not None:
            yield key.removeprefix(folder).removesuffix(".json"), standing.failed


def _content(value: dict[str, Any]) -> Notification:
    return Notification(**value)
