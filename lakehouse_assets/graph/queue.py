"""Find the runs of a pipeline that go on or wait, since one run of a pipeline goes on at a time."""

from __future__ import annotations

import time

import dagster as dg

from lakehouse_assets.errors import Transient
from lakehouse_assets.graph.process import PIPELINE_TAG

Status = dg.DagsterRunStatus
AHEAD = [Status.QUEUED, Status.STARTING, Status.STARTED, Status.CANCELING]
START_SECONDS = 180.0
"""How long a run may be starting; one that takes longer never will (`start_timeout_seconds` in dagster.yaml)."""


class RunAhead(Transient):
    """A run has been taken from the queue and does not hold its pipeline yet."""

    sentence = "run {run} of {job} is starting and goes first; try again when it has ended"


def runs_ahead(instance: dg.DagsterInstance, pipeline: str, apart: str = "") -> list[dg.DagsterRun]:
    """Return the runs of a pipeline that wait or go on, the oldest first.

    Args:
        instance: the history.
        pipeline: whose runs.
        apart: id of a run that does not count.
    """
    found = instance.get_runs(dg.RunsFilter(tags={PIPELINE_TAG: pipeline}, statuses=AHEAD))
    return [run for run in reversed(found) if run.run_id != apart]


def waiting_words(pipeline: str, ahead: list[dg.DagsterRun]) -> str:
    """Say what a run waits for.

    Args:
        pipeline: whose runs they are.
        ahead: one at least.
    """
    first, more = ahead[0], f", and of {len(ahead) - 1} more" if len(ahead) > 1 else ""
    return f"One run of {pipeline} at a time: this one waits for the end of {first.job_name} run {first.run_id}{more}."


def require_turn(instance: dg.DagsterInstance, pipeline: str) -> None:
    """Make sure that a run by hand takes nobody's turn: one that is starting has no lease by which to refuse it.

    Runs that wait in the queue are not asked for: without the daemon they would wait for ever.

    Raises:
        RunAhead: a run of the pipeline is starting.
    """
    tags = {PIPELINE_TAG: pipeline}
    for record in instance.get_run_records(dg.RunsFilter(tags=tags, statuses=[Status.STARTING])):
        if time.time() - record.update_timestamp.timestamp() < START_SECONDS:
            raise RunAhead(run=record.dagster_run.run_id, job=record.dagster_run.job_name)
