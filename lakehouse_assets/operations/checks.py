"""Define `lakehouse checks`, which shows the latest result of every check and ends with an exit code for scripts."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import completion, terminal
from lakehouse_assets.operations.options import LakeOption, pipelines_of, reading
from lakehouse_assets.operations.sql import parse_moment
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.operations.check_results import CheckState

Format = Literal["table", "json", "junit", "html"]


def checks(
    *,
    format: Annotated[Format, typer.Option(help="How the results are written.")] = "table",  # noqa: A002 - the option's name
    out: Annotated[Path | None, typer.Option(help="Write them into this file rather than to stdout.")] = None,
    pipeline: Annotated[
        str | None, typer.Option(autocompletion=completion.pipelines, help="Only the checks of this pipeline.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only what was found since then, and what is not good now; UTC."),
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Ask whole tables anew; nothing is written.")] = False,
    lake: LakeOption = None,
) -> None:
    """Show the latest result of every check: passed, warned, failed, errored, never run, or stale.

    They are those of all pipelines that have run in the lake. A run checks what it touched, and the first one of a week
    whole tables. With --now every check that is a query is asked of whole tables as they are; what only a load can
    answer is left out.

    A check that did not pass and stops nothing has warned. The HTML page shows the history of each check too, with rows
    that did not pass and the SQL that finds them.

    Stale is a result that is older than the table's last materialization. Exit code 1 unless every check that blocks
    or whose severity is ERROR is passed and current, each gold table has been built since a build of it failed, and no
    contract or SELECT is broken.

    Examples:
        lakehouse checks

        lakehouse checks --now

        lakehouse checks --since 2025-04-03T06:00:00

        lakehouse checks --format html --out checks.html

        lakehouse checks --format junit --out checks.xml
    """
    from lakehouse_assets.operations.broken import tell_broken
    from lakehouse_assets.operations.check_results import READABLE
    from lakehouse_assets.operations.unbuilt import BUILT

    settings = reading(lake)
    if out is not None and not out.absolute().parent.is_dir():
        raise BadRequest(message=f"--out `{out}`: its folder does not exist")
    names = pipelines_of(pipeline, lake)
    moment = None if since is None else parse_moment(since, "--since")
    states = _states(settings, names, now=now, past=format in {"html", "json"})
    for problem in dict.fromkeys(state.description for state in states if state.check == READABLE):
        terminal.complain(problem)
    for state in (state for state in states if state.check == BUILT):
        terminal.complain(f"{state.table}: {state.description}")
    shown = [state for state in states if _is_news(state, moment)]
    if format == "table" and out is None:
        show(shown)
    else:
        _write(_text(shown, format, settings.lake_root), out)
    is_broken = tell_broken(names)
    raise typer.Exit(int(is_broken or not all(state.is_good for state in states)))


def _is_news(state: CheckState, since: datetime | None) -> bool:
    return since is None or not state.is_good or (state.at is not None and state.at >= since)


def _states(settings: Settings, names: tuple[str, ...], *, now: bool, past: bool) -> list[CheckState]:
    if not now:
        from lakehouse_assets.operations.check_results import read_states

        return read_states(settings, names, past=past)
    from lakehouse_assets.operations.check_tables import ask_states
    from lakehouse_assets.progress import Progress

    progress = Progress()
    with terminal.shown(progress):
        return ask_states(settings, names, progress)


def _text(states: list[CheckState], format: Format, lake: str) -> str:  # noqa: A002 - as above
    from lakehouse_assets.operations import check_formats
    from lakehouse_assets.operations.check_html import to_html

    if format == "html":
        return to_html(states, lake, datetime.now(UTC))
    if format == "json":
        return check_formats.to_json(states)
    if format == "junit":
        return check_formats.to_junit(states)
    return "\n".join([*(f"{s.word:10} {s.table}.{s.check}" for s in states), check_formats.verdict(states)])


def _write(text: str, out: Path | None) -> None:
    if out is None:
        terminal.data(f"{text}\n")
        return
    try:
        out.write_text(f"{text}\n", "utf-8")
    except OSError as error:
        raise BadRequest(message=f"--out `{out}` cannot be written: {error.strerror}") from error
    sys.stderr.write(f"written: {out}\n")


def show(states: list[CheckState]) -> None:
    """Print the check states on stdout as a table for people."""
    from lakehouse_assets.operations.check_formats import verdict

    columns = ("table", "check", "status", "severity", "failing", "when (UTC)")
    rows = [
        (
            state.table,
            state.check,
            f"{'✔' if state.status == 'passed' else '!' if state.is_good else '✘'} {state.word}",
            "blocking" if state.blocking else state.severity,
            state.failing,
            state.at and state.at.isoformat(" ", "seconds")[:19],
        )
        for state in states
    ]
    terminal.table(columns, rows, right=("failing",))
    for state in states:
        if state.status == "failed":
            terminal.say(f"{state.table}.{state.check}: {state.description}")
    terminal.say(verdict(states))
