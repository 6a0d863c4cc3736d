"""`lakehouse run`: the pipeline's Dagster job, once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import EngineOption, Lake, Landing, Verbose, pipeline_named, writing
from lakehouse_assets.operations.running import OnStep, Request
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.graph.outcome import Outcome

ASKED_WRONGLY = {"BadRequest", "SettingsInvalid"}
"""Failures that are the caller's: exit code 2, like any bad input."""


def run(  # noqa: PLR0913 - one parameter per option
    pipeline: Annotated[str, typer.Argument(help="Which pipeline, such as `ecommerce`.")],
    *,
    landing: Landing = None,
    lake: Lake = None,
    engine: EngineOption = None,
    max_reject_ratio: Annotated[
        float | None, typer.Option(help="Share of rejected rows that this run accepts, 0 to 1 (contract: 0.05).")
    ] = None,
    reprocess: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE", help="Load again what was archived on that UTC date; repeatable."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the run report as JSON, and nothing else, on stdout.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Run a pipeline once: landing to silver, checks, gold, archive.

    Files of landing are loaded, checked and moved to the archive. A run with nothing new does nothing, successfully.
    Exit code 1 when the run failed.

    Examples:
        lakehouse run ecommerce

        lakehouse run ecommerce --landing drops --lake lake --json

        lakehouse run ecommerce --reprocess 2025-04-03
    """
    pipeline_named(pipeline)
    ratio, days = _ratio(max_reject_ratio), _dates(reprocess or [])
    requests = [Request(pipeline, "reprocess", date=day, max_reject_ratio=ratio) for day in days]
    requests = requests or [Request(pipeline, max_reject_ratio=ratio)]
    settings = writing(lake, landing, engine)
    outcomes = [_once(settings, request, json=json, verbose=verbose) for request in requests]
    if json:
        print_json([outcome.report for outcome in outcomes])
    raise typer.Exit(max(exit_code(outcome) for outcome in outcomes))


def _once(settings: Settings, request: Request, *, json: bool, verbose: bool) -> Outcome:
    from lakehouse_assets.operations import run_text

    started = time.perf_counter()
    outcome = run_visibly(settings, request, verbose=verbose)
    if not json:
        run_text.show(outcome, settings, time.perf_counter() - started)
    return outcome


def run_visibly(settings: Settings, request: Request, *, verbose: bool = False) -> Outcome:
    """Run with a progress bar on a terminal; stdout stays free for the result, a failure is told on stderr."""
    from lakehouse_assets.operations import running

    with terminal.stdout_kept_clean(), nullcontext(None) if verbose else progress() as on_step:
        outcome = running.run(settings, request, on_step=on_step, verbose=verbose)
    if outcome.is_failed:
        terminal.complain(outcome.cause)
    return outcome


def exit_code(outcome: Outcome) -> int:
    """0, 1 when the run failed, 2 when it was asked for something that does not exist."""
    if not outcome.is_failed:
        return 0
    return 2 if (outcome.report["failure"] or {}).get("error") in ASKED_WRONGLY else 1


def print_json(reports: list[dict[str, object]]) -> None:
    """One report as an object, several as a list."""
    import orjson

    shown = reports[0] if len(reports) == 1 else reports
    terminal.say(orjson.dumps(shown, option=orjson.OPT_INDENT_2, default=str).decode())


@contextmanager
def progress() -> Iterator[OnStep | None]:
    """A bar on stderr that names the step that is going on; None where nobody could see it."""
    console = terminal.err()
    if not console.is_terminal:
        yield None
        return
    with console.status("starting") as status:
        yield lambda step, what: status.update(f"{step.replace('__', ' ')}: {what.lower().replace('_', ' ')}")


def _ratio(value: float | None) -> float | None:
    if value is not None and not 0 <= value <= 1:
        raise BadRequest(message=f"--max-reject-ratio is {value}, allowed is a number from 0 to 1")
    return value


def _dates(values: list[str]) -> list[str]:
    for value in values:
        try:
            date.fromisoformat(value)
        except ValueError as error:
            raise BadRequest(message=f"--reprocess is `{value}`, allowed is a date such as 2025-04-03") from error
    return values
