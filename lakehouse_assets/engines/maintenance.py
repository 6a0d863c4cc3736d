"""Compact stored tables and remove their dead files, without changing what a table holds.

Delta through delta-rs, Iceberg through pyiceberg. Each call commits once or not at all, after asking the guard.
"""

from __future__ import annotations

from functools import partial

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import delta, iceberg
from lakehouse_assets.engines.delta_commit import commit_to
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.iceberg_commit import live_deletes, live_files, replace
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import TableMissing
from lakehouse_assets.storage.lake import Lake


def optimize(contract: Contract, lake: Lake, guard: Guard) -> tuple[int, int]:
    """Rewrite a table into fewer, larger files, Z-ordered by date where the contract has a date column.

    A table that is partitioned by its date has it in order already, and gets fewer files within each partition.

    Returns the number of files before and after. A table with one file, or none, is left alone.

    Raises:
        CommitConflict, FenceLost: somebody else writes; nothing was changed.
        ProtocolRaised: see `delta.check_protocol`.
    """
    change = _optimize_iceberg if contract.layer == "gold" else _optimize_delta
    try:
        return change(contract, lake, guard)
    except TableMissing:
        return 0, 0


def vacuum(contract: Contract, lake: Lake, guard: Guard, *, hours: int, delete: bool) -> list[str]:
    """Return the files of a Delta table that no version of the last `hours` needs; none for Iceberg.

    Args:
        contract: the contract of the table.
        lake: the lake of the table.
        guard: called before anything is deleted.
        hours: how far back in hours a file must have been in use to be kept.
        delete: whether to remove these files, too.
    """
    table = None if contract.layer == "gold" else lake.find_delta(contract)
    if table is None:
        return []
    guard()
    removed: list[str] = table.vacuum(retention_hours=hours, dry_run=not delete, enforce_retention_duration=False)
    return removed


def _optimize_delta(contract: Contract, lake: Lake, guard: Guard) -> tuple[int, int]:
    table = lake.delta(contract)
    before = len(delta.data_files(table))
    if before < 2:  # noqa: PLR2004 - one file cannot become fewer
        return before, before
    guard()
    date = contract.date_column
    is_ordered = date and date not in contract.partition_by
    compact = partial(table.optimize.z_order, [str(date)]) if is_ordered else table.optimize.compact
    commit_to(contract.name, table, lambda own: compact(commit_properties=own))
    table = lake.delta(contract)
    delta.check_protocol(table, contract.name)
    return before, len(delta.data_files(table))


def _optimize_iceberg(contract: Contract, lake: Lake, guard: Guard) -> tuple[int, int]:
    lake.iceberg(contract)  # only a table that is there is compacted
    table = iceberg.ensure(contract, lake)
    files, deletes = live_files(table), [lake.iceberg_path(place) for place in live_deletes(table)]
    if len(files) > 1 or deletes:
        engine = DuckEngine(lake)
        try:
            paths = [lake.iceberg_path(file.file_path) for file in files]
            engine.show_files("__held", contract, paths, deletes=deletes)
            names, order = (", ".join(f'"{n}"' for n in some) for some in (_columns(contract), contract.key))
            rows = engine.batches(f"SELECT {names} FROM __held ORDER BY {order}")
            replace(contract, table, rows, files, guard)
        finally:
            engine.close()
    return len(files), len(live_files(table))


def _columns(contract: Contract) -> list[str]:
    return [column.name for column in contract.columns]
