"""Define `lakehouse run`, which runs the pipeline's Dagster job once."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakehouse_assets.core.request import parse_request, words
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.broken import tell_broken
from lakehouse_assets.operations.completion import models
from lakehouse_assets.operations.last_lake import remember
from lakehouse_assets.operations.options import (
    AffiseUrlOption,
    EngineOption,
    LakeOption,
    LandingOption,
    PipelineArgument,
    Verbose,
    chosen_pipeline,
    use_affise_url,
    writing,
)
from lakehouse_assets.operations.running import Asked
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.compute.reports import RunReport
    from lakehouse_assets.graph.outcome import Outcome

ASKED_WRONGLY = {"BadRequest", "SettingsInvalid"}
"""These failures are the caller's and end with exit code 2, like any bad input."""

OF_OTHERS = "of the other requests it takes --full-refresh"


Selected = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TABLE",
        autocompletion=models,
        help="Bring only this gold table up to date, such as gold/daily_weather; repeatable.",
    ),
]


def run(  # noqa: PLR0913 - one parameter per option
    pipeline: PipelineArgument = None,
    *,
    landing: LandingOption = None,
    lake: LakeOption = None,
    affise_url: AffiseUrlOption = None,
    engine: EngineOption = None,
    max_reject_ratio: Annotated[float | None, typer.Option(help=words("max_reject_ratio"))] = None,
    reprocess: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE", help="Load again what was archived on that UTC date; repeatable."),
    ] = None,
    window: Annotated[tuple[str, str] | None, typer.Option(metavar="FIRST LAST", help=words("window"))] = None,
    as_of: Annotated[str | None, typer.Option(metavar="TIME", help=words("as_of"))] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Pull also all days that may still change, as one run a week does.")
    ] = False,
    intraday: Annotated[
        bool, typer.Option("--intraday", help="Pull only the last hours, the running one too, into provisional rows.")
    ] = False,
    select: Selected = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help=words("full_refresh"))] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the run report as JSON, and nothing else, on stdout.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Run a pipeline once: landing to silver, checks, gold, archive.

    Files of landing are loaded, checked and moved to the archive. A run with nothing new does nothing, successfully.
    Exit code 1 when the run failed.

    Examples:
        lakehouse run PIPELINE

        lakehouse run PIPELINE --landing drops --lake lake --json

        lakehouse run PIPELINE --reprocess 2025-04-03

        lakehouse run PIPELINE --select gold/daily_weather --full-refresh

        lakehouse run PIPELINE --select +daily_weather
    """
    name = chosen_pipeline(pipeline, lake)
    use_affise_url(name, affise_url)
    days = None if window is None else dict(zip(("start", "end"), window, strict=True))
    pull = asked_pull(name, sweep=sweep, intraday=intraday)
    common: dict[str, Any] = {"max_reject_ratio": max_reject_ratio, "window": days, "as_of": as_of, "pull": pull}
    if select and (reprocess or any(value is not None for value in common.values())):
        raise BadRequest(message=f"--select builds from what silver holds; {OF_OTHERS}")
    common["full_refresh"] = full_refresh or None
    asked = [common | {"mode": "reprocess", "date": day} for day in reprocess or []] or [common]
    requests = [Asked(name, parse_request(one), select=tuple(select or ())) for one in asked]
    settings = writing(name, lake, landing, engine)
    outcomes = [_once(settings, request, json=json, verbose=verbose) for request in requests]
    if json:
        print_json([outcome.report for outcome in outcomes])
    raise typer.Exit(max(int(tell_broken([name])), *(exit_code(outcome) for outcome in outcomes)))


def asked_pull(pipeline: str, *, sweep: bool, intraday: bool) -> str | None:
    """Return what is pulled, as `core.request.Pull`; None for what is usual.

    Raises:
        BadRequest: the pipeline pulls nothing, or both are asked.
    """
    from lakehouse_assets.pipelines import pipeline_of

    asked = [name for name, is_asked in (("sweep", sweep), ("intraday", intraday)) if is_asked]
    if len(asked) > 1:
        raise BadRequest(message="--sweep is for all that may still change, --intraday for the last hours; give one")
    if asked and "pull" not in pipeline_of(pipeline).asked:
        raise BadRequest(message=f"--{asked[0]} is for a pipeline that pulls from an API; `{pipeline}` loads files")
    return asked[0] if asked else None


def _once(settings: Settings, asked: Asked, *, json: bool, verbose: bool) -> Outcome:
    from lakehouse_assets.operations import run_text
    from lakehouse_assets.storage.lake import lake_of

    # Whoever has ever run in a lake has left a lease there, and a folder of its run, which a clone has too.
    lake = lake_of(settings)
    is_new = not json and not (lake.exists and any(map(lake.store.has_any, ("leases/", "runs/"))))
    remember(settings.lake_root, "run")
    started = time.perf_counter()
    outcome = run_visibly(settings, asked, verbose=verbose)
    if not json:
        run_text.show(outcome, settings, time.perf_counter() - started)
    if is_new:
        terminal.say(f"The lake {run_text.short(settings.lake_root)} is new; there was none.")
    return outcome


def run_visibly(settings: Settings, asked: Asked, *, verbose: bool = False) -> Outcome:
    """Show on a terminal what is done; stdout stays free for the result, a failure is told on stderr."""
    from lakehouse_assets.operations import running

    watched = running.Watched()
    with terminal.stdout_kept_clean(), nullcontext() if verbose else terminal.shown(watched.progress):
        outcome = running.run(settings, asked, watched=watched, verbose=verbose)
    if outcome.is_failed:
        terminal.complain(outcome.cause)
    return outcome


def exit_code(outcome: Outcome) -> int:
    """Return 0, or 1 when the run failed, or 2 when it was asked for something that does not exist."""
    if not outcome.is_failed:
        return 0
    failure = outcome.report.failure
    return 2 if failure and failure.error in ASKED_WRONGLY else 1


def print_json(reports: list[RunReport], **further: object) -> None:
    """Print one report as a JSON object, several as a list, each with the further facts."""
    import orjson

    values = [report.to_dict() | further for report in reports]
    shown = values[0] if len(values) == 1 else values
    terminal.data(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str).decode())
