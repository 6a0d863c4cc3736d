"""Define messages to people, the channels that carry them, and the log of what was told, a folder of the lake.

Not here: when to tell and in which words (`alerts`, `troubles`), and what becomes of a message that a channel does not
take (`telling`).
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Protocol

from lakehouse_assets.errors import BadRequest, PreconditionFailed
from lakehouse_assets.storage.objects import ObjectStore

SUBJECT_CHARS = 100
"""Limits a subject (ASCII, one line) as SNS does: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""


@dataclass(frozen=True)
class Notification:
    """Say what happened, for people.

    Attributes:
        run_id: the run it is about.
        pipeline: whose run.
        kind: the outcome, such as `run_failed`; each is told once per run.
        subject: one line of printable ASCII, see `SUBJECT_CHARS`; `fit_subject` makes one.
        body: cause and next step.
        at: when it happened, ISO-8601; empty for now.

    Raises:
        BadRequest: SNS would refuse the subject.
    """

    run_id: str
    pipeline: str
    kind: str
    subject: str
    body: str
    at: str = ""

    def __post_init__(self) -> None:
        if not self.subject or fit_subject(self.subject) != self.subject:
            allowed = f"one line of 1 to {SUBJECT_CHARS} printable ASCII characters"
            raise BadRequest(message=f"subject `{self.subject}` is not {allowed}")


def fit_subject(text: str) -> str:
    """Return the text as a subject that SNS accepts.

    >>> fit_subject("Größe:  2 files refused ")
    'Gr??e: 2 files refused'
    """
    line = re.sub(r"[^ -~]", "?", " ".join(text.split()))
    return line if len(line) <= SUBJECT_CHARS else f"{line[: SUBJECT_CHARS - 3].rstrip()}..."


class Topic(Protocol):
    """Take messages to people and tell each outcome of a run once."""

    def publish(self, notification: Notification) -> bool:
        """Tell people the notification once; return False when this outcome was told before."""
        ...


class Channel(Protocol):
    """Carry messages to where people read them."""

    @property
    def name(self) -> str:
        """Return the channel's name, a part of keys."""
        ...

    def send(self, notification: Notification) -> None:
        """Deliver a message.

        Raises:
            LakehouseError: it was not delivered; the sentence holds no secret.
        """
        ...


class FolderTopic(Topic):
    """Keep messages as JSON objects `notifications/<pipeline>/<run_id>-<kind>.json` in a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def publish(self, notification: Notification) -> bool:
        """Keep the message unless its outcome was told before; see `Topic.publish`."""
        key = self._key(notification)
        content = {**asdict(notification), "at": notification.at or datetime.now(UTC).isoformat(timespec="seconds")}
        data = json.dumps(content, indent=1, ensure_ascii=False).encode()
        try:
            self._store.put(key, data, if_absent=True)
        except PreconditionFailed:
            return False
        return True

    def was_told(self, notification: Notification) -> bool:
        """Say whether this outcome of the run was told before."""
        return self._store.has(self._key(notification))

    @staticmethod
    def _key(notification: Notification) -> str:
        return f"notifications/{notification.pipeline}/{notification.run_id}-{notification.kind}.json"
