"""Fail the runs whose process was killed: Dagster would call them started for ever, and the queue would wait for them.

Dagster's own monitoring cannot tell: the launcher of a single machine does not support asking for a run's process.
"""

from __future__ import annotations

import dagster as dg

from lakehouse_assets.graph.alerts import Watch
from lakehouse_assets.graph.process import RunProcess
from lakehouse_assets.storage.lake import Lake, open_lake


def fail_abandoned(instance: dg.DagsterInstance, pipeline: str, lake: Lake) -> list[str]:
    """Report started runs of a pipeline whose process is gone as failed, tell people, and return the ids of these runs.

    Args:
        instance: the history.
        pipeline: whose runs.
        lake: whose history it is.
    """
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    notes = [note for note in map(RunProcess.of, started) if note and note.pipeline == pipeline and note.is_gone]
    return [note.run_id for note in notes if fail(instance, note, lake)]


def fail(instance: dg.DagsterInstance, note: RunProcess, lake: Lake) -> bool:
    """Report one run whose process is gone; return False when the process ended the run before it went."""
    run = instance.get_run_by_id(note.run_id)
    if run is None or run.status != dg.DagsterRunStatus.STARTED:
        return False
    instance.report_run_failed(run, f"the run's process {note.pid} on {note.host} was killed")
    failed = instance.get_run_by_id(note.run_id)
    # The sensors do not see runs of the command line; of the others they tell nothing a second time.
    if failed is not None:
        Watch(note.pipeline, lake_told(instance, note, lake)).tell(instance, failed)
    return True


def lake_told(instance: dg.DagsterInstance, note: RunProcess, lake: Lake) -> Lake:
    """Return the lake in which a run's end is told: the one that holds the history, as it may have moved since the run.

    A history of its own (`DAGSTER_HOME`) may serve several lakes; then the run's note says which.
    """
    home = instance.root_directory
    return lake if lake.relative(home) != home else open_lake(note.lake)
