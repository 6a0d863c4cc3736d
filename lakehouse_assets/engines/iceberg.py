"""Create and change Iceberg tables through pyiceberg: one transaction per change, none without a change.

Gold is always written here when it is built locally. The window of a change is a range of the table's window column:
rows in that range are replaced by the fresh ones and by those of the range that were not asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.changes import reconcile_columns, wider_columns
from lakehouse_assets.engines.protocol import Commit, Guard
from lakehouse_assets.errors import CommitConflict, TableMissing
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table

NO_RETRIES = {"commit.retry.num-retries": "0"}
"""Property that every table has. Without it pyiceberg puts a stale commit onto the newest version by itself, and rows
that were compared with an older version are in the table twice."""


def arrow_schema(contract: Contract) -> pa.Schema:
    """Return the contract's columns as an Arrow schema; moments are zone-less UTC, as Athena's Iceberg wants them."""
    import pyarrow as pa

    from lakehouse_assets.engines import delta

    return pa.schema([_zoneless(field) for field in delta.arrow_schema(contract)])


def _partition(table: Table, contract: Contract) -> None:
    """Partition a new table by the values of the contract's columns, as Athena's CREATE TABLE does."""
    if contract.partition_by and not table.spec().fields:
        with table.update_spec() as update:
            for name in contract.partition_by:
                update.add_identity(name)


def _zoneless(field: pa.Field) -> pa.Field:
    """Return the field with moments that have no zone, also within an array or a record."""
    import pyarrow as pa

    if pa.types.is_list(field.type):
        return field.with_type(pa.list_(_zoneless(field.type.value_field)))
    if pa.types.is_struct(field.type):
        return field.with_type(pa.struct([_zoneless(inner) for inner in field.type]))
    return field.with_type(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field


def ensure(contract: Contract, lake: Lake) -> Table:
    """Return the table, created from its contract when absent; given new nullable columns and wider types when behind.

    Raises:
        ContractBreaking: the table's columns do not fit the contract any more.
        CommitConflict: somebody else changes the table's columns or properties right now.
        TableDamaged: it was there and cannot be read.
    """
    catalog = lake.catalog()
    catalog.create_namespace_if_not_exists(contract.database)
    identifier = (contract.database, contract.name)
    # pyiceberg's create_table_if_not_exists leaves a metadata file behind whenever the table exists.
    try:
        table = without_retries(contract, lake.iceberg(contract))
    except TableMissing:
        schema, location = arrow_schema(contract), lake.iceberg_location(contract)
        table = catalog.create_table_if_not_exists(identifier, schema, location=location, properties=NO_RETRIES)
        _partition(table, contract)
    held = [(field.name, _spelled(field.field_type)) for field in table.schema().fields]
    if reconcile_columns(held, contract) or wider_columns(held, contract):
        with table.update_schema() as update:
            update.union_by_name(arrow_schema(contract))
    return table


def _spelled(kind: Any) -> str:  # noqa: ANN401 - any of pyiceberg's types
    """Return an Iceberg type in words, without the numbers of a record's fields."""
    from pyiceberg.types import StructType

    if not isinstance(kind, StructType):
        return str(kind)
    return f"struct<{','.join(f'{field.name}:{_spelled(field.field_type)}' for field in kind.fields)}>"


def without_retries(contract: Contract, table: Table) -> Table:
    """Return the table, given the property `NO_RETRIES` when an earlier version of this code made it without.

    Raises:
        CommitConflict: somebody else changes the table right now.
    """
    from pyiceberg.exceptions import CommitFailedException

    if NO_RETRIES.items() <= table.properties.items():
        return table
    try:
        with table.transaction() as transaction:
            transaction.set_properties(NO_RETRIES)
    except CommitFailedException as error:
        if not NO_RETRIES.items() <= table.refresh().properties.items():
            raise CommitConflict(table=contract.name) from error
    return table


def replace(contract: Contract, table: Table, rows: pa.Table, bounds: tuple[Any, Any] | None, guard: Guard) -> Commit:
    """Put `rows` in place of everything within the bounds of the window column, in one transaction.

    Args:
        contract: the table's contract, whose property `window` names the column.
        table: the version that the rows were compared with.
        rows: all rows that the range shall hold.
        bounds: smallest and largest value of the range; None replaces the whole table.
        guard: called before committing.

    Raises:
        CommitConflict: another commit came first; nothing was written.
    """
    from pyiceberg.exceptions import CommitFailedException
    from pyiceberg.expressions import AlwaysTrue, And, GreaterThanOrEqual, LessThanOrEqual

    before = _files(table)
    guard()
    within = bounds and And(_at(GreaterThanOrEqual, contract, bounds[0]), _at(LessThanOrEqual, contract, bounds[1]))
    data = rows.cast(arrow_schema(contract))
    try:
        with table.transaction() as transaction, warnings.catch_warnings():
            # A window that is new to the table has nothing to replace, which is fine.
            warnings.filterwarnings("ignore", message="Delete operation did not match any records")
            if before:
                transaction.overwrite(data, overwrite_filter=within or AlwaysTrue())
            else:
                transaction.append(data)
    except CommitFailedException as error:
        raise CommitConflict(table=contract.name) from error
    return _measured(table, before)


def _at(compare: Any, contract: Contract, value: Any) -> Any:  # noqa: ANN401 - pyiceberg's signatures do not show
    return compare(contract.window, value)


def _files(table: Table) -> dict[str, DataFile]:
    """Return the live data files by path."""
    return {task.file.file_path: task.file for task in table.scan().plan_files()}


def _measured(table: Table, before: dict[str, DataFile]) -> Commit:
    """Return what a write did to a table that had these data files before."""
    after, snapshot = _files(table), table.current_snapshot()
    added = [file.file_size_in_bytes for path, file in after.items() if path not in before]
    held, holds = (sum(file.record_count for file in files.values()) for files in (before, after))
    return Commit(
        version=int(snapshot.sequence_number or 0) if snapshot else 0,
        rows=holds - held,
        added_files=len(added),
        added_bytes=sum(added),
        removed_files=len(before.keys() - after.keys()),
    )


def bounds_of(values: Sequence[Any]) -> tuple[Any, Any]:
    """Return the smallest and the largest value, as Iceberg literals."""
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    return (low.isoformat(), high.isoformat()) if hasattr(low, "isoformat") else (low, high)
