"""Show a run of a state machine as a run of Dagster's: in Runs, Timeline and Jobs, with a page that leads to all of it.

Such a run has no steps: what it made and checked are events of the assets, which link to it (`history_events`). It is
added with the times that the machine had, and as ended, so nobody queues it, looks for its process or tells its end
again. Its id follows from the machine's, and the last of its events says that all are there: a tick that died before is
done again.
"""

from __future__ import annotations

import logging
from typing import Any

import dagster as dg
from dagster._core.events import DagsterEvent, EngineEventData, JobFailureData
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin

from lakehouse_assets.errors import ObjectMissing, StateDamaged
from lakehouse_assets.graph.history_events import PastRun
from lakehouse_assets.graph.process import MACHINE_TAG
from lakehouse_assets.graph.run_links import SAID, run_facts
from lakehouse_assets.settings import Settings

KIND, Status = dg.DagsterEventType, dg.DagsterRunStatus
USER_TAG, NO_RETRY_TAG = "user", "dagster/max_retries"
"""Name the tags from which the UI says who launched a run, and Dagster how often it is tried again."""


def show(instance: dg.DagsterInstance, run: PastRun, settings: Settings, origin: RemoteJobOrigin | None = None) -> None:
    """Add a run to the history, or what it lacks there of the run.

    Args:
        instance: the history.
        run: of a state machine.
        settings: of the installation.
        origin: where the job comes from, by which the UI files the run (`origin_of`).
    """
    run_id, began = run.dagster_id, run.began or run.ended
    if instance.get_run_by_id(run_id) is None:
        tags = {MACHINE_TAG: run.run_id, USER_TAG: "state machine", NO_RETRY_TAG: "0"}
        status = Status.FAILURE if run.is_failed else Status.SUCCESS
        made = dg.DagsterRun(run.job, run_id, tags=tags, remote_job_origin=origin, status=status)
        instance.run_storage.add_historical_run(made, began)
    there = [entry.dagster_event.event_type for entry in instance.all_logs(run_id) if entry.dagster_event]
    if KIND.ENGINE_EVENT in there:
        return
    ending = _ending(run, settings)  # worked out before anything is said of the run
    if not there:
        instance.report_dagster_event(DagsterEvent(KIND.RUN_START.value, run.job), run_id, timestamp=began.timestamp())
    # An end is said again though one is there: Dagster may have found a run without one, and have called it failed.
    for event in ending:
        level = logging.ERROR if event.event_type is KIND.RUN_FAILURE else logging.INFO
        instance.report_dagster_event(event, run_id, level, timestamp=run.ended.timestamp())


def _ending(run: PastRun, settings: Settings) -> tuple[DagsterEvent, DagsterEvent]:
    """Return the end of a run, and what leads to everything about it."""
    said = EngineEventData(metadata=_facts(run, settings))
    end = DagsterEvent(KIND.RUN_SUCCESS.value, run.job)
    if run.is_failed:
        data = JobFailureData(error=None)
        end = DagsterEvent(KIND.RUN_FAILURE.value, run.job, message=run.failure, event_specific_data=data)
    return end, DagsterEvent(KIND.ENGINE_EVENT.value, run.job, message=SAID, event_specific_data=said)


def _facts(run: PastRun, settings: Settings) -> dict[str, Any]:
    """Return what its page leads to; of a run whose folder cannot be read, what is wrong with that."""
    try:
        return {**run_facts(run.folder, settings), **run.execution_facts}
    except (ObjectMissing, StateDamaged) as error:
        return {"damage": str(error), **run.execution_facts}


def origin_of(context: dg.SensorEvaluationContext, job: str) -> RemoteJobOrigin | None:
    """Return where a job of a sensor's code location comes from; None where no daemon has called the sensor."""
    if context.code_location_origin is None or context.repository_name is None:
        return None
    return RemoteJobOrigin(RemoteRepositoryOrigin(context.code_location_origin, context.repository_name), job)
