"""Define `lakehouse rejects`, which shows rejected rows and reads them again, corrected or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import uuid4

import typer

from lakehouse_assets.core.request import RunRequest, Selection
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import (
    EngineOption,
    LakeOption,
    PipelineOption,
    Verbose,
    chosen_pipeline,
    reading,
    writing,
)
from lakehouse_assets.operations.running import Asked

if TYPE_CHECKING:
    from lakehouse_assets.operations.reject_rows import Rejects

rejects = typer.Typer(help="Rejected rows: list them, show them, replay them.", rich_markup_mode="rich")

Code = Annotated[str | None, typer.Option(help="Only rows with this rule code.")]
File = Annotated[str | None, typer.Option(help="Only rows of this file, such as `readings/2025-04-03.csv`.")]
Run = Annotated[str | None, typer.Option(help="Only rows that this run rejected.")]
ListFormat = Annotated[Literal["table", "json"], typer.Option(help="How they are printed.")]
ShowFormat = Annotated[Literal["table", "csv", "json"], typer.Option(help="csv is a file to correct and give back.")]


@rejects.callback(invoke_without_command=True)
def root(context: typer.Context) -> None:
    """Rejected rows: list them, show them, replay them."""
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())


@rejects.command("list")
def list_(
    *,
    code: Code = None,
    file: File = None,
    run: Run = None,
    pipeline: PipelineOption = None,
    format: ListFormat = "table",  # noqa: A002 - the option's name
    lake: LakeOption = None,
) -> None:
    """Count rejected rows per file and rule codes, those still open and those replayed.

    Example:
        lakehouse rejects list --code CODE
    """
    from lakehouse_assets.operations.reject_rows import summary

    table = _rejects(pipeline, lake)
    rows = [row for row in table.rows() if _meets(row, _selection(table, code, file, run))]
    groups = summary(rows)
    if format == "json":
        _print_json(groups)
    elif groups:
        terminal.table(tuple(groups[0]), (tuple(group.values()) for group in groups), right=("open", "replayed"))
    else:
        terminal.say("No row was rejected.")


@rejects.command()
def show(
    *,
    code: Code = None,
    file: File = None,
    run: Run = None,
    pipeline: PipelineOption = None,
    format: ShowFormat = "table",  # noqa: A002 - the option's name
    lake: LakeOption = None,
) -> None:
    """Show open rejected rows as they stand in their files; as CSV, to be corrected and replayed.

    Examples:
        lakehouse rejects show --code CODE

        lakehouse rejects show --format csv > corrected.csv
    """
    from lakehouse_assets.operations.reject_rows import to_csv

    table = _rejects(pipeline, lake)
    rows = table.open_rows(_selection(table, code, file, run))
    if format == "csv":
        terminal.data(to_csv(rows, table.columns(row["dataset"] for row in rows)))
    elif format == "json":
        _print_json(rows)
    elif rows:
        terminal.table(("file", "line", "codes", "raw"), ((r["file"], r["line"], r["codes"], r["raw"]) for r in rows))
    else:
        terminal.say("No open rejected row meets this.")


@rejects.command()
def replay(  # noqa: PLR0913 - one parameter per option
    *,
    code: Code = None,
    file: File = None,
    run: Run = None,
    corrected: Annotated[Path | None, typer.Option("--with", help="Corrected rows, from `show --format csv`.")] = None,
    pipeline: PipelineOption = None,
    engine: EngineOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the run report as JSON, and nothing else.")] = False,
    lake: LakeOption = None,
    verbose: Verbose = False,
) -> None:
    """Read open rejected rows again through the same rules, as they were or corrected.

    Rows that are good now reach silver and gold and are marked as replayed; the others stay open. Nothing is applied
    twice: what was replayed is not open any more. Exit code 1 when the run failed.

    Examples:
        lakehouse rejects replay --code CODE

        lakehouse rejects replay --with corrected.csv
    """
    from lakehouse_assets.operations.run import exit_code, print_json, run_visibly

    settings = writing(chosen_pipeline(pipeline), lake, None, engine)
    table = _rejects(pipeline, lake)
    work = _plan(table, _selection(table, code, file, run), corrected)
    if not work.rows:
        terminal.say("{}" if json else "Nothing to replay: no open rejected row meets this.")
        return
    outcome = run_visibly(settings, work.asked, verbose=verbose)
    became = {} if outcome.is_failed else _became(table, work)
    if json:
        print_json([outcome.report], replayed=became)
    elif became:
        shown = f"{became['accepted']} accepted, {became['rejected']} still rejected, {became['pending']} pending"
        terminal.say(f"Replayed {len(work.rows)} rows in run {work.asked.run_id}: {shown}.")
    raise typer.Exit(exit_code(outcome))


@dataclass(frozen=True)
class Work:
    """Hold the open rows that a replay reads again, and the run that does it."""

    rows: list[dict[str, Any]]
    asked: Asked


def _rejects(pipeline: str | None, lake: Path | None) -> Rejects:
    from lakehouse_assets.operations.reject_rows import Rejects
    from lakehouse_assets.storage.lake import lake_of

    return Rejects(chosen_pipeline(pipeline), lake_of(reading(lake)))


def _selection(table: Rejects, code: str | None, file: str | None, run: str | None) -> dict[str, str]:
    if code is not None and code not in table.codes():
        raise BadRequest(message=f"there is no rule code `{code}`; there are: {', '.join(sorted(table.codes()))}")
    return {name: value for name, value in (("code", code), ("file", file), ("run", run)) if value is not None}


def _meets(row: dict[str, Any], selection: dict[str, str]) -> bool:
    """Say whether a row, open or not, meets a selection."""
    held = {"code": row["codes"].split(","), "file": [row["file"]], "run": [row["run_id"]]}
    return all(value in held[name] for name, value in selection.items())


def _plan(table: Rejects, selection: dict[str, str], corrected: Path | None) -> Work:
    """Choose the rows to read again; a correction is put into the run's folder, cut to the rows that are still open."""
    from lakehouse_assets.operations.reject_rows import choose, corrected_csv, place, read_corrections

    run_id, rows = str(uuid4()), table.open_rows(selection)
    if corrected is not None:
        held = table.rows()
        fixes = read_corrections(corrected, table.columns(row["dataset"] for row in held))
        chosen = choose(fixes, [row for row in held if _meets(row, selection)], corrected)
        rows = [row for row in rows if place(row) in chosen]
        if rows:
            selection = selection | {"corrected": f"runs/{table.pipeline}/{run_id}/corrected.csv"}
            text = corrected_csv(chosen, table.columns(row["dataset"] for row in rows), corrected)
            table.lake.store.put(selection["corrected"], text)
    # Rejects that stay rejected are no news: the share that a drop may have does not apply.
    request = RunRequest(mode="replay", selection=Selection(**selection), max_reject_ratio=1.0)
    return Work(rows, Asked(table.pipeline, request, run_id))


def _became(table: Rejects, work: Work) -> dict[str, int]:
    from lakehouse_assets.operations.reject_rows import what_became

    return what_became(work.rows, table.open_rows({}), table.pending())


def _print_json(value: object) -> None:
    import orjson

    terminal.data(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str).decode())
