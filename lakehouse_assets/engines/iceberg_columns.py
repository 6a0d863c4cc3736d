"""Give an Iceberg table other columns and partitions, within the transaction that writes all its rows anew."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.iceberg import arrow_schema
from lakehouse_assets.errors import ContractBreaking

if TYPE_CHECKING:
    from pyiceberg.table import Transaction


def reshape(transaction: Transaction, contract: Contract) -> None:
    """Stage the contract's columns and partitions in place of those that the table has.

    A column that is as it was keeps its number, so that earlier snapshots are read as they were written.

    Raises:
        ContractBreaking: a column that the table has been partitioned by is gone or has another type, which Iceberg
            does not allow as long as there is a snapshot of before.
    """
    from pyiceberg.io.pyarrow import _pyarrow_to_schema_without_ids

    wanted = _pyarrow_to_schema_without_ids(arrow_schema(contract)).fields
    held = {field.name: field for field in transaction.table_metadata.schema().fields}
    kept = {field.name for field in wanted if _is_same(field, held.get(field.name))}
    _refuse_lost_partitions(transaction, contract, kept)
    partitions = [field.name for field in transaction.table_metadata.spec().fields]
    if partitions != list(contract.partition_by):
        with transaction.update_spec() as spec:
            for name in partitions:
                spec.remove_field(name)
    with transaction.update_schema(allow_incompatible_changes=True) as schema:
        for name in held.keys() - kept:
            schema.delete_column(name)
        for field in wanted:
            if field.name in kept:
                schema.update_column(field.name, required=field.required)
            else:
                schema.add_column(field.name, field.field_type, required=field.required)
    _order(transaction, [field.name for field in wanted])
    if partitions != list(contract.partition_by):
        with transaction.update_spec() as spec:
            for name in contract.partition_by:
                spec.add_identity(name)


def _is_same(wanted: Any, held: Any) -> bool:  # noqa: ANN401 - fields of pyiceberg
    return held is not None and held.field_type.is_primitive and str(held.field_type) == str(wanted.field_type)


def _order(transaction: Transaction, names: list[str]) -> None:
    """Stage the order of all columns; a column has to be there before it can be moved."""
    if [field.name for field in transaction.table_metadata.schema().fields] == names:
        return
    with transaction.update_schema() as schema:
        schema.move_first(names[0])
        for before, name in pairwise(names):
            schema.move_after(name, before)


def _refuse_lost_partitions(transaction: Transaction, contract: Contract, kept: set[str]) -> None:
    specs = transaction.table_metadata.partition_specs
    lost = sorted({field.name for spec in specs for field in spec.fields} - kept)
    if lost:
        changes = (
            f"its table has been partitioned by {', '.join(f'`{name}`' for name in lost)}, which is gone or changed"
        )
        raise ContractBreaking(contract=f"gold.{contract.name}", changes=changes, needed="a new table name")
