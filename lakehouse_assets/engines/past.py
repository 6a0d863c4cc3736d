"""The data files of a table at a moment: by commit time, as Delta's and Iceberg's logs tell it. Reads only.

A commit's time is the one its writer noted, so a copied lake answers alike.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.engines import delta, iceberg
from lakehouse_assets.errors import BadRequest

if TYPE_CHECKING:
    from deltalake import DeltaTable


def files_at(contract: Contract, lake: str, as_of: datetime | None) -> list[str]:
    """Paths of the files that hold the table's rows, as committed until `as_of` (zone-aware; None for now).

    Raises:
        BadRequest: the table is not there (yet), or was not yet there at that time.
    """
    read = _iceberg_files if contract.layer == "gold" else _delta_files
    return read(contract, lake, as_of)


def _delta_files(contract: Contract, lake: str, as_of: datetime | None) -> list[str]:
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    location = table_location(contract, lake)
    try:
        table = DeltaTable(location)
    except TableNotFoundError as error:
        raise _absent(contract) from error
    if as_of is not None:
        table = DeltaTable(location, version=_version_at(contract, table, as_of))
    return [f"{location}/{path}" for path in delta.data_files(table)]


def _version_at(contract: Contract, table: DeltaTable, as_of: datetime) -> int:
    commits: list[dict[str, Any]] = table.history()
    first = min(commit["timestamp"] for commit in commits)
    until = [commit["version"] for commit in commits if commit["timestamp"] <= _millis(as_of)]
    if not until:
        raise _too_early(contract, as_of, first)
    return int(max(until))


def _iceberg_files(contract: Contract, lake: str, as_of: datetime | None) -> list[str]:
    from pyiceberg.exceptions import NoSuchTableError

    if not iceberg.catalog_path(lake).exists():
        raise _absent(contract)
    try:
        table = iceberg.open_catalog(lake).load_table((contract.database, contract.name))
    except NoSuchTableError as error:
        raise _absent(contract) from error
    if as_of is None:
        return iceberg.data_files(table)
    snapshot = table.snapshot_as_of_timestamp(_millis(as_of))
    if snapshot is None:
        created = min([entry.timestamp_ms for entry in table.metadata.metadata_log] or [table.metadata.last_updated_ms])
        if _millis(as_of) < created:
            raise _too_early(contract, as_of, created)
        return []
    tasks = table.scan(snapshot_id=snapshot.snapshot_id).plan_files()
    return [task.file.file_path.removeprefix("file://") for task in tasks]


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _absent(contract: Contract) -> BadRequest:
    return BadRequest(message=f"table `{contract.catalog_name}` is not there yet; `lakehouse run` creates it")


def _too_early(contract: Contract, as_of: datetime, first_millis: int) -> BadRequest:
    first = datetime.fromtimestamp(first_millis / 1000, UTC).isoformat(" ", "milliseconds")
    asked = as_of.astimezone(UTC).isoformat(" ", "milliseconds")
    return BadRequest(
        message=f"table `{contract.catalog_name}` did not exist at {asked}; its first commit is of {first}"
    )
