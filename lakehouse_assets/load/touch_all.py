"""Tell gold, through the run ledger, that a table changes otherwise than by a load, so that it looks at everything."""

from __future__ import annotations

from datetime import datetime

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.affects import touched_columns
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.load.ledger import ALL_TABLES
from lakehouse_assets.storage.lake import Lake


def touch_all(contract: Contract, lake: Lake, run_id: str, as_of: datetime, guard: Guard) -> None:
    """Write a ledger row by which every gold table is behind, with all that it holds.

    It is written before the change that it announces, so that a change that is killed afterwards is followed too.

    Args:
        contract: the run ledger's.
        lake: where it is.
        run_id: what changes the table; the row's key.
        as_of: when, zone-aware.
        guard: see `protocol.Guard`.
    """
    table = ControlTable(contract, lake)
    table.ensure()
    facts = {"run_id": run_id, "table_name": ALL_TABLES, "kind": "touched", "status": "planned"}
    values = {f"touched_{window}": None for window in touched_columns(contract)}
    table.sync(table.rows([facts | {"as_of": as_of.replace(tzinfo=None)} | values]), guard, compare=[])
