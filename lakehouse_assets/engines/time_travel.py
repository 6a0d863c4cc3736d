"""Find the data files of a table at a moment, by commit time as Delta's and Iceberg's logs tell it; nothing is written.

A commit's time is the one its writer noted, so a copied lake answers alike.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.shown import utc_shown
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.delta_log import commits
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.iceberg_files import LiveFiles
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.table.snapshots import Snapshot


def files_at(contract: Contract, lake: Lake, as_of: datetime | None) -> LiveFiles:
    """Return the files of a table's rows, as committed until `as_of` (zone-aware; None for now).

    Raises:
        TableMissing: the table is not there (yet).
        BadRequest: the table was not yet there at that time.
    """
    read = _iceberg_files if contract.layer == "gold" else _delta_files
    return read(contract, lake, as_of)


def is_uniform(contract: Contract, lake: Lake) -> bool:
    """Say whether all files that hold the table's rows now are known to have the same columns.

    Raises:
        TableMissing: the table is not there (yet).
    """
    return lake.is_uniform(contract) if contract.layer == "gold" else delta.is_uniform(lake.delta(contract))


def _delta_files(contract: Contract, lake: Lake, as_of: datetime | None) -> LiveFiles:
    table = lake.delta(contract)
    if as_of is not None:
        table = lake.delta(contract, version=version_at(contract, table, as_of))
    return LiveFiles(lake.delta_files(contract, table), [])


def version_at(contract: Contract, table: DeltaTable, as_of: datetime) -> int:
    """Return the version of a Delta table at a moment (zone-aware).

    Raises:
        BadRequest: the table was not yet there at that time.
    """
    later = []
    for commit in commits(table):
        if commit["timestamp"] <= _millis(as_of):
            return int(commit["version"])
        later.append(commit["timestamp"])
    raise _too_early(contract, as_of, min(later))


def _iceberg_files(contract: Contract, lake: Lake, as_of: datetime | None) -> LiveFiles:
    if as_of is None:
        return lake.iceberg_files(contract)
    snapshot = snapshot_at(contract, lake.iceberg(contract), as_of)
    return LiveFiles([], []) if snapshot is None else lake.iceberg_files(contract, snapshot.snapshot_id)


def snapshot_at(contract: Contract, table: IcebergTable, as_of: datetime) -> Snapshot | None:
    """Return the snapshot of an Iceberg table at a moment (zone-aware); None while it was there without rows.

    Raises:
        BadRequest: the table was not yet there at that time.
    """
    snapshot = table.snapshot_as_of_timestamp(_millis(as_of))
    if snapshot is None:
        created = min([entry.timestamp_ms for entry in table.metadata.metadata_log] or [table.metadata.last_updated_ms])
        if _millis(as_of) < created:
            raise _too_early(contract, as_of, created)
    return snapshot


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _too_early(contract: Contract, as_of: datetime, first_millis: int) -> BadRequest:
    first = utc_shown(datetime.fromtimestamp(first_millis / 1000, UTC), "milliseconds")
    asked = utc_shown(as_of, "milliseconds")
    return BadRequest(
        message=f"table `{contract.catalog_name}` did not exist at {asked}; its first commit is of {first}"
    )
