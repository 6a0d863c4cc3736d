"""Keep of a table only what it holds now: older versions, their files and what logs say of these are deleted.

Both formats note the least and greatest value of each column beside the names of files, also of files that are gone;
so logs and manifests are written anew or deleted as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import iceberg
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.iceberg_commit import Change, live_deletes, live_files, replace
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import TableMissing
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from lakehouse_assets.storage.objects import StoredObject

LOGGED = re.compile(r"(\d{20})\.(?:json|checkpoint\.parquet|checkpoint\.\d+\.\d+\.parquet)")


def purge(contract: Contract, lake: Lake, guard: Guard, *, dry_run: bool = False) -> int:
    """Delete every file of a table that its present rows do not need, and return how many; no time travel is left.

    Args:
        contract: the table.
        lake: where it is.
        guard: called before anything is written or deleted.
        dry_run: only count the files that no present row needs.

    Raises:
        CommitConflict, FenceLost: somebody else writes.
    """
    try:
        if contract.layer == "gold":
            return _purge_iceberg(contract, lake, guard, dry_run=dry_run)
        return _purge_delta(contract, lake, guard, dry_run=dry_run)
    except TableMissing:
        return 0


def _purge_delta(contract: Contract, lake: Lake, guard: Guard, *, dry_run: bool) -> int:
    table, gone = lake.delta(contract), 0
    folder, logs = f"{lake.key(contract)}/", f"{lake.key(contract)}/_delta_log/"
    # Not delta-rs' own vacuum, which lists what is gone already, and notes two commits for each time that it is asked.
    needed = set(lake.delta_files(contract, table))
    for found in lake.store.list(folder):
        if not found.key.startswith(logs) and f"{lake.root}/{found.key}" not in needed:
            gone += 1
            if not dry_run:
                guard()
                lake.store.delete(found.key, if_match=found.etag)
    if dry_run or not _older(lake, logs, table.version()):
        return gone
    guard()
    table.create_checkpoint()
    for found in _older(lake, logs, table.version()):  # the oldest first: what is left reads on from its checkpoint
        guard()
        lake.store.delete(found.key, if_match=found.etag)
    return gone


def _older(lake: Lake, logs: str, version: int) -> list[StoredObject]:
    """Return what the log holds of versions before this one, the oldest first."""
    named = ((LOGGED.fullmatch(found.key.removeprefix(logs)), found) for found in lake.store.list(logs))
    return [found for logged, found in named if logged and int(logged[1]) < version]


def _purge_iceberg(contract: Contract, lake: Lake, guard: Guard, *, dry_run: bool) -> int:
    lake.iceberg(contract)  # only a table that is there
    table = iceberg.ensure(contract, lake)
    if not dry_run and len(table.metadata.snapshots) > 1:
        _write_again(contract, lake, table, guard)
        table = iceberg.ensure(contract, lake)
        current = table.metadata.current_snapshot_id
        guard()
        old = [one.snapshot_id for one in table.metadata.snapshots if one.snapshot_id != current]
        table.maintenance.expire_snapshots().by_ids(old).commit()
        table = iceberg.ensure(contract, lake)
    needed, gone = _needed(lake, table), 0
    for found in lake.store.list(f"{lake.key(contract)}/"):
        if f"{lake.root}/{found.key}" not in needed:
            gone += 1
            if not dry_run:
                guard()
                lake.store.delete(found.key, if_match=found.etag)
    return gone


def _write_again(contract: Contract, lake: Lake, table: Table, guard: Guard) -> None:
    """Write all rows once more, so that the newest manifests name no file of a version that is to be forgotten."""
    files, deletes = live_files(table), [lake.iceberg_path(place) for place in live_deletes(table)]
    engine = DuckEngine(lake)
    try:
        engine.show_files("__held", contract, [lake.iceberg_path(f.file_path) for f in files], deletes=deletes)
        names = ", ".join(f'"{column.name}"' for column in contract.columns)
        order = ", ".join(f'"{name}"' for name in contract.key)
        rows = engine.batches(f"SELECT {names} FROM __held ORDER BY {order}")
        replace(contract, table, rows, files, guard, Change(is_alone=True))
    finally:
        engine.close()


def _needed(lake: Lake, table: Table) -> set[str]:
    """Return the places of all files that the newest snapshot is made of."""
    found = {table.metadata_location}
    snapshot = table.current_snapshot()
    if snapshot is not None:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            found.add(manifest.manifest_path)
            found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return {lake.iceberg_path(place) for place in found}
