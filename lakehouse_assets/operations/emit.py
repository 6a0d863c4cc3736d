"""Define `lakehouse emit`, which writes the state machines for production from the asset graph that runs locally."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lakehouse_assets.operations import terminal


def emit(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when a file is out of date.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of what is written; that of the product when not given.")
    ] = None,
    catalog: Annotated[
        Literal["declared", "crawler"],
        typer.Option(help="How Athena knows silver: by declarations made of the contracts, or by a Glue crawler."),
    ] = "declared",
    engine: Annotated[
        Literal["auto", "lambda", "glue"],
        typer.Option(help="What loads when an execution's input names no engine; `auto` goes by size."),
    ] = "auto",
) -> None:
    """Write the state machine of every pipeline from the asset graph, to stepfunctions/emitted.

    Beside them go their schedules and which of them dropped files start (schedules.json, triggers.json).
    Machines of pipelines that the settings do not name stay there; from another folder they are removed.

    Examples:
        lakehouse emit

        lakehouse emit --check

        lakehouse emit --catalog crawler --out build/machines
    """
    from stepfunctions import emit as emitted
    from stepfunctions.options import Options

    options = Options(catalog=catalog, engine=engine)

    if check:
        stale = [str(path) for path in emitted.check(out, options)]
        terminal.say(f"out of date: {', '.join(stale)} (`lakehouse emit`)" if stale else "up to date")
        raise typer.Exit(int(bool(stale)))
    changed = [str(path) for path in emitted.write(out, options)]
    terminal.say(f"written: {', '.join(changed)}" if changed else "up to date")
