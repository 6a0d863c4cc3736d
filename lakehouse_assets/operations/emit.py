"""Define `lakehouse emit`, which writes the state machines for production from the asset graph that runs locally."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lakehouse_assets.operations import terminal


def emit(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when a file is out of date.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the machines; that of the product when not given.")
    ] = None,
) -> None:
    """Write the state machine of every pipeline from the asset graph, to stepfunctions/emitted.

    Machines of pipelines that the settings do not name stay there; from another folder they are removed.

    Examples:
        lakehouse emit

        lakehouse emit --check
    """
    from stepfunctions import emit as emitted

    if check:
        stale = [str(path) for path in emitted.check(out)]
        terminal.say(f"out of date: {', '.join(stale)} (`lakehouse emit`)" if stale else "up to date")
        raise typer.Exit(int(bool(stale)))
    changed = [str(path) for path in emitted.write(out)]
    terminal.say(f"written: {', '.join(changed)}" if changed else "up to date")
