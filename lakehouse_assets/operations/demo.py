"""Define `lakehouse demo`, which loads sample data from landing to gold in its own folder and says what happened."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.last_lake import remember
from lakehouse_assets.operations.options import EngineOption, PipelineOption, Verbose
from lakehouse_assets.operations.samples import samples, tenants
from lakehouse_assets.operations.terminal import command, complain, say
from lakehouse_assets.operations.trial import Trial, trial_of
from lakehouse_assets.settings import read_settings

if TYPE_CHECKING:
    from lakehouse_assets.graph.outcome import Outcome

MARKER = ".lakehouse-demo"
"""A file of this name lies in every folder that a demo made; a folder without it is never deleted."""


def demo(
    *,
    data: Annotated[
        Path | None, typer.Option(help="Real drops to load instead of the sample; copied, never changed.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the demo lives; made afresh each time.")] = Path("demo"),
    pipeline: PipelineOption = None,
    engine: EngineOption = None,
    verbose: Verbose = False,
) -> None:
    """Load sample data from landing to gold and say what happened.

    The sample is a few days of drops with a broken row of every kind; what a load must make of it is known and
    compared.

    Examples:
        lakehouse demo

        lakehouse demo --data ~/drops
    """
    read_settings(engine=engine)  # says what is wrong with them before the last demo is deleted
    shown = demonstrated(pipeline, data)
    make_fresh(folder.absolute(), data)
    codes = [_show(name, folder.absolute(), data, engine, verbose=verbose) for name in shown]
    raise typer.Exit(max(codes))


def demonstrated(pipeline: str | None, data: Path | None) -> tuple[str, ...]:
    """Return the pipelines to show: the named one, else all that bring a sample or a source to be tried with.

    Raises:
        BadRequest: there is none, or drops are given and nobody says whose they are.
    """
    takes_files = tuple(samples())
    known = takes_files if data is not None else (*takes_files, *(one for one in tenants() if one not in takes_files))
    shown = known if pipeline is None else tuple(name for name in known if name == pipeline)
    if not shown:
        raise BadRequest(message=f"no sample to show; pipelines with one: {', '.join(known) or 'none'}")
    if data is not None and len(shown) > 1:
        raise BadRequest(message=f"--data belongs to one pipeline; name it with --pipeline: {', '.join(shown)}")
    return shown


def _show(name: str, folder: Path, data: Path | None, engine: str | None, *, verbose: bool) -> int:
    """Run one pipeline on its sample or source, say what happened, and return an exit code."""
    from lakehouse_assets.operations import run_text
    from lakehouse_assets.operations.run import exit_code, run_visibly

    with trial_of(name, folder, data, engine) as trial:
        started = time.perf_counter()
        remember(trial.settings.lake_root, "demo")
        outcome = run_visibly(trial.settings, trial.asked, verbose=verbose)
        run_text.show(outcome, trial.settings, time.perf_counter() - started)
    differences = [] if outcome.is_failed else trial.differences(outcome)
    _verdict(trial.rows, differences, outcome)
    _next_steps(trial, name, data)
    return exit_code(outcome) or int(bool(differences))


def make_fresh(folder: Path, data: Path | None) -> None:
    """Make an empty folder with the marker; the folder of the last demo is deleted before.

    Raises:
        BadRequest: the folder holds something that no demo made, or the data lies in it or is none.
    """
    if data is not None:
        _check_data(data.expanduser().absolute(), folder)
    if folder.exists() and not (folder / MARKER).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadRequest(message=f"`{folder}` holds something that no demo made; name another place with --folder")
    if (folder / MARKER).exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("Made by `lakehouse demo`, which deletes this folder when it runs again.\n", "utf-8")


def _check_data(data: Path, folder: Path) -> None:
    if not data.is_dir():
        raise BadRequest(message=f"--data `{data}` is not a folder")
    if data.resolve().is_relative_to(folder.resolve()):
        raise BadRequest(message=f"--data `{data}` lies in the demo's own folder `{folder}`, which is made afresh")
    if folder.resolve().is_relative_to(data.resolve()):
        raise BadRequest(message=f"the demo's folder `{folder}` lies in --data `{data}`; name another with --folder")
    if not any(file.name.endswith((".csv", ".csv.gz")) for file in data.rglob("*")):
        raise BadRequest(message=f"--data `{data}` holds no .csv or .csv.gz file")


def _verdict(rows: int | None, differences: list[str], outcome: Outcome) -> None:
    for difference in differences:
        complain(f"not the sample's known answer: {difference}")
    if rows is not None and not differences and not outcome.is_failed:
        say(f"✔ Every one of the {rows} rows went where the sample's known answer says.")


def _next_steps(trial: Trial, name: str, data: Path | None) -> None:
    from lakehouse_assets.operations.run_text import short

    lake = short(trial.settings.lake_root)
    say("\nTry next:")
    say(f'  {command()} sql "{trial.query}" --lake {lake}')
    if trial.file:
        say(f"  head -3 {lake}/{trial.file}")
    say(f"  {command()} checks --pipeline {name} --lake {lake}")
    if data is None and trial.has_rejects:
        say(f"  {command()} rejects list --pipeline {name} --lake {lake}")
    say(f"  {command()} report {name} --lake {lake}")
    say(f"  {command()} dev --lake {lake}\n")
