"""Run a pipeline's Dagster job once, in this process.

Other modules say what its report holds (`graph.outcome`), how it looks on a terminal (`run_text`), and how the run gets
into Dagster's history (`execution`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lakehouse_assets import interruption
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.operations import history
from lakehouse_assets.operations.selection import selected_tables
from lakehouse_assets.progress import Progress
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterEvent, EventLogEntry

    from lakehouse_assets.graph.outcome import Outcome
    from lakehouse_assets.graph.pipeline import Pipeline

END_SECONDS = 10.0
"""How long a run may take to end when it is asked to: the commit that goes on is finished, and history is written."""


class Watched:
    """Hold what a run does, for whoever shows it."""

    def __init__(self) -> None:
        self.progress = Progress()

    def on_step(self, step: str, what: str) -> None:
        """Note what becomes of a step: START, SUCCESS, SKIPPED, FAILURE, UP_FOR_RETRY."""
        if what == "START":
            self.progress.begin(step.replace("__", " "))


@dataclass(frozen=True)
class Asked:
    """Say what one run of a pipeline is asked; `run_id` is made up when it is empty.

    Attributes:
        select: gold tables, as `selected_tables` names them; the run brings them up to date and does nothing else. None
            of them means everything.
    """

    pipeline: str
    request: RunRequest = field(default_factory=RunRequest)
    run_id: str = ""
    select: tuple[str, ...] = ()


def run(settings: Settings, asked: Asked, *, watched: Watched | None = None, verbose: bool = False) -> Outcome:
    """Run the job, keep the report in the run's folder, and tell people what went wrong, once.

    Nobody is told of a run that somebody interrupted, as nobody is told of one that is cancelled in the UI.

    Args:
        settings: the installation.
        asked: what the run is asked.
        watched: where it is said what the run does; None where nobody looks.
        verbose: whether Dagster's log goes to stderr.

    Raises:
        Interrupted: the process was asked to end; the run is cancelled, and its lease given back.
        BadRequest: the pipeline cannot be asked this; nothing has begun.
    """
    from lakehouse_assets.compute.recording import record
    from lakehouse_assets.compute.telling import open_topic
    from lakehouse_assets.core.request import parse_request
    from lakehouse_assets.graph.outcome import outcome_of, publish
    from lakehouse_assets.pipelines import pipeline_of
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.runs import RunFolder

    pipeline, run_id, began = pipeline_of(asked.pipeline), asked.run_id or str(uuid4()), datetime.now(UTC).isoformat()
    parse_request(asked.request.given(), pipeline.asked)
    selected_tables(pipeline, asked.select)
    named = Asked(pipeline.name, asked.request, run_id, asked.select)
    events, success = _execute(settings, pipeline, named, watched or Watched(), verbose=verbose)
    lake = lake_of(settings)
    lake.create()  # a run may fail before it does
    store = lake.store
    folder = RunFolder(store, pipeline.name, run_id)
    outcome = outcome_of(folder, events, success=success)
    outcome = replace(outcome, report=record(folder, replace(outcome.report, started_at=began)))
    interruption.check()
    publish(open_topic(store), outcome, run_id, _told_as(pipeline, named))
    return outcome


def _told_as(pipeline: Pipeline, asked: Asked) -> str:
    """Return what the run's end is told as, see `graph.alerts.told_as`: its job, or that tables were selected."""
    from lakehouse_assets.graph.alerts import SELECTED
    from lakehouse_assets.graph.short_runs import short_run

    short = short_run(pipeline, asked.request)
    return SELECTED if asked.select else short.job(pipeline) if short else pipeline.name


def _execute(
    settings: Settings, pipeline: Pipeline, asked: Asked, watched: Watched, *, verbose: bool
) -> tuple[list[DagsterEvent], bool]:
    """Execute the run; return all its events, and whether it went well."""
    from lakehouse_assets.code_location import build_definitions
    from lakehouse_assets.graph.abandoned import fail_abandoned
    from lakehouse_assets.graph.partitions import range_tags
    from lakehouse_assets.graph.queue import require_turn
    from lakehouse_assets.graph.short_runs import short_run
    from lakehouse_assets.operations.execution import execute
    from lakehouse_assets.storage.lake import lake_of

    short, here = short_run(pipeline, asked.request), pipeline.here(settings)
    name = short.job(pipeline) if short else pipeline.name
    job = build_definitions(settings, [pipeline], progress=watched.progress).resolve_job_def(name)
    if asked.select:
        job = job.get_subset(asset_selection=set(selected_tables(pipeline, asked.select)))
    level = "DEBUG" if verbose else "CRITICAL"
    logging.getLogger("dagster._core").setLevel(level)
    with history.instance(settings) as instance:
        fail_abandoned(instance, pipeline.name, lake_of(settings))
        require_turn(instance, pipeline.name)
        now = asked.request.as_of or datetime.now(UTC)
        window = short.window(here, now) if short else asked.request.window or here.usual_window(now)
        instance.add_event_listener(asked.run_id, _listener(watched))
        config = _run_config(pipeline, asked, level)
        with interruption.gracefully(END_SECONDS):
            return execute(job, instance, asked.run_id, config, range_tags(pipeline, window))


def _run_config(pipeline: Pipeline, asked: Asked, level: str) -> dict[str, Any]:
    if asked.select:
        whole = {"config": {"full_refresh": asked.request.full_refresh}}
        ops = {key.to_python_identifier(): whole for key in selected_tables(pipeline, asked.select)}
        return {"ops": ops, "loggers": {"console": {"config": {"log_level": level}}}}
    # The days of a run are its partitions, so that Dagster knows which ones were made.
    given = {name: value for name, value in asked.request.given().items() if name != "window" or pipeline.days is None}
    return {
        "ops": {pipeline.plan_op: {"config": given}},
        "loggers": {"console": {"config": {"log_level": level}}},
    }


def _listener(watched: Watched) -> Callable[[EventLogEntry], None]:
    def listen(entry: EventLogEntry) -> None:
        event = entry.dagster_event
        if event is not None and event.step_key and event.event_type_value.startswith("STEP_"):
            watched.on_step(event.step_key, event.event_type_value.removeprefix("STEP_"))

    return listen
