"""Define `lakehouse clone`, which makes a second lake of a lake to try something in, without copying its data."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, pipelines_of, place, reading


def clone(
    target: Annotated[
        str, typer.Argument(metavar="PLACE", parser=place, help="Where the clone is made: a new folder or s3:// place.")
    ],
    *,
    lake: LakeOption = None,
) -> None:
    """Make a sandbox of a lake: a lake of its own with the same tables and all their past, to try a changed model in.

    In a folder no data is copied: the clone's files are hard links to the lake's, and what either lake adds, optimizes,
    vacuums or drops changes nothing in the other. In S3, which has no links, the objects are copied within S3, and the
    clone has databases of its own: set LAKEHOUSE_DATABASE_PREFIX. Files in landing, alerts, and Dagster's history stay
    with the lake. No run may go on meanwhile.

    Example:
        lakehouse clone sandbox && lakehouse run PIPELINE --lake sandbox --landing drops
    """
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.load.forget_unfinished import is_unfinished
    from lakehouse_assets.operations.holding import held
    from lakehouse_assets.pipelines import pipeline_of
    from lakehouse_assets.settings import DEFAULT_LANDING
    from lakehouse_assets.storage import cloning, relocation
    from lakehouse_assets.storage.lake import lake_of, open_lake

    settings = reading(lake)
    source, made = lake_of(settings), open_lake(target)
    cloning.require_apart(source, made)
    if made.is_in_s3:
        cloning.require_own_names(source)
    else:
        source.require_here()
    landings = [pipeline_of(name).landing or DEFAULT_LANDING for name in pipelines()]
    with held(settings, pipelines(), by="clone") as guard:
        for name in pipelines():  # held, so none of them goes on
            if is_unfinished(source.store, name):
                raise BadRequest(
                    message=f"an erasure in `{name}` was killed and has not ended; run `lakehouse forget` again first"
                )
        done = cloning.clone(source, made, landings)
        relocated = relocation.relocate(made, guard)
    shared = "copied within S3" if made.is_in_s3 else f"shared, {done.copied_bytes:,} bytes copied"
    terminal.say(f"Cloned `{source.root}`: {done.objects:,} files, {shared}; {len(relocated.tables)} gold tables.")
    for name in pipelines_of(None, target):
        landing = " --landing FOLDER" if pipeline_of(name).lands else ""
        terminal.say(f"Try it: {terminal.command()} run {name} --lake {shlex.quote(target)}{landing}")
