"""Define `lakehouse restore`, which gives a table the rows that it held at a moment, as a new version of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from lakehouse_assets.core.shown import utc_shown
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.completion import tables
from lakehouse_assets.operations.options import LakeOption, PipelineOption, chosen_pipeline, reading
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.contracts import Contract
    from lakehouse_assets.engines.restore import Restored
    from lakehouse_assets.load.orphans import Orphans

RESTORABLE = {
    "control": "a control table follows the loads",
    "reference": "a reference table holds what its seed says; change the seed",
    "landing": "landing is no table",
}
"""Says why tables of these layers are not restored."""


def restore(
    table: Annotated[
        str,
        typer.Argument(
            autocompletion=tables, help="A silver or gold table, such as clean_readings or gold/daily_weather."
        ),
    ],
    *,
    as_of: Annotated[str, typer.Option(metavar="TIME", help="The moment; UTC unless it says otherwise.")],
    pipeline: PipelineOption = None,
    lake: LakeOption = None,
) -> None:
    """Give a table the rows that it held at a moment, as a new version; its history stays, and so does the way back.

    What depends on it is rebuilt by the next run: of a silver table all gold, of a gold table itself and what reads it.
    Refused where rows of a silver table would be left without their parents, at which every run would end: tables that
    belong together are restored one after the other, those that refer to others first.

    Rows that were loaded since are not loaded again by themselves; `lakehouse run --reprocess DATE` does. A later
    `lakehouse rebuild silver` leaves the table as it is while it can be read; should it be lost, it gets all rows that
    were ever loaded. Refused while a run goes on.

    Example:
        lakehouse restore clean_readings --as-of 2025-04-03T12:00:00
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.engines import restore as engine
    from lakehouse_assets.load.by_hand import RESTORE, TableRestore, note_restore
    from lakehouse_assets.load.orphans import orphans_of
    from lakehouse_assets.load.touch_all import touch_all
    from lakehouse_assets.operations.maintenance import undisturbed
    from lakehouse_assets.operations.sql import parse_moment
    from lakehouse_assets.storage.lake import lake_of

    settings, name, moment = reading(lake), chosen_pipeline(pipeline, lake, table), parse_moment(as_of)
    contract, ledger = _table(name, table)
    where, now = lake_of(settings), datetime.now(UTC)
    if moment > now:
        raise BadRequest(message=f"--as-of `{as_of}` is in the future; a table is restored to what it held before now")
    with undisturbed(settings, name) as guard:

        def announce() -> None:
            restore_id = f"{RESTORE}-{uuid4()}"
            if contract.layer == "silver":
                note_restore(where, name, TableRestore(restore_id, contract.name, moment.astimezone(UTC), now))
            touch_all(ledger, where, restore_id, now, guard)

        def permit(files: Sequence[str]) -> None:
            _refuse_orphans(orphans_of(where, contracts(name), contract, files), contract, moment)

        done = engine.restore(contract, where, moment, guard, announce, permit)
    if done.is_changed:
        _tell_history(settings, contract, moment)
    _show(name, contract, moment, now, done)


def _table(pipeline: str, name: str) -> tuple[Contract, Contract]:
    """Return the contracts of a silver or gold table, found by bare name, catalog name or asset key, and of the ledger.

    Raises:
        BadRequest: there is none, or it is of another layer.
        ContractInvalid: its contract is broken.
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.known import bare_name
    from lakehouse_assets.contracts.layers import control_tables, stored_tables

    known = contracts(pipeline)
    bare = name.replace("/", ".").rpartition(".")[2]
    for label, error in known.broken.items():
        if bare_name(label) == bare:
            raise error
    stored = stored_tables(known.values()).values()
    found = next((c for c in stored if name in c.names), None)
    there = ", ".join(f"{c.layer}/{c.name}" for c in stored if c.layer not in RESTORABLE)
    if found is None:
        raise BadRequest(message=f"there is no table `{name}` to restore; there are: {there}")
    if found.layer in RESTORABLE:
        raise BadRequest(message=f"`{name}` is not restored: {RESTORABLE[found.layer]}; there are: {there}")
    return found, control_tables(known, pipeline)["run_ledger"]


def _refuse_orphans(found: Orphans | None, contract: Contract, moment: datetime) -> None:
    """Refuse a restore after which every run would end at a check of parents.

    Raises:
        BadRequest: says which table has to be restored first.
    """
    if found is None:
        return
    child = found.table
    parents = [reference.parent for reference in child.references if reference.parent != contract.catalog_name]
    first = [child.catalog_name] if child != contract else list(dict.fromkeys(parents))
    rows = "1 row" if found.rows == 1 else f"{found.rows:,} rows"
    commands = " and ".join(f"`lakehouse restore {name} --as-of {_spelled(moment)}`" for name in first)
    raise BadRequest(
        message=f"`{contract.catalog_name}` is not restored: {rows} of `{child.catalog_name}` would lack a parent, so "
        f"that its check `{found.check.code}` would stop every run; first give what belongs together what it held "
        f"then, by {commands}"
    )


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _tell_history(settings: Settings, contract: Contract, moment: datetime) -> None:
    """Note the new version in Dagster's history, where there is one: checks of before are stale from now on."""
    from lakehouse_assets.operations import history

    if not history.is_begun(settings):
        return
    import dagster as dg

    from lakehouse_assets.graph.metadata import asset_key

    event = dg.AssetMaterialization(asset_key(contract), metadata={"restored_as_of": moment.isoformat()})
    with history.instance(settings) as instance:
        instance.report_runless_asset_event(event)


def _show(pipeline: str, contract: Contract, moment: datetime, before: datetime, done: Restored) -> None:
    name, then = contract.catalog_name, utc_shown(moment)
    if not done.is_changed:
        terminal.say(f"{name} holds just what it held at {then}; nothing to do.")
        return
    terminal.say(f"{name} holds again what it held at {then}: {done.rows} rows, {done.rows_before} before.")
    terminal.say(f"To take that back: lakehouse restore {contract.layer}/{contract.name} --as-of {_spelled(before)}")
    terminal.say(f"The next run rebuilds: {', '.join(rebuilt(pipeline, contract)) or 'nothing'}.")


def rebuilt(pipeline: str, contract: Contract) -> Iterable[str]:
    """Return the gold tables that the next run rebuilds after a table was restored, by catalog name, in its order."""
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import model_sql
    from lakehouse_assets.sql.models import levels, tables_read
    from lakehouse_assets.sql.usable import usable_models

    selects = usable_models(contracts(pipeline), lambda gold: model_sql(pipeline, gold.name)).selects
    found = [contract.catalog_name]
    for name in (name for level in levels(selects) for name in level):
        if name not in found and set(tables_read(selects[name])) & set(found):
            found.append(name)
    return found if contract.layer == "gold" else found[1:]
