"""Watch over a pipeline from outside its runs: runs that never came, sensors and schedules that fail, kept messages.

Open-source Dagster shows a failed tick and tells nobody, and of a run that never began there is nothing to show. Not
here: a dead daemon, with which this sensor is dead too (`operations/dev_watch.py`), and ticks of the state machines
(the function CheckTick).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick, TickStatus
from dagster._utils.schedules import get_latest_completed_cron_tick

from lakehouse_assets.compute.alerts import recovery
from lakehouse_assets.compute.missed_ticks import Asked, message, nobody_came, not_ended
from lakehouse_assets.compute.notify import Notification, fit_subject
from lakehouse_assets.compute.recording import entries
from lakehouse_assets.compute.telling import Teller, open_topic
from lakehouse_assets.compute.troubles import End, plain
from lakehouse_assets.graph.pipeline import Pipeline, Schedule
from lakehouse_assets.graph.process import MACHINE_TAG
from lakehouse_assets.graph.sentence import one_sentence
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets.storage.objects import ObjectStore

INTERVAL_SECONDS = 60
GRACE = timedelta(minutes=45)
"""How long a run may take to come, or to begin, before somebody is told; CheckTick waits as long."""
ASLEEP = timedelta(minutes=5)
"""How long a pause of the watch is one of the machine: schedules make up for it, and get their time again."""
TICK_FAILED = "tick_failed"
"""Names the kind of the message about a sensor or a schedule that fails."""
ENDED = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]
MOST_RUNS = 50
"""Limits how many runs since a tick are looked at."""
WAITING = {dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING}


@dataclass(frozen=True)
class Awake:
    """Hold since when the watch watches at all, since when without a pause, and when it looked last; moments in UTC."""

    first: datetime
    since: datetime
    last: datetime

    @classmethod
    def at(cls, cursor: str | None, now: datetime) -> Awake:
        """Return what a cursor says, and that the watch looks now."""
        if not cursor:
            return cls(now, now, now)
        first, since, last = (datetime.fromisoformat(text) for text in json.loads(cursor))
        return cls(first, now if now - last > ASLEEP else since, now)

    def dump(self) -> str:
        """Return the cursor."""
        return json.dumps([moment.isoformat() for moment in (self.first, self.since, self.last)])


def watch_sensor(pipeline: Pipeline, settings: Settings, names: Sequence[str]) -> dg.SensorDefinition:
    """Return the sensor that watches over a pipeline.

    Args:
        pipeline: the pipeline.
        settings: the installation.
        names: of its sensors and schedules, whose ticks are looked at.
    """
    lake = lake_of(settings)

    @dg.sensor(
        name=f"{pipeline.name}_watch",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of runs that never came and of sensors and schedules that fail, and what was kept untold.",
    )
    @one_sentence()
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        awake = Awake.at(context.cursor, datetime.now(UTC))
        if not lake.exists:
            return dg.SensorResult(skip_reason="there is no lake yet", cursor=awake.dump())
        topic = open_topic(lake.store)
        late = topic.deliver_kept(pipeline.name)
        told = [one.subject for one in found(context.instance, pipeline, awake, topic, names) if topic.publish(one)]
        said = [*([f"told late: {late}"] if late else []), *told] or ["all is as people know"]
        return dg.SensorResult(skip_reason="; ".join(said), cursor=awake.dump())

    return sensor


def found(
    instance: dg.DagsterInstance, pipeline: Pipeline, awake: Awake, topic: Teller, names: Sequence[str]
) -> Iterator[Notification]:
    """Yield what people are to be told.

    Args:
        instance: Dagster's history.
        pipeline: whose runs.
        awake: since when anybody watches.
        topic: knows what people know.
        names: of sensors and schedules.
    """
    states = {one.instigator_name: one for one in instance.all_instigator_state()}
    for job, schedule in schedules(pipeline):
        state = states.get(schedule.name)
        if state is not None and state.is_running:  # one that never ticked has no state, and is not switched on
            yield from _missed(instance, pipeline, Watched(job, schedule, state), awake, topic.store)
    for name in names:
        if name in states:
            yield from _failing(instance, pipeline.name, states[name], topic)


def schedules(pipeline: Pipeline) -> Iterator[tuple[str, Schedule]]:
    """Yield the schedules of a pipeline, each with the name of its job."""
    yield from ((pipeline.name, one) for one in pipeline.schedules)
    yield from ((one.job(pipeline), one.schedule) for one in pipeline.short_runs if one.schedule)


@dataclass(frozen=True)
class Watched:
    """Hold a schedule that is on, with its job and what Dagster keeps of it."""

    job: str
    schedule: Schedule
    state: InstigatorState


def _missed(
    instance: dg.DagsterInstance, pipeline: Pipeline, watched: Watched, awake: Awake, store: ObjectStore
) -> Iterator[Notification]:
    """Yield that the run of the latest tick has not come in time."""
    zone = pipeline.zone or "UTC"
    tick = get_latest_completed_cron_tick(watched.schedule.cron, awake.last, zone).astimezone(UTC)
    if tick < awake.first or awake.last - max(tick, awake.since) < GRACE:
        return
    minutes = int((awake.last - tick).total_seconds() // 60)
    asked = Asked(pipeline.name, watched.job, watched.schedule.name, tick, minutes)
    made = instance.get_run_records(dg.RunsFilter(job_name=watched.job, created_after=tick), limit=MOST_RUNS)
    runs = [record.dagster_run for record in made if MACHINE_TAG not in record.dagster_run.tags]
    if runs and runs[0].status in WAITING:
        yield message(asked, not_ended(asked, runs[0].run_id))
    elif not runs and not _was_skipped(instance, watched.state, tick) and not _elsewhere(store, asked):
        yield message(asked, nobody_came(asked))


def _was_skipped(instance: dg.DagsterInstance, state: InstigatorState, tick: datetime) -> bool:
    """Say whether the schedule has decided itself that no run is needed."""
    since = (tick - timedelta(seconds=1)).timestamp()
    ticks = instance.get_ticks(
        state.instigator_origin_id, state.selector_id, after=since, limit=1, statuses=[TickStatus.SKIPPED]
    )
    return bool(ticks)


def _elsewhere(store: ObjectStore, asked: Asked) -> bool:
    """Say whether another runtime has made a run of the job since the tick."""
    ended = (entry for _, entry in entries(store, asked.pipeline, asked.tick))
    return any((entry.get("job") or asked.pipeline) == asked.job for entry in ended)


def _failing(
    instance: dg.DagsterInstance, pipeline: str, state: InstigatorState, topic: Teller
) -> Iterator[Notification]:
    """Yield that a sensor or schedule fails for another reason than people know, or that it works again."""
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1, statuses=ENDED)
    if not ticks:
        return
    end = _end(state, ticks[0])
    what = f"tick-{state.instigator_name}"
    if end.how == "good" and not topic.is_failing(pipeline, what):
        return
    verdict = topic.judge(pipeline, what, end)
    if not verdict.tell:
        return
    name = f"{state.instigator_type.value.lower()} {state.instigator_name}"
    if verdict.recovered is None:
        subject, body = f"{name} fails", f"{end.what}\n\nIt is tried again by itself; nothing is started meanwhile."
        yield Notification(end.id, pipeline, TICK_FAILED, fit_subject(f"{pipeline}: {subject}"), body)
    else:
        works = Notification(end.id, pipeline, TICK_FAILED, fit_subject(f"{pipeline}: {name} works"), "")
        yield recovery(works, verdict.recovered)


def _end(state: InstigatorState, tick: InstigatorTick) -> End:
    """Return a tick as it is judged; the first error behind a failure is its cause."""
    at = datetime.fromtimestamp(tick.timestamp, UTC).isoformat(timespec="seconds")
    name = f"{state.instigator_name}-{tick.tick_id}"
    if tick.status != TickStatus.FAILURE:
        return End(name, "good", at)
    error = tick.error
    while error is not None and error.cause is not None:
        error = error.cause
    said = f"{error.cls_name}: {error.message.strip()}" if error else "the tick failed without an error"
    said = said.removeprefix(f"{error.cls_name}: ") if error and error.message.startswith(f"{error.cls_name}") else said
    return End(name, "failed", at, plain(said), said)
