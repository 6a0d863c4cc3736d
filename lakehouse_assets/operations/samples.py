"""`lakehouse sample`: drops of any size and dirtiness, with the answer that a load must give beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal


def sample(  # noqa: PLR0913 - one parameter per option
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; must hold none.")],
    *,
    days: Annotated[int, typer.Option(help="Daily drops.")] = 5,
    orders_per_day: Annotated[int, typer.Option(help="Orders of one day at scale 1.")] = 500,
    scale: Annotated[int, typer.Option(help="Multiplies the orders of a day; the number of files stays.")] = 1,
    bad_ratio: Annotated[float, typer.Option(help="Share of rows that break one rule.")] = 0.0,
    duplicate_ratio: Annotated[float, typer.Option(help="Share of rows that come a second time.")] = 0.0,
    quoted_ratio: Annotated[float, typer.Option(help="Share of fields that come quoted.")] = 0.0,
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress the daily files.")] = False,
    seed: Annotated[int, typer.Option(help="Equal options and seed give equal files.")] = 7,
) -> None:
    """Write sample drops, and DIR.expected.json with what a first load of them must answer.

    Examples:
        lakehouse sample drops --days 15

        lakehouse sample dirty --bad-ratio 0.01 --duplicate-ratio 0.05 --quoted-ratio 0.01
    """
    from lakehouse_assets.operations.sample import SampleSpec, write_sample

    spec = SampleSpec(
        days=days,
        orders_per_day=orders_per_day,
        scale=scale,
        bad_ratio=bad_ratio,
        duplicate_ratio=duplicate_ratio,
        quoted_ratio=quoted_ratio,
        gzip=gzip,
        seed=seed,
    )
    if folder.exists() and not folder.is_dir():
        raise BadRequest(message=f"`{folder}` is a file, not a folder")
    with terminal.bar("writing", 2 * days + 1) as advance:
        answer = write_sample(spec, folder, on_file=lambda _: advance())
    rows = sum(table.read for table in answer.tables.values())
    terminal.say(f"{2 * days + 1} files with {rows} rows in {folder}; the answer is in {folder}.expected.json")
    terminal.say(f"Try next: {terminal.command()} run ecommerce --landing {folder}")
