"""Define `lakehouse rejects`, which shows rejected rows and reads them again, corrected or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lakehouse_assets.errors import BadRequest, TableMissing
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.completion import codes
from lakehouse_assets.operations.options import (
    EngineOption,
    LakeOption,
    PipelineOption,
    Verbose,
    chosen_pipeline,
    reading,
    writing,
)
from lakehouse_assets.operations.usage import PipelineCommand, help_alone
from lakehouse_assets.spelling import meant

if TYPE_CHECKING:
    from lakehouse_assets.operations.reject_rows import Rejects

rejects = typer.Typer(help="Rejected rows: list, show, replay and close them.", rich_markup_mode="rich")

Code = Annotated[str | None, typer.Option(autocompletion=codes, help="Only rows with this rule code.")]
File = Annotated[str | None, typer.Option(help="Only rows of this file, such as `readings/2025-04-03.csv`.")]
Run = Annotated[str | None, typer.Option(help="Only rows that this run rejected.")]
Grouping = Literal["code", "file"]
SHOWN = ("file", "line", "codes", "raw")
SHOWN_ROWS = 1000
"""A table of more rows than this would take minutes to print, and nobody to read."""
MOST_CHARACTERS = 500
"""How many characters of a text stand in a table."""
ListFormat = Annotated[Literal["table", "json"], typer.Option(help="How they are printed.")]
ShowFormat = Annotated[Literal["table", "csv", "json"], typer.Option(help="csv is a file to correct and give back.")]


@rejects.callback(invoke_without_command=True)
def root(context: typer.Context) -> None:
    """Rejected rows: list, show, replay and close them."""
    help_alone(context)


@rejects.command("list", cls=PipelineCommand)
def list_(  # noqa: PLR0913 - one parameter per option
    *,
    code: Code = None,
    file: File = None,
    run: Run = None,
    pipeline: PipelineOption = None,
    by: Annotated[Grouping | None, typer.Option(help="Count per code or per file only, most open ones first.")] = None,
    format: ListFormat = "table",  # noqa: A002 - the option's name
    lake: LakeOption = None,
) -> None:
    """Count rejected rows per file and rule codes, by what became of them.

    Totals by code and by file are below the table. Rows are open, replayed, corrected in a later version of their file,
    superseded by a later reject of the same record, or closed by hand. Rows that wait for a parent are no rejects:
    `lakehouse rejects pending` counts them.

    Examples:
        lakehouse rejects list --code CODE

        lakehouse rejects list --by code
    """
    from lakehouse_assets.operations.reject_rows import summary
    from lakehouse_assets.operations.reject_text import say_pending, show_groups

    table = _rejects(pipeline, lake)
    counts = table.counts(_selection(table, code, file, run))
    if format == "json":
        _print_json(summary(counts, by))
        return
    if counts:
        show_groups(counts, by)
    else:
        terminal.say("No row was rejected.")
    with suppress(TableMissing):  # no row has ever waited
        say_pending(table.pending())


@rejects.command(cls=PipelineCommand)
def pending(
    *,
    pipeline: PipelineOption = None,
    format: ListFormat = "table",  # noqa: A002 - the option's name
    lake: LakeOption = None,
) -> None:
    """Count the rows that wait for a parent, by file and by what they wait for; every run tries them again.

    Below are the keys that most of them wait for, ten of each kind, and a known key where one looks alike; in JSON
    each group has those of its codes, from all files.

    Example:
        lakehouse rejects pending
    """
    from lakehouse_assets.load.control_tables import PENDING_DAYS
    from lakehouse_assets.operations.reject_text import show_pending, show_waited_for
    from lakehouse_assets.operations.waiting_keys import of_codes, waited_for

    table = _rejects(pipeline, lake)
    groups = table.pending()
    if format == "json":
        named = waited_for(table) if groups else []
        _print_json(group | {"waits_for": of_codes(named, group["codes"])} for group in groups)
    elif groups:
        show_pending(groups, f"{PENDING_DAYS} days")
        show_waited_for(waited_for(table))
    else:
        terminal.say("No row waits for a parent.")


@rejects.command(cls=PipelineCommand)
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

    In the CSV a malformed row comes with what can be read of it, by column; correct it there. One that comes back as it
    was corrects nothing; to take it as it stands, empty its `_raw`.

    Examples:
        lakehouse rejects show --code CODE

        lakehouse rejects show --format csv > corrected.csv
    """
    from lakehouse_assets.operations.correction_file import WRITTEN, to_csv
    from lakehouse_assets.operations.reject_rows import plain

    table = _rejects(pipeline, lake)
    selection = _selection(table, code, file, run)
    with table.engine() as engine:
        if format == "csv":
            rows = table.open_rows(engine, selection, (*WRITTEN, "fields", "dataset"))
            for piece in to_csv(rows, table.columns(table.open_count(engine, selection)), table.csv_columns()):
                terminal.data(piece)
        elif format == "json":
            names = [column.name for column in table.contract().columns]
            for piece in terminal.json_list(map(plain, table.open_rows(engine, selection, names))):
                terminal.data(piece)
        else:
            count = sum(table.open_count(engine, selection).values())
            _show_table(table.open_rows(engine, selection, SHOWN), count)


