"""Runs whose process was killed: Dagster's history would call them started for ever, and the queue wait for them.

Dagster's own monitoring cannot tell: the launcher of a single machine does not support asking for a run's process.
"""

from __future__ import annotations

import dagster as dg

from lakehouse_assets.graph.alerts import Watch
from lakehouse_assets.graph.process import RunProcess
from lakehouse_assets.storage.lake import open_lake


def fail_abandoned(instance: dg.DagsterInstance, pipeline: str) -> list[str]:
    """Report started runs of a pipeline whose process is gone as failed, and tell people; the ids of these runs."""
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    notes = [note for note in map(RunProcess.of, started) if note and note.pipeline == pipeline and note.is_gone]
    return [note.run_id for note in notes if fail(instance, note)]


def fail(instance: dg.DagsterInstance, note: RunProcess) -> bool:
    """Report one run whose process is gone; False when the process ended the run before it went."""
    run = instance.get_run_by_id(note.run_id)
    if run is None or run.status != dg.DagsterRunStatus.STARTED:
        return False
    instance.report_run_failed(run, f"the run's process {note.pid} on {note.host} was killed")
    failed = instance.get_run_by_id(note.run_id)
    # The sensors do not see runs of the command line; of the others they tell nothing a second time.
    if failed is not None:
        Watch(note.pipeline, open_lake(note.lake)).tell(instance, failed)
    return True
