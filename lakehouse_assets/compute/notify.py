"""Send messages to people: one per outcome of a run, through a topic (a folder here, SNS behind the same Protocol).

Not here: when to tell and in which words; callers build the text.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Protocol

from lakehouse_assets.errors import BadRequest, PreconditionFailed
from lakehouse_assets.settings import read_settings
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

    Raises:
        BadRequest: SNS would refuse the subject.
    """

    run_id: str
    pipeline: str
    kind: str
    subject: str
    body: str

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


def open_topic(store: ObjectStore) -> Topic:
    """Open what people are told through: the topic that the settings name, else a folder of the lake.

    Args:
        store: the lake, which also keeps what was told.
    """
    settings = read_settings()
    if settings.target == "aws" and settings.aws.topic is not None:
        # What talks to AWS is imported where AWS is the target.
        from lakehouse_assets.compute.aws.topic import SnsTopic

        return SnsTopic(settings.aws.topic, store)
    return FolderTopic(store)


class FolderTopic(Topic):
    """Keep messages as JSON objects `notifications/<pipeline>/<run_id>-<kind>.json` in a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def publish(self, notification: Notification) -> bool:
        """Keep the message unless its outcome was told before; see `Topic.publish`."""
        key = self._key(notification)
        data = json.dumps(asdict(notification), indent=1, ensure_ascii=False).encode()
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
