"""Take runs of the state machines into Dagster's history, each event once, so that both runtimes have one history.

Dagster reports a tick's events one by one and moves the cursor after that. A tick that dies in between is repeated, so
the history itself is asked which events of a run it has. Entries are looked for from an hour before the last one on:
one may come late, since its name says when its run ended, and not when it was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from lakehouse_assets.compute.recording import entries
from lakehouse_assets.graph.abandoned import fail_abandoned
from lakehouse_assets.graph.history_events import RUN, Event, PastRun, events_of
from lakehouse_assets.graph.machine_runs import origin_of, show
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.sentence import one_sentence
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import Lake, lake_of
from lakehouse_assets.storage.runs import RunFolder

OVERLAP = timedelta(hours=1)
"""How late an entry may come and is found all the same."""
CLOCKS_DIFFER = timedelta(days=1)
"""How much earlier than a run's end its events may have been reported, as its clock is not Dagster's."""
MOST_RUNS = 10
"""Limits the runs of one tick, which may last a minute; the next tick goes on."""
MOST_RESULTS = 200
"""Limits the results of one check that are looked at; a tick's runs have `MOST_RUNS` of them."""
INTERVAL_SECONDS = 60
MACHINES = "stepfunctions"
Name = tuple[str, str, str | None]
"""Names an event of a run: kind and asset key, the check's name, and the day."""


@dataclass(frozen=True)
class Seen:
    """Hold which entries were taken: the moment up to which, and the keys of those since an overlap before it."""

    until: datetime | None = None
    keys: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str | None) -> Seen:
        """Read a cursor."""
        if not text:
            return cls()
        data = json.loads(text)
        return cls(datetime.fromisoformat(data["until"]), frozenset(data["keys"]))

    def dump(self) -> str | None:
        """Return the cursor; None before anything was taken."""
        return json.dumps({"until": self.until.isoformat(), "keys": sorted(self.keys)}) if self.until else None

    @property
    def since(self) -> datetime | None:
        """Return from when on entries are looked at; None for all of them."""
        return self.until - OVERLAP if self.until else None

    def with_entry(self, key: str, ended: datetime) -> Seen:
        """Return what is seen once an entry is taken; keys from before the overlap are forgotten."""
        until = max(self.until, ended) if self.until else ended
        first = until - OVERLAP
        return Seen(until, frozenset(one for one in (*self.keys, key) if _moment(one) >= first))


def history_sensor(pipeline: Pipeline, settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that takes runs of the state machines of a pipeline into Dagster's history."""
    lake = lake_of(settings)
    is_on = settings.scheduler == MACHINES or settings.target == "aws"

    @dg.sensor(
        name=f"{pipeline.name}_machine_runs",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
        description=f"Shows runs of {pipeline.name} that state machines made: tables, checks, cost, each once.",
    )
    @one_sentence()
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        fail_abandoned(context.instance, pipeline.name, lake)  # as the landing sensor does, which may be off
        seen = Seen.parse(context.cursor)
        runs, now = new_runs(pipeline, lake, seen)
        if now == seen:
            return dg.SensorResult(skip_reason="no run of a state machine has ended since", cursor=context.cursor)
        for run in runs:
            show(context.instance, run, settings, origin_of(context, run.job))
        return dg.SensorResult(asset_events=missing(context.instance, runs), cursor=now.dump())

    return sensor


def new_runs(pipeline: Pipeline, lake: Lake, seen: Seen) -> tuple[list[PastRun], Seen]:
    """Return the runs of machines that are new, and what is seen with them; runs of Dagster's own are known already.

    Args:
        pipeline: whose runs.
        lake: where the entries are.
        seen: what was taken before.
    """
    runs = list[PastRun]()
    for key, entry in entries(lake.store, pipeline.name, seen.since) if lake.exists else ():
        if key in seen.keys:
            continue
        if len(runs) == MOST_RUNS:
            break
        if entry.get("runtime") == MACHINES:
            folder = RunFolder(lake.store, pipeline.name, entry.get("folder") or entry["run_id"])
            runs.append(PastRun(pipeline, entry, folder))
        seen = seen.with_entry(key, datetime.fromisoformat(entry["ended_at"]))
    return runs, seen


def missing(instance: dg.DagsterInstance, runs: Iterable[PastRun]) -> list[Event]:
    """Return the events of runs that the history does not have yet, run by run."""
    made = [(run, event) for run in runs for event in events_of(run)]
    if not made:
        return []
    since = min(run.ended for run, _ in made) - CLOCKS_DIFFER
    there = known(instance, {event.asset_key for _, event in made}, since)
    there |= checks_known(instance, [event for _, event in made if isinstance(event, dg.AssetCheckEvaluation)])
    return [event for run, event in made if (run.run_id, name_of(event)) not in there]


def known(instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey], since: datetime) -> set[tuple[str, Name]]:
    """Return the materializations and observations of these assets since a moment, with the machine's run of each."""
    found = set[tuple[str, Name]]()
    for key in keys:
        wanted = dg.AssetRecordsFilter(key, after_timestamp=since.timestamp())
        for fetch in (instance.fetch_materializations, instance.fetch_observations):
            found |= _recorded(fetch, wanted)
    return found


def _recorded(fetch: Callable[..., Any], wanted: dg.AssetRecordsFilter) -> set[tuple[str, Name]]:
    """Return what one of the two methods of an instance finds, a page at a time."""
    found, cursor, more = set[tuple[str, Name]](), None, True
    while more:
        page = fetch(wanted, limit=500, cursor=cursor)
        for record in page.records:
            event = record.asset_materialization or record.asset_observation
            if event is not None:
                found.add((_run_of(event.metadata), name_of(event)))
        cursor, more = page.cursor, page.has_more
    return found


def checks_known(instance: dg.DagsterInstance, evaluations: Iterable[dg.AssetCheckEvaluation]) -> set[tuple[str, Name]]:
    """Return the latest results of these checks that the history has, with the machine's run of each."""
    found = set[tuple[str, Name]]()
    for key in {dg.AssetCheckKey(one.asset_key, one.check_name) for one in evaluations}:
        for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=MOST_RESULTS):
            event = record.event.dagster_event if record.event else None
            data = event.event_specific_data if event else None
            if isinstance(data, dg.AssetCheckEvaluation):
                found.add((_run_of(data.metadata), name_of(data)))
    return found


def name_of(event: Event) -> Name:
    """Return what an event is called within its run."""
    check = event.check_name if isinstance(event, dg.AssetCheckEvaluation) else ""
    return f"{type(event).__name__} {event.asset_key.to_user_string()}", check, event.partition


def _run_of(metadata: Mapping[str, Any]) -> str:
    """Return the machine's run that an event is of; empty for one of Dagster's own."""
    said = metadata.get(RUN)
    return "" if said is None else str(said.value)


def _moment(key: str) -> datetime:
    """Return when the run of an entry ended, as its key says."""
    written = key.rpartition("/")[2].partition("-")[0]
    return datetime.strptime(written, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
