"""Define `lakehouse optimize`, which merges and sorts files, and `lakehouse vacuum`, which removes unneeded ones."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.broken import tell_broken
from lakehouse_assets.operations.options import LakeOption, PipelineOption, chosen_pipeline, reading
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.contracts import Contract
    from lakehouse_assets.engines.protocol import Guard

SAFE_HOURS = 168
"""The default is a week, as in Delta itself; no reader or time travel query here needs removed files for longer."""


def optimize(*, pipeline: PipelineOption = None, lake: LakeOption = None) -> None:
    """Rewrite many small files into few large ones, sorted by date where a table has dates.

    What a table holds stays the same, and so does what it held before (`--as-of`). No run may go on meanwhile.

    Example:
        lakehouse optimize
    """
    from lakehouse_assets.engines import maintenance
    from lakehouse_assets.storage.lake import lake_of

    settings, name, rows = reading(lake), chosen_pipeline(pipeline, lake), []
    with undisturbed(settings, name) as guard:
        for contract in tables(name):
            before, after = maintenance.optimize(contract, lake_of(settings), guard)
            rows.append((contract.catalog_name, before, after))
    terminal.table(("table", "files before", "files after"), rows, right=("files before", "files after"))
    raise typer.Exit(int(tell_broken([name])))


def vacuum(
    *,
    retention_hours: Annotated[
        int, typer.Option(min=0, help=f"Keep what was in use within these hours; below {SAFE_HOURS} needs --force.")
    ] = SAFE_HOURS,
    delete: Annotated[bool, typer.Option("--delete", help="Delete; without it files are only listed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Allow a shorter retention: readers may lose files.")] = False,
    pipeline: PipelineOption = None,
    lake: LakeOption = None,
) -> None:
    """List, or with --delete remove, data files of Delta tables that no version needs any more.

    Time travel ends where files were removed. No run may go on meanwhile.

    Examples:
        lakehouse vacuum

        lakehouse vacuum --delete
    """
    from lakehouse_assets.engines import maintenance
    from lakehouse_assets.storage.lake import lake_of

    if retention_hours < SAFE_HOURS and not force:
        raise BadRequest(message=f"--retention-hours {retention_hours} is below {SAFE_HOURS}; --force allows it")
    settings, name, rows = reading(lake), chosen_pipeline(pipeline, lake), []
    with undisturbed(settings, name) as guard:
        for contract in tables(name):
            files = maintenance.vacuum(contract, lake_of(settings), guard, hours=retention_hours, delete=delete)
            rows.append((contract.catalog_name, len(files)))
    terminal.table(("table", "removed" if delete else "would be removed"), rows)
    if not delete:
        terminal.say("Nothing was removed; --delete does it.")
    raise typer.Exit(int(tell_broken([name])))


def tables(pipeline: str) -> list[Contract]:
    """Return the contracts of all stored tables of a pipeline, by name."""
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import stored_tables

    return list(stored_tables(contracts(pipeline).values()).values())


def undisturbed(settings: Settings, pipeline: str) -> AbstractContextManager[Guard]:
    """Return the hold under which a pipeline's tables may be changed, see `holding.held`.

    Raises:
        LakeElsewhere: the lake was copied or moved.
    """
    from lakehouse_assets.operations.holding import held
    from lakehouse_assets.storage.lake import lake_of

    lake_of(settings).require_here()
    return held(settings, [pipeline], by="care")
