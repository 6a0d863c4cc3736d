"""Telling people how runs ended: a sensor on failed runs and one on good ones, whose checks may have failed.

Belongs here: reading a run back from Dagster's history, and keeping its report. Not here: words (`compute/alerts.py`)
and that each outcome is told once (`compute/notify.py`): the command line tells the same messages of its own runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from lakehouse_assets.compute.alerts import alerts_of
from lakehouse_assets.compute.notify import FolderTopic
from lakehouse_assets.compute.runs import RunFolder
from lakehouse_assets.compute.storage import ObjectStore, open_store
from lakehouse_assets.graph.job import Job
from lakehouse_assets.graph.outcome import outcome_of
from lakehouse_assets.graph.pipeline import Pipeline

RUNNING = dg.DefaultSensorStatus.RUNNING


@dataclass(frozen=True)
class Watch:
    """Whose runs are told, and where their lake is."""

    pipeline: str
    lake: str

    def tell(self, instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
        """Keep the report of an ended run and tell what went wrong; the kinds told now."""
        store: ObjectStore = open_store(self.lake)
        folder = RunFolder(store, self.pipeline, run.root_run_id or run.run_id)
        events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
        outcome = outcome_of(folder, events, success=run.status == dg.DagsterRunStatus.SUCCESS)
        folder.write("report", outcome.report)
        # A re-execution works in the folder of the run it repeats; its end is news of its own.
        told = alerts_of(outcome.report | {"run_id": run.run_id}, outcome.failed_checks)
        topic = FolderTopic(store)
        return [message.kind for message in told if topic.publish(message)]


def alert_sensors(pipeline: Pipeline, job: Job, *, lake: str) -> list[dg.SensorDefinition]:
    """Both sensors of a pipeline; `lake` is an absolute folder."""
    watch = Watch(pipeline.name, lake)

    @dg.run_failure_sensor(
        name=f"{pipeline.name}_failed_runs",
        monitored_jobs=[job],
        default_status=RUNNING,
        description="Tells each failed run once: step, cause, failed checks.",
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> None:
        context.log.info("told: %s", watch.tell(context.instance, context.dagster_run))

    @dg.run_status_sensor(
        dg.DagsterRunStatus.SUCCESS,
        name=f"{pipeline.name}_failed_checks",
        monitored_jobs=[job],
        default_status=RUNNING,
        description="Tells the failed checks and refused files of a run that went well otherwise, once.",
    )
    def good_runs(context: dg.RunStatusSensorContext) -> None:
        context.log.info("told: %s", watch.tell(context.instance, context.dagster_run))

    return [failed_runs, good_runs]
