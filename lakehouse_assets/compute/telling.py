"""Tell people through all channels, keep what was told, and keep for later what a channel did not take.

Belongs here: what stands in the lake (`notifications/<pipeline>/standing/`), with conditional puts, so that both
runtimes and the command share it. Not here: what is news (`troubles`), and the words (`alerts`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import orjson

from lakehouse_assets.compute.notify import Channel, FolderTopic, Notification, Topic
from lakehouse_assets.compute.outbox import Letter, Outbox
from lakehouse_assets.compute.troubles import End, Standing, Verdict, judged
from lakehouse_assets.errors import LakehouseError, PreconditionFailed
from lakehouse_assets.settings import read_settings
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.records import records

SERVICES = "dagster"
"""Stands for a pipeline in messages about Dagster's services, which are those of all pipelines."""
LOG = logging.getLogger("lakehouse.alerts")
TRIES = 20
"""How often a state is read again that somebody else has changed in between."""
BEING_DELIVERED = timedelta(seconds=50)
"""How long a letter is left to whoever has put it."""
AT_ONCE = 20
"""How many kept messages are delivered at most by one call."""


def open_topic(store: ObjectStore) -> Teller:
    """Open what people are told through: the log in the lake, and the channels that the settings name.

    Args:
        store: the lake, which also keeps what was told.
    """
    settings = read_settings()
    channels: list[Channel] = []
    if settings.target == "aws" and settings.aws.topic is not None:
        # What talks to AWS is imported where AWS is the target.
        from lakehouse_assets.compute.aws.topic import SnsTopic

        channels.append(SnsTopic(settings.aws.topic))
    if settings.alerts.webhook is not None:
        from lakehouse_assets.compute.webhook import Webhook

        channels.append(Webhook(settings.alerts.webhook.get_secret_value()))
    return Teller(store, tuple(channels))


@dataclass
class Teller(Topic):
    """Tell each message once through every channel; a channel that is down fails nobody.

    Attributes:
        store: the lake.
        channels: beside the log.
        undelivered: what the channels said of the messages that this object could not deliver.
    """

    store: ObjectStore
    channels: Sequence[Channel] = ()
    undelivered: list[LakehouseError] = field(default_factory=list)

    def publish(self, notification: Notification) -> bool:
        """Tell people, unless they were told; see `Topic.publish`."""
        log, outbox = FolderTopic(self.store), Outbox(self.store, notification.pipeline)
        if log.was_told(notification):
            return False
        message = notification if notification.at else replace(notification, at=_now())
        # Kept first: what dies from here on is delivered by whoever comes next.
        for channel in self.channels:
            outbox.put(channel.name, message)
        if not log.publish(message):
            return False
        for channel in self.channels:
            if self._sent(channel, message):
                outbox.taken(channel.name, message)
        return True

    def judge(self, pipeline: str, what: str, end: End) -> Verdict:
        """Return whether an end is news, and keep what stands now.

        What stood and cannot be read is forgotten: what fails is then told once more, rather than never.

        Args:
            pipeline: whose.
            what: that ends: a job, or something else that is looked at again and again.
            end: of it.
        """
        key = standing_key(pipeline, what)
        for _ in range(TRIES):
            etag, before = self._standing(key)
            after, verdict = judged(before or Standing(), end)
            if after == before:
                return verdict
            data = orjson.dumps(after.to_dict(), option=orjson.OPT_INDENT_2)
            try:
                self.store.put(key, data, if_absent=etag is None, if_match=etag)
            except PreconditionFailed:
                continue  # somebody else was judged in between
            return verdict
        raise PreconditionFailed(key=key, expected="its content when it was read")

    def is_failing(self, pipeline: str, what: str) -> bool:
        """Say whether something failed when it was judged last; costs less than judging that it does not."""
        _, standing = self._standing(standing_key(pipeline, what))
        return standing is not None and standing.failed is not None

    def deliver_kept(self, pipeline: str) -> int:
        """Deliver what was kept because a channel did not take it, and return how many messages people have now."""
        outbox, known, done = Outbox(self.store, pipeline), {one.name: one for one in self.channels}, 0
        for letter in outbox.waiting(datetime.now(UTC) - BEING_DELIVERED) if known else ():
            channel = known.get(letter.channel)
            if channel is None:
                continue  # it is set no more
            if not self._sent(channel, late(letter)):
                del known[letter.channel]  # it is down; the others wait
                continue
            outbox.forget(letter.kept)
            done += 1
            if done == AT_ONCE:
                break
        return done

    def require_delivered(self) -> None:
        """Raise why a message was not delivered, for a caller whose failure is seen and tried again.

        Raises:
            LakehouseError: the first one's reason.
        """
        if self.undelivered:
            raise self.undelivered[0]

    def _sent(self, channel: Channel, message: Notification) -> bool:
        try:
            channel.send(message)
        except LakehouseError as error:
            self.undelivered.append(error)
            LOG.warning("`%s` was not told by the %s and is kept for later: %s", message.subject, channel.name, error)
            return False
        return True

    def _standing(self, key: str) -> tuple[str | None, Standing | None]:
        """Return the etag of what stands, and it itself; None where it cannot be read."""
        found = self.store.stat(key)
        if found is None:
            return None, Standing()
        # Content that is newer than its etag makes the put fail, and is read again.
        read = [standing for _, standing in records(self.store, [key], Standing.from_dict)]
        return found.etag, read[0] if read else None


def standing_folder(pipeline: str) -> str:
    """Return the prefix of the keys of what is known of a pipeline."""
    return f"notifications/{pipeline}/standing/"


def standing_key(pipeline: str, what: str) -> str:
    """Return the key of what is known of something of a pipeline.

    >>> standing_key("weather", "weather_totals")
    'notifications/weather/standing/weather_totals.json'
    """
    return f"{standing_folder(pipeline)}{what}.json"


def late(letter: Letter) -> Notification:
    """Return a kept message, which says that it comes late."""
    said = letter.message
    return replace(said, body=f"(This happened at {said.at} and could not be told then.)\n\n{said.body}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
