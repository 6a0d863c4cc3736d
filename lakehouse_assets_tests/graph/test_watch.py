"""People are told of runs that never came and of sensors that fail, once, and when that is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._utils.error import SerializableErrorInfo

from lakehouse_assets.compute.notify import Notification
from lakehouse_assets.compute.telling import Teller
from lakehouse_assets.ecommerce.pipeline import PIPELINE
from lakehouse_assets.graph import watch
from lakehouse_assets.graph.watch import GRACE, Awake, found
from lakehouse_assets.operations.execution import origin_of
from lakehouse_assets.storage.folder import FolderStore

TICK = datetime(2026, 11, 26, 6, tzinfo=UTC)
SCHEDULE = PIPELINE.schedules[0].name
SENSOR = "ecommerce_landing"


class History:
    """A history with a schedule and a sensor that are on, and a lake that keeps what was told."""

    def __init__(self, root: Path, instance: dg.DagsterInstance) -> None:
        self.instance, self.topic = instance, Teller(FolderStore(root))
        self.root = root
        where = origin_of("ecommerce").repository_origin
        self.states = {
            SCHEDULE: self._on(where, SCHEDULE, InstigatorType.SCHEDULE, ScheduleInstigatorData("0 6 * * *")),
            SENSOR: self._on(where, SENSOR, InstigatorType.SENSOR, SensorInstigatorData()),
        }

    def _on(
        self,
        where: RemoteRepositoryOrigin,
        name: str,
        kind: InstigatorType,
        data: ScheduleInstigatorData | SensorInstigatorData,
    ) -> InstigatorState:
        origin = RemoteInstigatorOrigin(where, name)
        return self.instance.add_instigator_state(InstigatorState(origin, kind, InstigatorStatus.RUNNING, data))

    def tick(self, name: str, at: datetime, status: TickStatus, error: str = "") -> None:
        """Note a tick."""
        state = self.states[name]
        failure = SerializableErrorInfo(f"{error}\n", [], error.partition(":")[0]) if error else None
        about = state.instigator_origin_id, name, state.instigator_type, status, at.timestamp()
        self.instance.create_tick(TickData(*about, error=failure, selector_id=state.selector_id))

    def told(self, now: datetime, awake: datetime | None = None) -> list[Notification]:
        """What the watch tells that looks at this moment."""
        long_ago = TICK - timedelta(days=9)
        seen = Awake(long_ago, awake or long_ago, now)
        told = found(self.instance, PIPELINE, seen, self.topic, [SCHEDULE, SENSOR])
        return [one for one in told if self.topic.publish(one)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """An instance that keeps ticks, which one in memory does not."""
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("home"))) as instance:
        yield instance


@pytest.fixture
def history(tmp_path: Path, kept: dg.DagsterInstance) -> History:
    """An empty history."""
    kept.wipe()
    kept.wipe_all_schedules()
    return History(tmp_path, kept)


def test_a_run_that_never_came_is_told_once(history: History) -> None:
    """After the grace and not before; the id is the tick's, as that of CheckTick."""
    assert history.told(TICK + GRACE - timedelta(minutes=1)) == []
    (message,) = history.told(TICK + GRACE)
    assert (message.kind, message.run_id) == ("tick_missed", "ecommerce-2026-11-26T06-00-00Z")
    assert message.body.startswith(f"No run has begun for the tick 2026-11-26 06:00 UTC of {SCHEDULE}, 45 minutes")
    assert history.told(TICK + 2 * GRACE) == []
    assert len(history.told(TICK + timedelta(days=1) + GRACE)) == 1


@pytest.mark.parametrize(("status", "told"), [("STARTED", 0), ("SUCCESS", 0), ("STARTING", 1)])
def test_a_run_since_the_tick_is_enough(
    history: History, monkeypatch: pytest.MonkeyPatch, status: str, told: int
) -> None:
    """Whoever started it; one that has not begun after the grace is told."""
    monkeypatch.setattr(watch, "GRACE", timedelta(0))
    run = dg.DagsterRun("ecommerce", run_id=str(uuid4()), status=dg.DagsterRunStatus[status])
    history.instance.add_run(run)
    messages = history.told(datetime.now(UTC))
    assert [run.run_id in one.body for one in messages] == [True] * told


def test_a_run_of_the_state_machine_is_one_too(history: History) -> None:
    """It is in the lake's history, and not yet in Dagster's."""
    entry = {"run_id": "r1", "job": "ecommerce", "ended_at": "2026-11-26T06:10:00+00:00"}
    history.topic.store.put("history/ecommerce/20261126T061000000000Z-r1.json", json.dumps(entry).encode())
    assert history.told(TICK + GRACE) == []


def test_a_tick_that_was_skipped_or_a_schedule_that_is_off_needs_no_run(history: History) -> None:
    """The schedule has said itself why."""
    history.tick(SCHEDULE, TICK, TickStatus.SKIPPED)
    assert history.told(TICK + GRACE) == []
    off = history.states[SCHEDULE].with_status(InstigatorStatus.STOPPED)
    history.instance.update_instigator_state(off)
    assert history.told(TICK + timedelta(days=1) + GRACE) == []


def test_a_machine_that_slept_gets_its_time(history: History) -> None:
    """The daemon makes up for a tick that it slept through, so nobody is told before the grace from then on."""
    woke = TICK + timedelta(hours=3)
    assert history.told(woke + timedelta(minutes=10), awake=woke) == []
    assert len(history.told(woke + GRACE, awake=woke)) == 1


def test_a_sensor_that_fails_is_told_once_until_it_works(history: History) -> None:
    """The sentence is that of the first error; the same one again is counted."""
    for minute in range(3):
        history.tick(SENSOR, TICK + timedelta(minutes=minute), TickStatus.FAILURE, "BucketMissing: no bucket `drops`")
        told = history.told(TICK + timedelta(minutes=minute))
        assert [one.kind for one in told] == (["tick_failed"] if minute == 0 else [])
        assert all(one.body.startswith("BucketMissing: no bucket `drops`\n") for one in told)
    history.tick(SENSOR, TICK + timedelta(minutes=4), TickStatus.SKIPPED)
    (message,) = history.told(TICK + timedelta(minutes=4))
    assert (message.kind, message.subject) == ("recovered", "ecommerce: recovered; sensor ecommerce_landing works")
    assert "(3 times in a row) works again. It was: BucketMissing: no bucket `drops`" in message.body
    assert history.told(TICK + timedelta(minutes=5)) == []


def test_the_watch_remembers_since_when_it_watches() -> None:
    """A pause of more than five minutes is one of the machine."""
    first = Awake.at(None, TICK)
    later = Awake.at(first.dump(), TICK + timedelta(minutes=1))
    assert (later.first, later.since, later.last) == (TICK, TICK, TICK + timedelta(minutes=1))
    woke = Awake.at(later.dump(), TICK + timedelta(hours=1))
    assert (woke.first, woke.since) == (TICK, TICK + timedelta(hours=1))
