"""Keep messages that a channel has not delivered, until it has: each an object, `notifications/<pipeline>/untold/`.

A letter is put before anybody tries to deliver it, and taken away after: a process that dies in between delivers it
twice, and never not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from lakehouse_assets.compute.notify import Notification
from lakehouse_assets.errors import ObjectMissing, PreconditionFailed
from lakehouse_assets.storage.objects import ObjectStore, StoredObject
from lakehouse_assets.storage.records import Tell, log, records


@dataclass(frozen=True)
class Letter:
    """Hold a message that waits for its channel, with the object that keeps it."""

    kept: StoredObject
    channel: str
    message: Notification


@dataclass(frozen=True)
class Outbox:
    """Hold what waits of one pipeline."""

    store: ObjectStore
    pipeline: str

    def put(self, channel: str, message: Notification) -> None:
        """Keep a message for a channel."""
        content = {"channel": channel, "message": asdict(message)}
        self.store.put(self._key(channel, message), orjson.dumps(content, option=orjson.OPT_INDENT_2))

    def waiting(self, before: datetime | None = None, tell: Tell = log) -> Iterator[Letter]:
        """Yield the letters, those put before a moment; the others are being delivered by whoever put them.

        Args:
            before: the moment; None for all.
            tell: is told of each letter that cannot be read, and is passed over.
        """
        put = {one.key: one for one in self.store.list(f"notifications/{self.pipeline}/untold/")}
        old = (key for key, one in put.items() if before is None or one.modified < before.astimezone(UTC))
        for key, (channel, message) in records(self.store, old, _written, tell):
            yield Letter(put[key], channel, message)

    def taken(self, channel: str, message: Notification) -> None:
        """Forget a letter that was delivered; somebody else may have done so."""
        for kept in self.store.list(self._key(channel, message)):
            self.forget(kept)

    def forget(self, kept: StoredObject) -> None:
        """Take a letter away; one that is gone, or another by now, is left to others."""
        try:
            self.store.delete(kept.key, if_match=kept.etag)
        except (ObjectMissing, PreconditionFailed):
            return

    def _key(self, channel: str, message: Notification) -> str:
        return f"notifications/{self.pipeline}/untold/{message.run_id}-{message.kind}.{channel}.json"


def _written(content: dict[str, Any]) -> tuple[str, Notification]:
    return content["channel"], Notification(**content["message"])
