"""Define `lakehouse rebuild`, which makes silver anew from the archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, PipelineOption, chosen_pipeline, reading
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.load.rebuild import Rebuilt
    from lakehouse_assets.load.redo import Progress


def rebuild(
    what: Annotated[Literal["silver"], typer.Argument(help="What is made anew; gold follows by itself.")],
    *,
    accept_differences: Annotated[
        bool,
        typer.Option("--accept-differences", help="Also where runs or files are missing, or rules judge otherwise."),
    ] = False,
    table: Annotated[
        list[str] | None, typer.Option("--table", help="Make this table anew too, though it can be read; repeatable.")
    ] = None,
    pipeline: PipelineOption = None,
    lake: LakeOption = None,
) -> None:
    """Make silver, pending rows and rejects anew from the archive, when a table is lost or damaged.

    Every load of the past is done again and has to count what it counted then, and tables that can still be read have
    to hold the same rows; otherwise nothing is changed. Rejects that `lakehouse rejects close` closed are closed again.
    What `lakehouse restore` did to a table is not done again: one that can be read stays as it was restored, and one
    that is lost needs --accept-differences, since it gets all that was ever loaded.

    Only what is lost or damaged is written, also with --accept-differences. A table that can be read is written over
    when --table names it. A table that cannot be read is moved to the lake's folder `damaged`. No run may go on
    meanwhile. The next run brings gold up to date.

    Examples:
        lakehouse rebuild silver

        lakehouse rebuild silver --table clean_readings
    """
    del what
    settings, name = reading(lake), chosen_pipeline(pipeline, lake)
    named = frozenset(one.replace("/", ".").rpartition(".")[2] for one in table or ())
    _show(_rebuilt(settings, name, named, accepts=accept_differences))


def _show(done: Rebuilt) -> None:
    from lakehouse_assets.load.rebuild import MADE

    rows = [(table, count, state) for table, (count, state) in done.tables.items()]
    terminal.table(("table", "rows", "state"), rows, right=("rows",))
    for note in done.notes:
        terminal.say(f"Noted: {note}")
    for difference in done.differences:
        terminal.say(f"Accepted: {difference}")
    if not done.differences:
        terminal.say(done_again(done.loads, done.files))
    is_written = any(state == MADE for _, state in done.tables.values())
    terminal.say("`lakehouse run` brings gold up to date." if is_written else "Nothing had to be written.")


def done_again(loads: int, files: int) -> str:
    """Say that loads were done again and counted the same.

    >>> done_again(1, 7)
    'The one load of 7 files was done again and counted what it counted.'
    """
    read = "1 file" if files == 1 else f"{files} files"
    if loads == 1:
        return f"The one load of {read} was done again and counted what it counted."
    return f"All {loads} loads of {read} were done again and counted what they counted."


def _rebuilt(settings: Settings, name: str, named: frozenset[str], *, accepts: bool) -> Rebuilt:
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import LOADED_BEFORE_GOLD
    from lakehouse_assets.engines.connection import limits_of
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.load.rebuild import Rebuild, beside, rebuild
    from lakehouse_assets.load.redo import Redo
    from lakehouse_assets.operations.maintenance import undisturbed
    from lakehouse_assets.pipelines import pipeline_of
    from lakehouse_assets.storage.lake import Lake, lake_of

    contracts(name).require_sound(*LOADED_BEFORE_GOLD)
    where, zone = lake_of(settings), pipeline_of(name).zone_in(settings)

    def opened(lake: Lake) -> DuckEngine:
        return DuckEngine(lake, zone=zone, **limits_of(settings))

    made = beside(where, name)
    with undisturbed(settings, name) as guard, _progress() as progress:
        made.remove()  # of a command that was killed
        try:
            return rebuild(Rebuild(Redo(name, contracts(name), where, made, opened, guard), accepts, named), progress)
        finally:
            made.remove()


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show on stderr which load is done again; say nothing where stderr is no terminal."""
    console = terminal.err()
    if not console.is_terminal:
        yield lambda _done, _all: None
        return
    with console.status("looking for files") as status:
        yield lambda done, count: status.update(f"load {done + 1} of {count}")
