"""Read the recorded runs of a lake, whichever runtime made them, and which runs go on.

A run that has ended left one entry in the lake's history (`compute/recording`); one that goes on holds its pipeline's
lease. What started it is known to Dagster's history alone, for runs that Dagster made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from lakehouse_assets.core.lease import Holder
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lease import Lease, is_dead_here
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.records import Tell, read_record, records

KEY = re.compile(r"history/(?P<pipeline>[^/]+)/(?P<ended>\d{8}T\d{12}Z)-(?P<run_id>.+)\.json")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
BY = {
    "dagster/schedule_name": "schedule",
    "dagster/sensor_name": "sensor",
    "dagster/auto_materialize": "automation",
    "dagster/backfill": "backfill",
    "dagster/parent_run_id": "retry",
    # Whatever a server of code was asked to launch and nothing above asked for, somebody asked for in the UI.
    ".dagster/grpc_info": "UI",
}
"""Says by which tag Dagster notes what started a run; the first one that is there says it."""


@dataclass(frozen=True)
class Recorded:
    """Hold one run as people list it.

    Attributes:
        run_id: its id.
        pipeline: whose.
        status: succeeded, nothing_to_do, failed, or running.
        started_at, ended_at: UTC; None where it is not known, or not over.
        runtime: dagster or stepfunctions.
        trigger: what started it, in words; empty where nobody noted it.
        read, rejected, gold: rows read and rejected, and rows of gold that changed.
        cause: why it failed; empty when it did not.
    """

    run_id: str
    pipeline: str
    status: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    runtime: str = "dagster"
    trigger: str = ""
    read: int = 0
    rejected: int = 0
    gold: int = 0
    cause: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def seconds(self) -> float | None:
        """Return how long it took; None where its start or end is not known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def label(self) -> str:
        """Return the id as people type it: the first part of a UUID, any other whole."""
        return short_id(self.run_id)

    def to_dict(self) -> dict[str, Any]:
        """Return the run ready for JSON."""
        return {name: value for name, value in asdict(self).items() if name != "facts"} | {"seconds": self.seconds}


def short_id(run_id: str) -> str:
    """Return the first part of a UUID, and any other id whole.

    >>> short_id("37ae279c-6e36-4bf3-9aeb-68424457a1df"), short_id("weather-2026-11-26T09-00-00Z")
    ('37ae279c', 'weather-2026-11-26T09-00-00Z')
    """
    return run_id[:8] if UUID.fullmatch(run_id) else run_id


def of_entry(entry: Mapping[str, Any]) -> Recorded:
    """Return a run as its entry in the lake's history tells it."""
    tables, gold = (entry.get("tables") or {}).values(), (entry.get("gold") or {}).values()
    changed = sum(one[what] for one in gold if one for what in ("inserted", "updated", "deleted"))
    return Recorded(
        run_id=str(entry["run_id"]),
        pipeline=str(entry["pipeline"]),
        status=str(entry["status"]),
        started_at=_moment(entry.get("started_at")),
        ended_at=_moment(entry.get("ended_at")),
        runtime=str(entry.get("runtime") or "dagster"),
        trigger="schedule" if entry.get("tick") else "",
        read=sum(one["read"] for one in tables),
        rejected=sum(one["rejected"] for one in tables),
        gold=changed,
        cause=str((entry.get("failure") or {}).get("message") or ""),
        facts=entry,
    )


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)).astimezone(UTC) if text else None


def latest(store: ObjectStore, pipelines: Iterable[str], count: int, tell: Tell) -> list[Recorded]:
    """Return the runs of these pipelines that ended last, the latest first; only their entries are read.

    Args:
        store: the lake.
        pipelines: their names.
        count: how many at most.
        tell: is told of each entry that cannot be read, and is passed over.
    """
    keys = [key for name in pipelines for key in store.look(f"history/{name}/").keys if KEY.fullmatch(key)]
    chosen = sorted(keys, key=lambda key: key.rpartition("/")[2], reverse=True)
    return [run for _, run in islice(records(store, chosen, of_entry, tell), count)]


def find(store: ObjectStore, pipelines: Iterable[str], asked: str) -> Recorded:
    """Return the recorded run of an id, or of the beginning of one that no other run shares.

    Raises:
        BadRequest: there is none, or several begin so.
        StateDamaged: its entry cannot be read.
    """
    keys = [match for name in pipelines for key in store.look(f"history/{name}/").keys if (match := KEY.fullmatch(key))]
    exact = [match for match in keys if match["run_id"] == asked]
    found = exact or [match for match in keys if match["run_id"].startswith(asked)]
    ids = sorted({match["run_id"] for match in found})
    if not ids or not asked:
        raise BadRequest(message=f"there is no recorded run `{asked}`; `lakehouse runs` lists them")
    if len(ids) > 1:
        raise BadRequest(message=f"{len(ids)} runs begin with `{asked}`: {', '.join(ids[:5])}; give more of the id")
    return read_record(store, max(found, key=lambda match: match["ended"])[0], of_entry)


def holder(store: ObjectStore, pipeline: str) -> Holder | None:
    """Return who holds a pipeline now; None when nobody does, or its process is gone."""
    found = Lease(store, pipeline).last()
    if found is None or found.released_at is not None or is_dead_here(found) or found.is_expired(datetime.now(UTC)):
        return None
    return found


def running(store: ObjectStore, pipelines: Iterable[str]) -> list[Recorded]:
    """Return what holds these pipelines, as runs that go on."""
    held = {name: holder(store, name) for name in pipelines}
    return [Recorded(h.run_id, name, "running", h.acquired_at) for name, h in held.items() if h]


def with_triggers(settings: Settings, runs: Iterable[Recorded]) -> list[Recorded]:
    """Return the runs with what started them, as Dagster's history tells it where there is one."""
    from dagster import RunsFilter

    listed = list(runs)
    if not listed or not history.is_begun(settings):
        return listed
    with history.instance(settings, reading=True) as instance:
        found = instance.get_runs(RunsFilter(run_ids=[run.run_id for run in listed]))
    tags = {run.run_id: run.tags for run in found}
    return [replace(run, trigger=run.trigger or trigger_of(tags.get(run.run_id))) for run in listed]


def queued(settings: Settings, jobs: Mapping[str, str]) -> list[Recorded]:
    """Return the runs that wait for their turn in Dagster's queue.

    Args:
        settings: whose history.
        jobs: the pipeline of each job.
    """
    from dagster import DagsterRunStatus, RunsFilter

    if not history.is_begun(settings):
        return []
    waiting = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING]
    with history.instance(settings, reading=True) as instance:
        found = instance.get_runs(RunsFilter(statuses=waiting))
    runs = [run for run in found if run.job_name in jobs]
    return [Recorded(run.run_id, jobs[run.job_name], "queued", trigger=trigger_of(run.tags)) for run in runs]


def trigger_of(tags: Mapping[str, str] | None) -> str:
    """Return in a word what started a run, given its tags in Dagster's history; nothing where that does not know it.

    >>> trigger_of({"dagster/sensor_name": "landing"}), trigger_of({}), trigger_of(None)
    ('sensor', 'command', '')
    """
    if tags is None:
        return ""
    return next((word for tag, word in BY.items() if tag in tags), "command")
