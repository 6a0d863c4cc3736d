"""Tell people how runs ended: one sensor watches failed runs, one good runs, whose checks may have failed.

Belongs here: reading a run back from Dagster's history, and keeping its report. Not here: words (`compute/alerts.py`)
and that each outcome is told once (`compute/notify.py`): the command line tells the same messages of its own runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

from lakehouse_assets.compute.recording import record
from lakehouse_assets.compute.telling import open_topic
from lakehouse_assets.graph.outcome import outcome_of, publish
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.process import MACHINE_TAG, REFUSED_TAG
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.runs import RunFolder

RUNNING = dg.DefaultSensorStatus.RUNNING
SELECTION = "__ASSET_JOB"
"""Names Dagster's own job, which runs whatever was selected in the UI."""
SELECTED = "selection"
"""Names what is known of runs of a selection."""


@dataclass(frozen=True)
class Watch:
    """Hold the pipeline whose runs are told to people, and the lake that keeps their reports."""

    pipeline: str
    lake: Lake

    def tell(self, instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
        """Record an ended run, tell people of it when it calls for them, and return the kind of message told now."""
        self.lake.create()  # a run may have died before it did
        store = self.lake.store
        folder = RunFolder(store, self.pipeline, run.root_run_id or run.run_id)
        events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
        outcome = outcome_of(folder, events, success=run.status == dg.DagsterRunStatus.SUCCESS)
        began, ended = _times(instance, run.run_id)
        record(folder, replace(outcome.report, started_at=began, ended_at=ended), run_id=run.run_id)
        # A re-execution works in the folder of the run it repeats; its end is news of its own.
        return publish(open_topic(store), outcome, run.run_id, told_as(run.job_name))


def _times(instance: dg.DagsterInstance, run_id: str) -> tuple[str, str]:
    """Return when a run began and ended, ISO-8601; empty where Dagster does not know it."""
    found = instance.get_run_record_by_id(run_id)
    times = (found.start_time, found.end_time) if found else (None, None)
    began, ended = (datetime.fromtimestamp(at, UTC).isoformat() if at else "" for at in times)
    return began, ended


def told_as(job: str) -> str:
    """Return what a run's end is told as; whatever was selected by hand is one thing, apart from the jobs."""
    return SELECTED if job.startswith(SELECTION) else job


def concerns(pipeline: Pipeline, run: dg.DagsterRun) -> bool:
    """Say whether a run is of a job of the pipeline, or of a selection (an empty one is everything) that touches it.

    A run that was refused when it was asked for is nobody's: whoever asked was answered. What a state machine's run has
    to tell, the machine has told; one that repeats it here has its tags, and is a run of Dagster's own.
    """
    if REFUSED_TAG in run.tags or (MACHINE_TAG in run.tags and run.parent_run_id is None):
        return False
    if not run.job_name.startswith(SELECTION):
        return run.job_name in pipeline.jobs
    checked = {check.asset_key for check in run.asset_check_selection or ()}
    selected = {*(run.asset_selection or ()), *checked}
    return not selected or not selected.isdisjoint(pipeline.keys)


def alert_sensors(pipeline: Pipeline, job: Job, *, lake: Lake) -> list[dg.SensorDefinition]:
    """Return both sensors of a pipeline; they watch all jobs of the code location."""
    watch = Watch(pipeline.name, lake)

    def tell(context: dg.RunStatusSensorContext) -> None:
        if concerns(pipeline, context.dagster_run):
            context.log.info("told: %s", watch.tell(context.instance, context.dagster_run))

    @dg.run_failure_sensor(
        name=f"{pipeline.name}_failed_runs",
        default_status=RUNNING,
        description=f"Tells each failed run of {job.name} or of a selection once: step, cause, failed checks.",
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> None:
        tell(context)

    @dg.run_status_sensor(
        dg.DagsterRunStatus.SUCCESS,
        name=f"{pipeline.name}_failed_checks",
        default_status=RUNNING,
        description="Tells the failed checks and refused files of a run that went well otherwise, once.",
    )
    def good_runs(context: dg.RunStatusSensorContext) -> None:
        tell(context)

    return [failed_runs, good_runs]
