"""Define `lakehouse relocate`, which makes a copied or moved lake a lake of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, reading
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.storage.relocation import Relocation


def relocate(*, lake: LakeOption = None) -> None:
    """Make a lake that was copied, moved or restored a lake of its own, where it is now.

    The metadata of gold tables holds absolute places. It is written anew for this place, with all its past (`--as-of`);
    the lake that it was copied from is neither read nor written. No run may go on meanwhile. Killed, it can be run
    again; in a lake that is where it was made it does nothing.

    Example:
        cp -r lake staging && lakehouse relocate --lake staging
    """
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.operations.holding import held
    from lakehouse_assets.storage import relocation
    from lakehouse_assets.storage.lake import lake_of

    settings = reading(lake)
    where = lake_of(settings)
    if not relocation.has_places(where):
        terminal.say(f"The lake `{settings.lake_root}` has no gold tables, so it may lie anywhere; nothing to do.")
        return
    with held(settings, pipelines(), by="relocate") as guard:
        show(relocation.relocate(where, guard), settings)


def show(done: Relocation, settings: Settings) -> None:
    """Print what was done, for people."""
    if done.tables:
        columns = ("table", "made at", "snapshots", "files")
        rows = [(table.name, table.made_at, table.snapshots, table.files) for table in done.tables]
        terminal.table(columns, rows, right=("snapshots", "files"))
        terminal.say(f"The lake `{settings.lake_root}` is a lake of its own now.")
    else:
        terminal.say(f"The lake `{settings.lake_root}` is where its tables say; nothing to do.")
    for what, count in (("Run manifests made relative", done.manifests), ("Old metadata files removed", done.removed)):
        if count:
            terminal.say(f"{what}: {count}")
