"""Define `lakehouse drop`, which removes a table of no contract; `lakehouse plan` lists them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, reading

if TYPE_CHECKING:
    from lakehouse_assets.storage.lake import Lake
    from lakehouse_assets.storage.strange_tables import StrangeTable


def drop(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="As `lakehouse plan` names it.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    lake: LakeOption = None,
) -> None:
    """Remove a table that no contract describes any more, such as that of a renamed model: its entry and its files.

    A table of a contract is never removed. Nothing brings a dropped table back. No run may go on meanwhile.

    Example:
        lakehouse drop DATABASE.OLD_NAME
    """
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.operations.holding import held
    from lakehouse_assets.storage import strange_tables
    from lakehouse_assets.storage.lake import lake_of

    settings = reading(lake)
    where = lake_of(settings)
    where.require_here()
    found = _table(where, table)
    files, size = strange_tables.measured(where, found)
    what = f"`{found.label}`: {files:,} file{'' if files == 1 else 's'}, {size:,} bytes"
    if not yes:
        _ask(what)
    with held(settings, pipelines(), by="drop") as guard:
        guard()
        strange_tables.drop(where, found)
    terminal.say(f"Dropped {what}.")


def strangers(lake: Lake) -> list[StrangeTable]:
    """Return the tables of a lake that no contract of any pipeline describes, sound or broken.

    A table of a pipeline that is not set would look like one, so a lake where others have run has none; and so would
    that of a contract file that cannot be read, so that there is none as long as there is such a file.
    """
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.storage.strange_tables import strange_tables

    known, broken, databases, unread = _described()
    if unread or set(lake.store.folders("runs")) - set(pipelines()):
        return []
    return [t for t in strange_tables(lake, known, databases) if t.folder.rpartition("/")[2] not in broken]


def _described() -> tuple[set[str], set[str], set[str], list[str]]:
    """Return the folders of all tables with a contract, names of those with a broken one, and gold's databases.

    The last ones are the contract files of which nobody can tell whose they are.
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.known import bare_name
    from lakehouse_assets.contracts.layers import CONTROL_TABLES, stored_tables, table_location
    from lakehouse_assets.contracts.packages import pipelines

    every = [contracts(pipeline) for pipeline in pipelines()]
    tables = stored_tables(contract for known in every for contract in known.values()).values()
    folders = {table_location(contract, "").lstrip("/") for contract in tables}
    broken = {bare_name(label) for known in every for label in known.broken}
    # Those of a pipeline whose silver contracts are all broken are made of none of them.
    broken |= {f"{pipeline}_{word}" for pipeline in pipelines() for word in CONTROL_TABLES}
    databases = {contract.database for contract in tables if contract.layer == "gold"}
    return folders, broken, databases, [file for known in every for file in known.unread]


def _table(lake: Lake, asked: str) -> StrangeTable:
    """Return the table of no contract that is meant, by its label or its name alone.

    Raises:
        BadRequest: it is a table of a contract, or there is none, or it cannot be told.
    """
    from lakehouse_assets.contracts.packages import pipelines

    known, broken, _, unread = _described()
    wanted = asked.replace(".", "/")
    others = sorted(set(lake.store.folders("runs")) - set(pipelines()))
    if others:
        problem = (
            f"the lake has runs of `{others[0]}`, which LAKEHOUSE_PIPELINES does not name, and it may be one of its"
        )
        raise BadRequest(message=f"`{asked}` is not dropped: {problem}")
    name = wanted.rpartition("/")[2]
    if name in broken or any(folder == wanted or folder.endswith(f"/{wanted}") for folder in known):
        raise BadRequest(message=f"`{asked}` is a table of a contract, and such a table is not dropped")
    if unread:
        problem = (
            f"nobody can tell whose the contract `{unread[0]}` is, and the table may be its; mend or remove the file"
        )
        raise BadRequest(message=f"`{asked}` is not dropped: {problem}")
    found = strangers(lake)
    chosen = [table for table in found if wanted in {table.folder, table.folder.rpartition("/")[2]}]
    if len(chosen) != 1:
        there = ", ".join(f"`{table.label}`" for table in chosen or found) or "none"
        raise BadRequest(message=f"`{asked}` is no table without a contract; there are: {there}")
    return chosen[0]


def _ask(what: str) -> None:
    """Ask whether to go on.

    Raises:
        BadRequest: nobody can be asked.
        Abort: the answer is no.
    """
    if not sys.stdin.isatty():
        raise BadRequest(message=f"nobody can be asked here whether to drop {what}; --yes does it")
    typer.confirm(f"Drop {what}? Nothing brings it back", abort=True, err=True)