@rejects.command(cls=PipelineCommand)
def replay(  # noqa: PLR0913 - one parameter per option
    *,
    code: Code = None,
    file: File = None,
    run: Run = None,
    corrected: Annotated[Path | None, typer.Option("--with", help="Corrected rows, from `show --format csv`.")] = None,
    pipeline: PipelineOption = None,
    engine: EngineOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which rows would be read again; nothing is done.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the run report as JSON, and nothing else.")] = False,
    lake: LakeOption = None,
    verbose: Verbose = False,
) -> None:
    """Read open rejected rows again through the same rules, as they were or corrected.

    Before it says which rows by code and file, and afterwards what became of them and what is still open.
    Rows that are good now reach silver and gold and are marked as replayed; the others stay open. Nothing is applied
    twice: what was replayed is not open any more. Exit code 1 when the run failed.

    Examples:
        lakehouse rejects replay --code CODE --dry-run

        lakehouse rejects replay --with corrected.csv
    """
    from lakehouse_assets.operations.reject_text import say_asked, say_became
    from lakehouse_assets.operations.replay import became, plan
    from lakehouse_assets.operations.run import exit_code, print_json, run_visibly

    settings = writing(chosen_pipeline(pipeline, lake), lake, None, engine)
    table = _rejects(pipeline, lake)
    selection = _selection(table, code, file, run)
    work = plan(table, selection, corrected, keep=not dry_run)
    if not work.rows:
        terminal.say("{}" if json else "Nothing to replay: no open rejected row meets this.")
        return
    if not json:
        say_asked(work.counts)
    if dry_run:
        if json:
            _print_json(work.counts)
        return
    outcome = run_visibly(settings, work.asked, verbose=verbose)
    counts = {} if outcome.is_failed else became(table, work)
    if json:
        print_json([outcome.report], replayed=counts)
    elif counts:
        left = [row for row in table.counts({}) if row["status"] == "open"]
        say_became(work.rows, work.asked.run_id, counts, left)
    raise typer.Exit(exit_code(outcome))


@rejects.command(cls=PipelineCommand)
def close(
    *,
    reason: Annotated[str, typer.Option(help="Why nobody will correct these rows; it is kept with them.")],
    code: Code = None,
    file: File = None,
    run: Run = None,
    pipeline: PipelineOption = None,
    lake: LakeOption = None,
) -> None:
    """Close open rejected rows that nobody will correct; they stay in the table and are not replayed any more.

    A later `lakehouse rebuild silver` closes them again. No run may go on meanwhile.

    Example:
        lakehouse rejects close --file readings/2025-04-03.csv --reason "test data"
    """
    from lakehouse_assets.operations.maintenance import undisturbed

    table = _rejects(pipeline, lake)
    selection = _selection(table, code, file, run)
    if not selection:
        raise BadRequest(
            message="say which rows: --code, --file or --run (`lakehouse rejects list` shows what there is)"
        )
    if not reason.strip():
        raise BadRequest(message="--reason is blank; say why nobody will correct these rows")
    with undisturbed(reading(lake), table.pipeline) as guard:
        closed = table.close(selection, reason.strip(), guard)
    rows = f"{closed} row" if closed == 1 else f"{closed} rows"
    terminal.say(f"Closed {rows}." if closed else "No open rejected row meets this.")


def _show_table(rows: Iterator[dict[str, Any]], count: int) -> None:
    """Print the first rows as a table; more of them are for a program."""
    if not count:
        terminal.say("No open rejected row meets this.")
        return
    terminal.table(SHOWN, (tuple(map(_shortened, row.values())) for row in islice(rows, SHOWN_ROWS)))
    if count > SHOWN_ROWS:
        terminal.say(f"{SHOWN_ROWS} of {count} rows are shown; --format csv writes all.")


def _shortened(value: object) -> object:
    """Return a value as a table can hold it; --format csv and json have all of it."""
    if not isinstance(value, str) or len(value) <= MOST_CHARACTERS:
        return value
    return f"{value[:MOST_CHARACTERS]}... ({len(value):,} characters)"


def _rejects(pipeline: str | None, lake: str | None) -> Rejects:
    from lakehouse_assets.engines.connection import limits_of
    from lakehouse_assets.operations.reject_rows import Rejects
    from lakehouse_assets.storage.lake import lake_of

    settings = reading(lake)
    return Rejects(chosen_pipeline(pipeline, lake), lake_of(settings), limits_of(settings))


def _selection(table: Rejects, code: str | None, file: str | None, run: str | None) -> dict[str, str]:
    if code is not None and code not in table.codes():
        raise BadRequest(message=f"there is no rule code `{code}`; {meant(code, sorted(table.codes()))}")
    return {name: value for name, value in (("code", code), ("file", file), ("run", run)) if value is not None}


def _print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    from lakehouse_assets.operations.reject_rows import plain

    for piece in terminal.json_list(map(plain, rows)):
        terminal.data(piece)
