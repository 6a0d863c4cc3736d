"""Define `lakehouse forget`, which erases a person from a lake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, PipelineArgument, chosen_pipeline, reading
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.load.forget import Forgotten
    from lakehouse_assets.load.scrub import Scrub

SHOWN = 20
"""How many files are listed."""


def forget(
    pipeline: PipelineArgument = None,
    *,
    where: Annotated[str, typer.Option(help="Whose rows: a condition on columns of silver tables.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be erased.")] = False,
    lake: LakeOption = None,
) -> None:
    """Erase a person: every row that meets a condition, in all layers, kept files, reports and older versions.

    The condition is asked of every silver table that has its columns, and rows that refer to such a row by a foreign
    key go with it. Files in archive and bronze are written anew without these records, rejects and pending rows go,
    gold is built from what is left, and older versions of all tables of the pipeline are deleted: there is no time
    travel to before. No run may go on meanwhile. A command that was killed is run again. What it does not reach is in
    docs/retention.md.

    Examples:
        lakehouse forget weather --where "station = '57'" --dry-run

        lakehouse forget weather --where "station = '57'"
    """
    settings, name = reading(lake), chosen_pipeline(pipeline, lake)
    done = _forgotten(settings, name, where, dry_run=dry_run)
    _show(done, dry_run=dry_run)
    for key in done.left:
        terminal.complain(f"`{key}` holds a value of the condition, in a part that no load has read; it is left")
    raise typer.Exit(int(bool(done.left)))


def _forgotten(settings: Settings, name: str, where: str, *, dry_run: bool) -> Forgotten:
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import LOADED_BEFORE_GOLD
    from lakehouse_assets.engines.connection import limits_of
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.load.forget import Forget, forget
    from lakehouse_assets.operations.forget_history import forget_history
    from lakehouse_assets.operations.history_files import told
    from lakehouse_assets.operations.maintenance import undisturbed
    from lakehouse_assets.pipelines import pipeline_of
    from lakehouse_assets.progress import Progress
    from lakehouse_assets.sql.forget import where_of
    from lakehouse_assets.storage.lake import lake_of

    contracts(name).require_sound(*LOADED_BEFORE_GOLD)
    condition, where_is, zone = where_of(where), lake_of(settings), pipeline_of(name).zone_in(settings)
    progress = Progress()

    def opened() -> DuckEngine:
        return DuckEngine(where_is, zone=zone, **limits_of(settings))

    home = settings.history_home.absolute()

    def history(scrub: Scrub) -> list[str]:
        with told(home):
            return forget_history(home, scrub, dry_run=dry_run)

    with undisturbed(settings, name) as guard, terminal.shown(progress):
        known = contracts(name)
        return forget(Forget(name, known, where_is, opened, guard, condition, dry_run, progress.doing, history))


def _show(done: Forgotten, *, dry_run: bool) -> None:
    rows = [("rows of table", name, count) for name, count in done.rows.items() if count]
    rows += [("records of file", name, count) for name, count in list(done.files.items())[:SHOWN]]
    rows += [("files of old versions", name, count) for name, count in done.old_files.items() if count]
    rows += [("texts", folder, count) for folder, count in _by_folder(done.pieces).items()]
    rows += [("versions of objects", "the bucket", done.versions)] if done.versions else []
    rows += [("history of runs", name, 1) for name in done.history[:SHOWN]]
    if rows:
        terminal.table(("what", "where", "number"), rows, right=("number",))
    left = max(0, len(done.files) - SHOWN) + max(0, len(done.history) - SHOWN)
    if left:
        terminal.say(f"and {left} files more")
    for sentence in _said(done, dry_run=dry_run):
        terminal.say(sentence)


def _said(done: Forgotten, *, dry_run: bool) -> Iterator[str]:
    """Yield what became of it, in sentences; what is left is told as a complaint."""
    if not (done.is_somebody or done.history):
        if not done.left:
            yield "Nobody meets the condition: nothing was found, and nothing is changed."
        return
    if done.is_resumed:
        yield "An erasure of before was killed; what older versions of tables hold is still there, or was until now."
    if not dry_run:
        yield "Erased. Backups, messages that were sent, and what others have copied are not: docs/retention.md."
        return
    yield "Nothing was erased; without --dry-run it is."
    if done.is_somebody:
        yield "All older versions of the pipeline's tables would go with it: no time travel, no `restore` to before."


def _by_folder(keys: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in keys:
        folder = key.partition("/")[0]
        found[folder] = found.get(folder, 0) + 1
    return found
