"""Have each tick of a schedule done by one run, whoever starts it: a claim is one object that is put once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from lakehouse_assets.core.ticks import tick_key
from lakehouse_assets.errors import PreconditionFailed
from lakehouse_assets.storage.objects import ObjectStore


def take_tick(store: ObjectStore, job: str, tick: datetime | None, run_id: str, execution: str | None) -> str:
    """Take a tick for a run; return who has it already, in words, or nothing when it is this run's.

    The run that has taken it goes on with it when it asks again, as after a retry. Two executions may be of one run id,
    since a schedule may start a machine twice for one tick.

    Args:
        store: the lake.
        job: whose tick: the pipeline, or a short run of it.
        tick: its moment, with a zone; None for a run that no schedule started.
        run_id: the run that asks.
        execution: ARN of its execution; None for a run of Dagster, whose id is its own.
    """
    if tick is None:
        return ""
    key, mine = tick_key(job, tick), {"run_id": run_id, "execution": execution}
    claim = mine | {"claimed_at": datetime.now(UTC).isoformat()}
    try:
        store.put(key, json.dumps(claim, indent=1).encode(), if_absent=True)
    except PreconditionFailed:
        taken = json.loads(store.read(key))
        if {name: taken.get(name) for name in mine} == mine:
            return ""
        by = taken.get("execution") if taken["run_id"] == run_id else f"run {taken['run_id']}"
        return f"already run: {by} has taken the tick of {tick.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return ""
