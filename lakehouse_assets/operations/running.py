"""Running a pipeline's Dagster job once, in this process.

Not here: what its report says (`graph.outcome`) and how it looks on a terminal (`run_text`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lakehouse_assets.compute.alerts import alerts_of
from lakehouse_assets.core.manifest import Mode
from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import EventLogEntry, ExecuteInProcessResult, JobDefinition

    from lakehouse_assets.graph.outcome import Outcome

OnStep = Callable[[str, str], None]
"""Called with a step's name and what became of it: START, SUCCESS, SKIPPED, FAILURE, UP_FOR_RETRY."""


@dataclass(frozen=True)
class Request:
    """What one run is asked to do; see `graph.bronze.PlanConfig`."""

    pipeline: str
    mode: Mode = "load"
    date: str | None = None
    selection: Mapping[str, str] = field(default_factory=dict)
    max_reject_ratio: float | None = None
    run_id: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """The plan step's configuration."""
        known = {"date": self.date, "max_reject_ratio": self.max_reject_ratio}
        given = {name: value for name, value in known.items() if value is not None}
        return {"mode": self.mode, "selection": dict(self.selection), **given}


def run(settings: Settings, request: Request, *, on_step: OnStep | None = None, verbose: bool = False) -> Outcome:
    """Run the job, keep the report in the run's folder, and tell people what went wrong, once."""
    from lakehouse_assets.compute.notify import FolderTopic
    from lakehouse_assets.graph.outcome import outcome_of
    from lakehouse_assets.storage.runs import RunFolder

    chosen = replace(request, run_id=request.run_id or str(uuid4()))
    result = _execute(settings, chosen, on_step or _ignore, verbose=verbose)
    lake = settings.open_lake()
    lake.create()  # a run may fail before it does
    folder = RunFolder(lake.store, chosen.pipeline, chosen.run_id)
    outcome = outcome_of(folder, result.all_events, success=result.success)
    folder.write("report", outcome.report)
    for alert in alerts_of(outcome.report, outcome.failed_checks):
        FolderTopic(lake.store).publish(alert)
    return outcome


def _ignore(step: str, what: str) -> None:
    """Nobody watches."""


def _execute(settings: Settings, request: Request, on_step: OnStep, *, verbose: bool) -> ExecuteInProcessResult:
    from lakehouse_assets.definitions import build_definitions
    from lakehouse_assets.graph.abandoned import fail_abandoned

    job = build_definitions(settings).resolve_job_def(request.pipeline)
    level = "DEBUG" if verbose else "CRITICAL"
    logging.getLogger("dagster._core").setLevel(level)
    with history.instance(settings) as instance:
        fail_abandoned(instance, request.pipeline)
        instance.add_event_listener(request.run_id, _listener(on_step))
        return job.execute_in_process(
            instance=instance,
            run_id=request.run_id,
            run_config=_run_config(job, request, level),
            raise_on_error=False,
        )


def _run_config(job: JobDefinition, request: Request, level: str) -> dict[str, Any]:
    plan = next(node.name for node in job.nodes if node.name.endswith(f"{request.pipeline}_manifest"))
    return {"ops": {plan: {"config": request.config}}, "loggers": {"console": {"config": {"log_level": level}}}}


def _listener(on_step: OnStep) -> Callable[[EventLogEntry], None]:
    def listen(entry: EventLogEntry) -> None:
        event = entry.dagster_event
        if event is not None and event.step_key and event.event_type_value.startswith("STEP_"):
            on_step(event.step_key, event.event_type_value.removeprefix("STEP_"))

    return listen
