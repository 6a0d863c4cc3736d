"""Run a job from the command line so that Dagster's UI shows it in Timeline and Jobs like a run that it started.

Dagster tells runs by the code location that they come from, and a run that is executed in a process of its own has
none. So the run is created with the origin that the workspace file gives the UI, and then executed here. This module
and `graph/machine_runs.py` create runs through Dagster's private classes; a test guards the version they were tried on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lakehouse_assets import interruption
from lakehouse_assets.operations import history

if TYPE_CHECKING:
    from dagster import DagsterEvent, DagsterInstance, JobDefinition
    from dagster._core.remote_origin import RemoteJobOrigin

TRIED_WITH = "1.13."
"""Creating runs as this module does was tried with Dagster versions that begin so."""


def execute(
    job: JobDefinition, instance: DagsterInstance, run_id: str, run_config: Mapping[str, Any], tags: Mapping[str, str]
) -> tuple[list[DagsterEvent], bool]:
    """Run a job in this process.

    Args:
        job: what to run.
        instance: Dagster's history.
        run_id: id of the new run.
        run_config: configuration of its steps.
        tags: tags of the run, besides the job's own.

    Returns:
        All events, and whether the run went well.
    """
    from dagster import DagsterRunStatus
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import ExecuteRunWithPlanIterable, create_execution_plan, job_execution_iterator
    from dagster._core.execution.context_creation_job import PlanOrchestrationContextManager
    from dagster._core.execution.context_creation_job import orchestration_context_event_generator as generator

    in_memory = InMemoryJob(job)
    plan = create_execution_plan(in_memory, run_config=run_config, tags={**job.run_tags, **tags})
    run = instance.create_run_for_job(
        job_def=job,
        execution_plan=plan,
        run_id=run_id,
        run_config=run_config,
        tags={**job.run_tags, **tags},
        asset_selection=job.asset_selection if job.is_subset else None,
        remote_job_origin=origin_of(job.name),
    )
    context = PlanOrchestrationContextManager(
        context_event_generator=generator,
        job=in_memory,
        execution_plan=plan,
        dagster_run=run,
        instance=instance,
        run_config=run_config,
        raise_on_error=False,
    )
    going_on = iter(ExecuteRunWithPlanIterable(plan, job_execution_iterator, context))
    events = list(_until_interrupted(going_on, lambda: instance.report_run_canceling(run)))
    ended = instance.get_run_by_id(run_id)
    return events, ended is not None and ended.status == DagsterRunStatus.SUCCESS


def _until_interrupted(events: Iterator[DagsterEvent], tell: Callable[[], None]) -> Iterator[DagsterEvent]:
    """Yield the events of a run, which is cancelled once the process is asked to end.

    Every step fails then (`graph.resource.reported`), and at such a failure Dagster is in the middle of nothing.

    Args:
        events: Dagster's generator, which is handed the error that Dagster has for an interrupt.
        tell: tells Dagster that the run is being cancelled; it would call it failed else.
    """
    from dagster import DagsterExecutionInterruptedError

    is_told = False
    for event in events:
        yield event
        if event.is_step_failure and interruption.requested() and not is_told:
            is_told = True
            tell()
            yield events.throw(DagsterExecutionInterruptedError())  # type: ignore[attr-defined] # it is a generator


def origin_of(job: str) -> RemoteJobOrigin:
    """Return where a job comes from, as the workspace file tells the UI."""
    from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
    from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
    from dagster._core.workspace.load import location_origins_from_yaml_paths

    (location,) = location_origins_from_yaml_paths([str(history.configuration("workspace.yaml"))])
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job)
