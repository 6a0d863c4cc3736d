"""Define `lakehouse runs`, which lists the runs of a lake, and shows one whole, whichever runtime made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, pipelines_of, reading

if TYPE_CHECKING:
    from lakehouse_assets.compute.failed_checks import FailedCheck
    from lakehouse_assets.operations.recorded import Recorded
    from lakehouse_assets.settings import Settings
    from lakehouse_assets.storage.runs import RunFolder

Format = Literal["table", "json"]
MARKS = {"succeeded": "✔", "nothing_to_do": "✔", "failed": "✘", "running": "…", "queued": "…"}
RIGHT = ("took", "read", "rejected", "gold")
MOST_CAUSE = 60
"""How many characters of a cause are listed; one run is shown with all of it."""


def runs(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Show this run whole; the beginning of its id is enough.")
    ] = None,
    *,
    pipeline: Annotated[str | None, typer.Option(help="Only the runs of this pipeline.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many ended runs are listed.")] = 20,
    format: Annotated[Format, typer.Option(help="How the answer is printed.")] = "table",  # noqa: A002 - the option's name
    lake: LakeOption = None,
) -> None:
    """List the latest runs, those that go on or wait first; or show one whole: steps, counts, cause, cost, report.

    They are those of Dagster, of the command and of the state machines, by when they ended.

    Examples:
        lakehouse runs

        lakehouse runs 37ae279c
    """
    from lakehouse_assets.operations import recorded
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.records import PassedOver

    settings = reading(lake)
    store, names = lake_of(settings).store, pipelines_of(pipeline, lake)
    if run_id is not None:
        (one,) = recorded.with_triggers(settings, [recorded.find(store, names, run_id)])
        show_one(one, settings, format)
        return
    going = [*recorded.queued(settings, _jobs(names)), *recorded.running(store, names)]
    passed_over = PassedOver()
    ended = recorded.latest(store, names, limit, passed_over)
    found = recorded.with_triggers(settings, [*going, *ended])
    if format == "json":
        terminal.data("".join(terminal.json_list(run.to_dict() for run in found)))
    elif found:
        show(found)
    else:
        terminal.say("No run has ended in this lake, and none goes on.")
    terminal.warn(passed_over.sentence)


def _jobs(pipelines: tuple[str, ...]) -> dict[str, str]:
    from lakehouse_assets.pipelines import pipeline_of

    return {job: name for name in pipelines for job in pipeline_of(name).jobs}


def show(found: list[Recorded]) -> None:
    """Print the runs as a table, and below it why the failed ones failed."""
    several = len({run.pipeline for run in found}) > 1
    names = (
        "run",
        *(["pipeline"] if several else []),
        "state",
        "began (UTC)",
        "took",
        "by",
        "read",
        "rejected",
        "gold",
    )
    terminal.table(names, [_row(run, several=several) for run in found], right=RIGHT, close=True)
    for run in (run for run in found if run.cause):
        cause = run.cause if len(run.cause) <= MOST_CAUSE else f"{run.cause[:MOST_CAUSE]}…"
        terminal.say(f"{run.label}: {cause}")


def _row(run: Recorded, *, several: bool) -> tuple[object, ...]:
    state = f"{MARKS.get(run.status, ' ')} {run.status.replace('_', ' ')}"
    began = (run.started_at or run.ended_at) and f"{run.started_at or run.ended_at:%Y-%m-%d %H:%M}"
    by = f"{run.trigger} (machine)" if run.runtime == "stepfunctions" and run.trigger else run.trigger
    by = by or ("machine" if run.runtime == "stepfunctions" else "")
    counts = (None, None, None) if run.ended_at is None else (run.read, run.rejected, run.gold)
    return (run.label, *([run.pipeline] if several else []), state, began, took(run.seconds), by, *counts)


def took(seconds: float | None) -> str:
    """Return a time span for people.

    >>> took(15.25), took(3723), took(None)
    ('15.2 s', '1 h 2 min', '')
    """
    if seconds is None:
        return ""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min {int(seconds % 60)} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - an hour


def show_one(run: Recorded, settings: Settings, format: Format) -> None:  # noqa: A002 - as above
    """Print one run whole.

    Raises:
        BadRequest: its report is not in the lake any more.
    """
    from lakehouse_assets.compute.reports import REPORT, RunReport
    from lakehouse_assets.operations import run_text
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.runs import RunFolder

    folder = RunFolder(lake_of(settings).store, run.pipeline, str(run.facts.get("folder") or run.run_id))
    report = folder.report(REPORT, RunReport)
    if report is None:
        raise BadRequest(message=f"the report of run `{run.run_id}` is not in the lake any more")
    steps = _steps(run, settings) or [(name, "", seconds) for name, seconds in report.timings.items()]
    if format == "json":
        import orjson

        document = run.to_dict() | {"steps": steps, "report": report.to_dict()}
        terminal.data(
            orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str).decode()
        )
        return
    began, ended = (at and f"{at:%Y-%m-%d %H:%M:%S}" for at in (run.started_at, run.ended_at))
    terminal.say(f"{run_text.STATUS[report.status]}: {run.pipeline}, run {run.run_id}")
    terminal.say(f"Began {began or 'at a time that is not known'}, ended {ended} UTC, took {took(run.seconds) or '?'}")
    terminal.say(f"Started by: {run.trigger or 'not known'}, made by {run.runtime}")
    for what, said in (("Execution", report.execution), ("See", report.link), ("Already", report.already)):
        if said:
            terminal.say(f"{what}: {said}")
    if report.failure is not None:
        terminal.say(f"Failed in {report.failure.place or 'no step'}: {report.failure.message}")
    if steps:
        terminal.table(("step", "state", "took"), [(n, state, took(s)) for n, state, s in steps], right=("took",))
    run_text.show_report(report, settings)
    for check in _checks(run, folder, settings):
        terminal.say(f"Check {check.line}")
    if report.costs:
        terminal.say(f"Cost: {sum(line.usd for line in report.costs):.4f} USD, see `lakehouse cost {run.pipeline}`")


def _checks(run: Recorded, folder: RunFolder, settings: Settings) -> tuple[FailedCheck, ...]:
    """Return the checks of a run that did not pass, as the runtime that made it kept them."""
    from dagster import DagsterEventType

    from lakehouse_assets.compute.recording import checks_not_passed
    from lakehouse_assets.graph.outcome import failed_checks
    from lakehouse_assets.operations import history

    if run.runtime == "stepfunctions":
        return checks_not_passed(folder)
    if not history.is_begun(settings):
        return ()
    with history.instance(settings, reading=True) as instance:
        entries = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    return failed_checks([entry.dagster_event for entry in entries if entry.dagster_event])


def _steps(run: Recorded, settings: Settings) -> list[tuple[str, str, float | None]]:
    """Return the steps of a run that Dagster made, in their order, with their state and seconds."""
    from lakehouse_assets.operations import history

    if not history.is_begun(settings):
        return []
    with history.instance(settings, reading=True) as instance:
        found = instance.get_run_step_stats(run.run_id) if instance.has_run(run.run_id) else []
    ordered = sorted(found, key=lambda step: step.start_time or step.end_time or float("inf"))
    return [(s.step_key.replace("__", "/"), s.status.value.lower() if s.status else "", _span(s)) for s in ordered]


def _span(step: object) -> float | None:
    start, end = getattr(step, "start_time", None), getattr(step, "end_time", None)
    return None if start is None or end is None else end - start
