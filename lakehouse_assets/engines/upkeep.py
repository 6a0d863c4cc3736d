"""Care of stored tables: compaction and removal of dead files, without changing what a table holds.

Delta through delta-rs, Iceberg through pyiceberg. Each call commits once or not at all, after asking the guard.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.engines import delta, iceberg
from lakehouse_assets.engines.protocol import Guard

if TYPE_CHECKING:
    from deltalake import DeltaTable


def optimize(contract: Contract, lake: str, guard: Guard) -> tuple[int, int]:
    """Fewer, larger files; Z-ordered by date where the contract has a date column. Files before and after.

    A table with one file, or none, is left alone.

    Raises:
        CommitConflict, FenceLost: somebody else writes; nothing was changed.
        ProtocolRaised: see `delta.check_protocol`.
    """
    return (
        _optimize_iceberg(contract, lake, guard) if contract.layer == "gold" else _optimize_delta(contract, lake, guard)
    )


def vacuum(contract: Contract, lake: str, guard: Guard, *, hours: int, delete: bool) -> list[str]:
    """Files of a Delta table that no version of the last `hours` needs; none for Iceberg.

    Args:
        contract: the table.
        lake: root of the lake.
        guard: called before anything is deleted.
        hours: what was in use within them is kept.
        delete: remove them, too.
    """
    table = _open(contract, lake)
    if table is None:
        return []
    guard()
    removed: list[str] = table.vacuum(retention_hours=hours, dry_run=not delete, enforce_retention_duration=False)
    return removed


def _open(contract: Contract, lake: str) -> DeltaTable | None:
    """The Delta table; None when it is not there, or is Iceberg."""
    from deltalake import DeltaTable

    location = table_location(contract, lake)
    return DeltaTable(location) if contract.layer != "gold" and DeltaTable.is_deltatable(location) else None


def _optimize_delta(contract: Contract, lake: str, guard: Guard) -> tuple[int, int]:
    from deltalake import CommitProperties, DeltaTable

    table = _open(contract, lake)
    before = len(delta.data_files(table)) if table else 0
    if table is None or before < 2:  # noqa: PLR2004 - one file cannot become fewer
        return before, before
    guard()
    properties, date = CommitProperties(max_commit_retries=0), contract.date_column
    with delta.conflicts(contract.name):
        if date:
            table.optimize.z_order([date], commit_properties=properties)
        else:
            table.optimize.compact(commit_properties=properties)
    table = DeltaTable(table_location(contract, lake))
    delta.check_protocol(table, contract.name)
    return before, len(delta.data_files(table))


def _optimize_iceberg(contract: Contract, lake: str, guard: Guard) -> tuple[int, int]:
    from pyiceberg.exceptions import NoSuchTableError

    if not Path(iceberg.catalog_path(lake)).exists():
        return 0, 0
    try:
        table = iceberg.open_catalog(lake).load_table((contract.database, contract.name))
    except NoSuchTableError:
        return 0, 0
    before = len(iceberg.data_files(table))
    if before > 1:
        rows: Any = table.scan().to_arrow().sort_by([(key, "ascending") for key in contract.key])
        iceberg.replace(contract, table, rows, None, guard)
    after = iceberg.data_files(iceberg.ensure(contract, lake))
    return before, len(after)
