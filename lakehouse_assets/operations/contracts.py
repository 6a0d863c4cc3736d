"""Define `lakehouse contracts`, which shows what changed in the contracts since their release, and releases them."""

from __future__ import annotations

from typing import Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal


def contracts(
    *,
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 unless the released state is current.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Make the contracts the released state.")] = False,
) -> None:
    """Compare the contracts with their released state; a breaking change without a new major version fails.

    Examples:
        lakehouse contracts --check

        lakehouse contracts --release
    """
    from lakehouse_assets.contracts import released
    from lakehouse_assets.contracts.packages import pipelines

    if check and release:
        raise BadRequest(message="--check and --release exclude each other")
    due = [name for name in pipelines() if not released.is_current(name)]
    for pipeline in pipelines():
        changes = released.release(pipeline) if release else released.check_all(pipeline)
        rows = [(pipeline, name, change.kind, "; ".join(change.reasons)) for name, change in sorted(changes.items())]
        terminal.table(("pipeline", "contract", "change", "what"), rows)
    if release:
        terminal.say("released" if due else "released already")
        return
    terminal.say(
        f"release is due: {', '.join(due)} (`lakehouse contracts --release`)" if due else "released state is current"
    )
    raise typer.Exit(int(check and bool(due)))
