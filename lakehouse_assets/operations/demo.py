"""`lakehouse demo`: sample data from landing to gold in a folder of its own, and what happened."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.options import EngineOption, Verbose, writing
from lakehouse_assets.operations.terminal import command, complain, say
from lakehouse_assets.settings import Settings, read_settings

if TYPE_CHECKING:
    from lakehouse_assets.graph.outcome import Outcome

MARKER = ".lakehouse-demo"
"""Lies in every folder that a demo made; without it nothing is ever deleted."""
PIPELINE = "ecommerce"


def demo(
    *,
    data: Annotated[
        Path | None, typer.Option(help="Real drops to load instead of the sample; copied, never changed.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the demo lives; made afresh each time.")] = Path("demo"),
    engine: EngineOption = None,
    verbose: Verbose = False,
) -> None:
    """Load sample data from landing to gold and say what happened.

    The sample is five days of a shop with a broken row of every kind; what a load must make of it is
    known and compared.

    Examples:
        lakehouse demo

        lakehouse demo --data ~/shop/drops
    """
    from lakehouse_assets.operations import run_text
    from lakehouse_assets.operations.run import exit_code, run_visibly
    from lakehouse_assets.operations.running import Request

    read_settings(engine=engine)  # says what is wrong with them before the last demo is deleted
    make_fresh(folder.absolute(), data)
    landing = folder.absolute() / "landing"
    expected = put_files(landing, data)
    settings = own_settings(folder.absolute(), landing, engine)
    started = time.perf_counter()
    outcome = run_visibly(settings, Request(PIPELINE), verbose=verbose)
    run_text.show(outcome, settings, time.perf_counter() - started)
    differences = [] if expected is None or outcome.is_failed else compare(expected, outcome, settings)
    _verdict(expected, differences, outcome)
    _next_steps(settings, data)
    raise typer.Exit(exit_code(outcome) or int(bool(differences)))


def own_settings(folder: Path, landing: Path, engine: str | None) -> Settings:
    """Settings of the demo: its own lake with its own history, and UTC, in which the sample's answer is known."""
    return writing(folder / "lake", landing, engine).model_copy(update={"source_timezone": "UTC"})


def make_fresh(folder: Path, data: Path | None) -> None:
    """An empty folder with the marker; the last demo's is deleted.

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


def put_files(landing: Path, data: Path | None) -> dict[str, Any] | None:
    """Fill landing; the known answer when the files were generated."""
    if data is not None:
        shutil.copytree(data.expanduser(), landing)
        return None
    from lakehouse_assets.operations.sample import write_demo

    return write_demo(landing).to_dict()


def compare(expected: dict[str, Any], outcome: Outcome, settings: Settings) -> list[str]:
    """What the run answered otherwise than the sample's known answer, one line each."""
    report = outcome.report
    found = {
        "tables": {t: {n: report["tables"][t][n] for n in answer} for t, answer in expected["tables"].items()},
        "rejects": report["rejects"],
        "pending": pending_codes(settings),
        "refused_files": report["refused_files"],
        "orders_amount": orders_amount(settings),
    }
    wanted = {name: expected[name] for name in found if name in expected}
    wanted["orders_amount"] = expected["totals"]["orders_amount"]
    return [f"{name}: expected {wanted[name]}, found {found[name]}" for name in found if wanted[name] != found[name]]


def pending_codes(settings: Settings) -> dict[str, int]:
    """How many rows wait for what, from the table."""
    from lakehouse_assets.contracts import contract
    from lakehouse_assets.load.side import SideTable

    table = SideTable(contract(PIPELINE, f"side.{PIPELINE}_pending"), settings.open_lake())
    codes = [code for row in table.read(columns="codes").to_pylist() for code in row["codes"].split(",")]
    return {code: codes.count(code) for code in sorted(set(codes))}


def orders_amount(settings: Settings) -> str:
    """Sum of all amounts that silver holds."""
    from lakehouse_assets.contracts import contract
    from lakehouse_assets.load.side import SideTable

    table = SideTable(contract(PIPELINE, "silver.clean_orders"), settings.open_lake())
    return str(table.read(columns="sum(total_amount) AS amount")["amount"][0].as_py())


def _verdict(expected: dict[str, Any] | None, differences: list[str], outcome: Outcome) -> None:
    for difference in differences:
        complain(f"not the sample's known answer: {difference}")
    if expected is not None and not differences and not outcome.is_failed:
        counted = sum(table["read"] for table in expected["tables"].values())
        say(f"✔ Every one of the {counted} rows went where the sample's known answer says.")


def _next_steps(settings: Settings, data: Path | None) -> None:
    from lakehouse_assets.operations.run_text import short

    lake = short(settings.lake_root)
    say("\nTry next:")
    query = (
        "SELECT department, sum(amount) AS amount FROM ecommerce_gold.daily_sales GROUP BY department ORDER BY 2 DESC"
    )
    say(f'  {command()} sql "{query}" --lake {lake}')
    say(f"  {command()} checks --lake {lake}")
    if data is None:
        say(f"  {command()} rejects list --lake {lake}")
    say(f"  LAKEHOUSE_LAKE={lake} {command()} dev")
