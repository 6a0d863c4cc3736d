"""Tell people that Dagster's daemon is dead, which nobody inside it can: `lakehouse dev` looks at its heartbeats.

Belongs here: the services of this machine. On AWS the function CheckTick stands for it, as it asks for the run of each
tick from outside. Nobody tells that `lakehouse dev` itself was killed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakehouse_assets.compute.alerts import recovery
from lakehouse_assets.compute.notify import Notification, fit_subject
from lakehouse_assets.compute.telling import SERVICES, Teller
from lakehouse_assets.compute.troubles import End
from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

LOG = logging.getLogger("lakehouse.dev")
LOOK_SECONDS = 60.0
SILENT_SECONDS = 120.0
"""How long a daemon may be silent; each says every thirty seconds that it lives."""
LOOKS = 2
"""How often in a row a daemon has to be found silent: after a sleep of the machine all of them are for a moment."""
DAEMON_DEAD, ENDED = "daemon_dead", "services_ended"
"""Name the kinds of messages."""


class DaemonWatch:
    """Look at the heartbeats from time to time, in a thread of its own.

    Args:
        settings: whose history and lake.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._done = settings, threading.Event()
        self._thread = threading.Thread(target=self._watch, name="daemons", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End soon."""
        self._done.set()

    def _watch(self) -> None:
        from dagster import DagsterInstance

        silent: dict[str, int] = {}
        with DagsterInstance.from_config(str(self._settings.history_home.absolute())) as instance:
            while not self._done.wait(LOOK_SECONDS):
                try:
                    silent = counted(silent, silent_daemons(instance))
                    topic = topic_of(self._settings)
                    if topic is not None:
                        tell(topic, silent, instance.get_required_daemon_types())
                except Exception as error:  # noqa: BLE001 - the services go on
                    LOG.warning("nobody could look whether Dagster's daemon lives: %s", error)


def topic_of(settings: Settings) -> Teller | None:
    """Return what people are told through; None before there is a lake."""
    from lakehouse_assets.compute.telling import open_topic
    from lakehouse_assets.storage.lake import lake_of

    lake = lake_of(settings)
    return open_topic(lake.store) if lake.exists else None


def silent_daemons(instance: DagsterInstance) -> set[str]:
    """Return the daemons that have not said for too long that they live."""
    from dagster._daemon.controller import get_daemon_statuses

    statuses = get_daemon_statuses(
        instance,
        instance.get_required_daemon_types(),
        ignore_errors=True,
        heartbeat_interval_seconds=0,
        heartbeat_tolerance_seconds=SILENT_SECONDS,
    )
    return {name for name, status in statuses.items() if status.required and not status.healthy}


def counted(before: Mapping[str, int], silent: Iterable[str]) -> dict[str, int]:
    """Return how often in a row each daemon was found silent.

    >>> counted({"SENSOR": 1, "SCHEDULER": 1}, ["SENSOR"])
    {'SENSOR': 2}
    """
    return {name: before.get(name, 0) + 1 for name in silent}


def tell(topic: Teller, silent: Mapping[str, int], daemons: Iterable[str]) -> None:
    """Tell of each daemon that is dead, once, and that it lives again.

    Args:
        topic: what people are told through.
        silent: how often in a row each was found silent.
        daemons: all that there are.
    """
    topic.deliver_kept(SERVICES)
    moment = datetime.now(UTC)
    now = moment.isoformat(timespec="seconds")
    for name in sorted(daemons):
        what, looks = f"daemon-{name}", silent.get(name, 0)
        if looks < LOOKS and (looks or not topic.is_failing(SERVICES, what)):
            continue
        said = f"The {name} daemon of Dagster has not said for {SILENT_SECONDS:.0f} seconds that it lives."
        look = f"{what}-{moment:%Y%m%dT%H%M%S%fZ}"
        end = End(look, "failed", now, said, said) if looks else End(look, "good", now)
        verdict = topic.judge(SERVICES, what, end)
        if not verdict.tell:
            continue
        body = f"{said}\n\nNothing is started meanwhile: end `lakehouse dev` and start it again."
        dead = Notification(end.id, SERVICES, DAEMON_DEAD, fit_subject(f"{SERVICES}: the {name} daemon is dead"), body)
        lives = Notification(end.id, SERVICES, DAEMON_DEAD, fit_subject(f"{SERVICES}: the {name} daemon lives"), "")
        topic.publish(dead if verdict.recovered is None else recovery(lives, verdict.recovered))


def tell_ended(settings: Settings, code: int) -> None:
    """Tell people that the services ended though nobody has asked them to."""
    try:
        topic = topic_of(settings)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        if topic is not None:
            body = f"Dagster's services ended by themselves (code {code}); nothing is started until `lakehouse dev` is."
            topic.publish(Notification(f"services-{now}", SERVICES, ENDED, f"{SERVICES}: the services ended", body))
    except LakehouseError as error:
        LOG.warning("nobody could be told that the services ended: %s", error)
