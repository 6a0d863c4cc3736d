"""Refuse to go on with a lake whose silver or control tables are lost or damaged: a load would make a new one of them.

Gold is no matter of this: it rebuilds itself (`model_states`), as reference tables do from their seeds.
"""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import control_tables, silver_tables
from lakehouse_assets.engines.damage import Damage, damage_of
from lakehouse_assets.errors import TableDamaged, TableMissing
from lakehouse_assets.load.ledger import OpenLedger
from lakehouse_assets.storage.lake import Lake

LOST = Damage("it is gone, although runs have written it", is_unreadable=True)


def require_sound(known: Mapping[str, Contract], pipeline: str, lake: Lake, ledger: OpenLedger | None = None) -> None:
    """Make sure that all silver and control tables of a pipeline are as its runs left them.

    Args:
        known: the pipeline's contracts.
        pipeline: its name.
        lake: where its tables are.
        ledger: its run ledger, where that is opened anyway.

    Raises:
        TableDamaged: one of them is not; the sentence names it and the way out.
        LakeElsewhere: the lake was copied or moved.
    """
    for contract, damage in unsound(known, pipeline, lake, ledger).items():
        raise damaged(contract, damage, pipeline)


def damaged(contract: Contract, damage: Damage, pipeline: str) -> TableDamaged:
    """Return the error that names a table of a pipeline that is lost or damaged, and the way out."""
    if contract.layer in {"silver", "control"}:
        anew = f"`lakehouse rebuild silver --pipeline {pipeline}` makes it anew from the archive"
    else:
        # What only its bytes tell is seen by nobody but who reads them, so a run is told to.
        asked = f" --select {contract.layer}/{contract.name} --full-refresh" if damage.is_inside else ""
        anew = f"`lakehouse run {pipeline}{asked}` makes it anew"
    way_out = f"put the file back from a backup of the lake, or {anew}"
    return TableDamaged(table=contract.catalog_name, problem=damage.words, way_out=way_out)


def missing(
    known: Mapping[str, Contract], pipeline: str, lake: Lake, contract: Contract
) -> TableDamaged | TableMissing:
    """Return the error that names a silver or control table that is not there: lost, or never made."""
    is_lost = contract in unsound(known, pipeline, lake)
    return damaged(contract, LOST, pipeline) if is_lost else TableMissing(table=contract.catalog_name)


def unsound(
    known: Mapping[str, Contract], pipeline: str, lake: Lake, ledger: OpenLedger | None = None
) -> dict[Contract, Damage]:
    """Return the silver and control tables that are lost or damaged, and what is wrong with each."""
    controls = control_tables(known, pipeline)
    ledger = ledger or OpenLedger(controls["run_ledger"], lake)
    found = {contract: _damage(contract, lake, ledger) for contract in (*controls.values(), *silver_tables(known))}
    written = _written(ledger, found, pipeline, lake)
    missing = {contract for contract, damage in found.items() if damage is LOST and contract.name not in written}
    return {contract: damage for contract, damage in found.items() if damage is not None and contract not in missing}


def _damage(contract: Contract, lake: Lake, ledger: OpenLedger) -> Damage | None:
    try:
        return damage_of(contract, lake, (lambda: ledger.table) if contract == ledger.contract else None)
    except TableMissing:
        return LOST


def _written(ledger: OpenLedger, found: Mapping[Contract, Damage | None], pipeline: str, lake: Lake) -> set[str]:
    """Return the names of the tables that runs have written, as the ledger says, or else the archive."""
    if found[ledger.contract] is None:
        loaded = ledger.loaded_tables()
        return loaded | {contract.name for contract in found if contract.layer == "control" and loaded}
    everything = {contract.name for contract in found}
    has_rows = any(damage is not LOST for contract, damage in found.items() if contract.layer == "silver")
    is_lake = lake.exists and (has_rows or lake.store.has_any(f"archived/{pipeline}/"))
    return everything if is_lake else set()
