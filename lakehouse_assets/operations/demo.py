"""Define `lakehouse demo`, which loads sample data from landing to gold in its own folder and says what happened."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.options import EngineOption, PipelineOption, Verbose, writing
from lakehouse_assets.operations.samples import Sample, samples
from lakehouse_assets.operations.terminal import command, complain, say
from lakehouse_assets.settings import Settings, read_settings

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
    codes = [_show(name, sample, folder.absolute(), data, engine, verbose=verbose) for name, sample in shown.items()]
    raise typer.Exit(max(codes))


def demonstrated(pipeline: str | None, data: Path | None) -> dict[str, Sample]:
    """Return the samples to show: that of the named pipeline, else those of all pipelines that have one.

    Raises:
        BadRequest: there is none, or drops are given and nobody says whose they are.
    """
    known = samples()
    shown = known if pipeline is None else {name: known[name] for name in known if name == pipeline}
    if not shown:
        raise BadRequest(message=f"no sample to show; pipelines with one: {', '.join(known) or 'none'}")
    if data is not None and len(shown) > 1:
        raise BadRequest(message=f"--data belongs to one pipeline; name it with --pipeline: {', '.join(shown)}")
    return shown


def _show(name: str, sample: Sample, folder: Path, data: Path | None, engine: str | None, *, verbose: bool) -> int:
    """Run one pipeline on its sample, say what happened, and return an exit code."""
    from lakehouse_assets.operations import run_text
    from lakehouse_assets.operations.run import exit_code, run_visibly
    from lakehouse_assets.operations.running import Asked
    from lakehouse_assets.storage.lake import lake_of

    landing = folder / ("landing" if len(samples()) == 1 else f"landing-{name}")
    expected = put_files(sample, landing, data)
    settings = own_settings(name, folder, landing, engine)
    started = time.perf_counter()
    outcome = run_visibly(settings, Asked(name), verbose=verbose)
    run_text.show(outcome, settings, time.perf_counter() - started)
    known = expected is not None and not outcome.is_failed
    differences = sample.compare(expected, outcome.report, lake_of(settings)) if known else []
    _verdict(sample.rows_of(expected) if expected is not None else None, differences, outcome)
    _next_steps(settings, sample, data)
    return exit_code(outcome) or int(bool(differences))


def own_settings(pipeline: str, folder: Path, landing: Path, engine: str | None) -> Settings:
    """Return the demo's settings: a lake and history of its own, and UTC, in which the sample's answer is known."""
    settings = writing(pipeline, folder / "lake", landing, engine)
    return settings.model_copy(update={"zones": {**settings.zones, pipeline: "UTC"}})


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


def put_files(sample: Sample, landing: Path, data: Path | None) -> Any:  # noqa: ANN401 - the sample's own
    """Fill landing; return the known answer when the files were generated, None when they were copied from `data`."""
    if data is not None:
        shutil.copytree(data.expanduser(), landing)
        return None
    return sample.write_demo(landing)


def _verdict(rows: int | None, differences: list[str], outcome: Outcome) -> None:
    for difference in differences:
        complain(f"not the sample's known answer: {difference}")
    if rows is not None and not differences and not outcome.is_failed:
        say(f"✔ Every one of the {rows} rows went where the sample's known answer says.")


def _next_steps(settings: Settings, sample: Sample, data: Path | None) -> None:
    from lakehouse_assets.operations.run_text import short

    lake = short(settings.lake_root)
    say("\nTry next:")
    say(f'  {command()} sql "{sample.QUERY}" --lake {lake}')
    say(f"  {command()} checks --lake {lake}")
    if data is None:
        say(f"  {command()} rejects list --lake {lake}")
    say(f"  LAKEHOUSE_LAKE={lake} {command()} dev")
