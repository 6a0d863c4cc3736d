"""Create Iceberg tables from contracts through pyiceberg, and open them as this code needs them.

Here: schema, columns and properties of a table. Not here: its rows, which `iceberg_commit` changes.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.contracts.changes import reconcile_columns, wider_columns
from lakehouse_assets.engines.exhaustion import writing
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import CommitConflict, TableMissing
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.table import Table

NO_RETRIES = {"commit.retry.num-retries": "0"}
"""Property that every table has. Without it pyiceberg puts a stale commit onto the newest version by itself, and rows
that were compared with an older version are in the table twice."""


MODEL = "lakehouse.model"
"""Names the table property that holds the version (`ModelVersion.text`) of its model that a table was built with."""


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


def open_table(contract: Contract, lake: Lake) -> Table:
    """Return the table as it is, created from its contract when absent.

    Raises:
        CommitConflict: somebody else changes the table's properties right now.
        TableDamaged: it was there and cannot be read.
    """
    try:
        return without_retries(contract, lake.iceberg(contract))
    except TableMissing:
        return _create(contract, lake)


def create_anew(contract: Contract, lake: Lake, guard: Guard) -> Table:
    """Return a new table without rows in the place of one whose metadata cannot be read.

    Files that are left of that one stay where they are, and belong to no table any more.
    """
    from pyiceberg.exceptions import NoSuchTableError

    guard()
    with suppress(NoSuchTableError):
        lake.catalog().drop_table(lake.iceberg_name(contract))
    return _create(contract, lake)


def _create(contract: Contract, lake: Lake) -> Table:
    catalog, identifier = lake.catalog(), lake.iceberg_name(contract)
    schema, location = arrow_schema(contract), lake.iceberg_location(contract)
    with writing(contract.name):
        catalog.create_namespace_if_not_exists(identifier[0])
        # pyiceberg's create_table_if_not_exists leaves a metadata file behind whenever the table exists.
        table = catalog.create_table_if_not_exists(identifier, schema, location=location, properties=NO_RETRIES)
        _partition(table, contract)
    return table


def ensure(contract: Contract, lake: Lake) -> Table:
    """Return the table, created from its contract when absent; given new nullable columns and wider types when behind.

    Raises:
        ContractBreaking: the table's columns do not fit the contract any more.
        CommitConflict: somebody else changes the table's columns or properties right now.
        TableDamaged: it was there and cannot be read.
    """
    table = open_table(contract, lake)
    if missing_columns(contract, table):
        with table.update_schema() as update:
            update.union_by_name(arrow_schema(contract))
    return table


def missing_columns(contract: Contract, table: Table) -> tuple[Column, ...]:
    """Return the columns that the table lacks, or has in a narrower type, and may simply be given.

    Raises:
        ContractBreaking: the table's columns do not fit the contract any more.
    """
    held = [(field.name, _spelled(field.field_type)) for field in table.schema().fields]
    return (*reconcile_columns(held, contract), *wider_columns(held, contract))


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
