"""Change an Iceberg table: one commit per change, none without one, and rows as a stream.

A change takes data files out of a table and puts others in their place; rows of the old ones that stay are among the
new ones. Rows go to disk a file at a time, so that no table has to fit into memory, and are part of the table only by
the commit at the end, however many slices they came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.exhaustion import writing
from lakehouse_assets.engines.iceberg import arrow_schema
from lakehouse_assets.engines.iceberg_columns import reshape
from lakehouse_assets.engines.protocol import Commit, Guard
from lakehouse_assets.errors import CommitConflict

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table, Transaction

FILE_BYTES = 64 << 20
"""Size of a data file as Arrow has it in memory, bytes; on disk it is a third of that or less."""


@dataclass(frozen=True)
class Change:
    """Hold what a commit changes beside rows: whether the table gets the contract's columns, and its properties.

    Attributes:
        columns: whether it gets the contract's columns.
        properties: what is set.
        lost: names of properties that it has and that are removed.
        is_alone: whether the new snapshot keeps no manifest of those before it: then all live files are replaced.
    """

    columns: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    is_alone: bool = False


NO_CHANGE = Change()


def live_files(table: Table, bounds: tuple[str, Any, Any] | None = None) -> list[DataFile]:
    """Return the data files of a table; with bounds (column, least, greatest) those that may hold rows between them."""
    from pyiceberg.expressions import AlwaysTrue, And, GreaterThanOrEqual, LessThanOrEqual

    if bounds is None:
        return [task.file for task in table.scan(AlwaysTrue()).plan_files()]
    name, least, greatest = bounds
    low, high = _at(GreaterThanOrEqual, name, least), _at(LessThanOrEqual, name, greatest)
    return [task.file for task in table.scan(And(low, high)).plan_files()]


def live_deletes(table: Table) -> list[str]:
    """Return the places of the files that name deleted rows of a table's data files; only Athena writes such files."""
    return sorted({file.file_path for task in table.scan().plan_files() for file in task.delete_files})


def rows_noted(table: Table) -> int:
    """Return how many rows a table holds: its newest snapshot says it, or else the files do, each for itself.

    Where rows were deleted without writing their files anew, no sum says it, and they are counted.
    """
    snapshot = table.current_snapshot()
    summary = snapshot.summary if snapshot else None
    if summary and int(summary.get("total-delete-files") or 0):
        return int(table.scan().count())
    said = summary.get("total-records") if summary else None
    return int(said) if said is not None else sum(int(file.record_count) for file in live_files(table))


def _at(compare: Any, name: str, value: Any) -> Any:  # noqa: ANN401 - pyiceberg's signatures do not show
    return compare(name, value.isoformat() if hasattr(value, "isoformat") else value)


def replace(
    contract: Contract,
    table: Table,
    rows: Iterable[pa.RecordBatch],
    gone: Sequence[DataFile],
    guard: Guard,
    change: Change = NO_CHANGE,
) -> Commit:
    """Put rows in place of whole data files, in one commit that also makes what else changes.

    Args:
        contract: the table's contract.
        table: the version that the rows were compared with; it is the new one afterwards.
        rows: in the columns of the contract; consumed once.
        gone: data files of that version, whose rows are replaced by `rows` or among them.
        guard: called before the first byte is written, and before the commit.
        change: what else becomes of the table.

    Raises:
        CommitConflict: another commit came first; nothing was written.
        DiskFull: there is no room for it.
    """
    guard()
    before, transaction, written = live_files(table), table.transaction(), list["DataFile"]()
    try:
        if change.columns:
            reshape(transaction, contract)
        with writing(contract.name):
            written.extend(_written(contract, transaction, table, rows))
            _swap(transaction, gone, written, is_alone=change.is_alone)
        if change.properties:
            transaction.set_properties(dict(change.properties))
        if change.lost:
            transaction.remove_properties(*change.lost)
        guard()
    except BaseException:
        _discard(table, written)
        raise
    _commit(contract, table, transaction, written)
    return _measured(table, before)


def note(contract: Contract, table: Table, properties: Mapping[str, str], guard: Guard) -> None:
    """Set properties of a table, in a commit that leaves its rows as they are.

    Raises:
        CommitConflict: another commit came first.
    """
    guard()
    _commit(contract, table, table.transaction().set_properties(dict(properties)), ())


def _commit(contract: Contract, table: Table, transaction: Transaction, written: Sequence[DataFile]) -> None:
    from pyiceberg.exceptions import CommitFailedException

    try:
        with writing(contract.name):
            transaction.commit_transaction()
    except CommitFailedException as error:
        _discard(table, written)
        raise CommitConflict(table=contract.name) from error


def _discard(table: Table, written: Iterable[DataFile]) -> None:
    """Remove data files that no commit has made part of the table."""
    for file in written:
        table.io.delete(file.file_path)


def _swap(
    transaction: Transaction, gone: Sequence[DataFile], written: Sequence[DataFile], *, is_alone: bool = False
) -> None:
    """Stage a snapshot without the files that are gone and with those that were written; none without any file."""
    if not gone and not written and not is_alone:
        return
    update = transaction.update_snapshot()
    with update.overwrite() if gone or is_alone else update.fast_append() as snapshot:
        if is_alone:  # pyiceberg keeps manifests that list nothing but what was deleted long ago
            snapshot._existing_manifests = list  # type: ignore[method-assign]  # noqa: SLF001 - see above
        for file in gone:
            snapshot.delete_data_file(file)
        for file in written:
            snapshot.append_data_file(file)


def _written(
    contract: Contract, transaction: Transaction, table: Table, rows: Iterable[pa.RecordBatch]
) -> Iterator[DataFile]:
    """Write the rows into data files of the table, one at a time, and yield each."""
    from uuid import uuid4

    from pyiceberg.io.pyarrow import _dataframe_to_data_files

    numbers, commit = count(0), uuid4()
    for part in _parts(rows, arrow_schema(contract)):
        yield from _dataframe_to_data_files(transaction.table_metadata, part, table.io, commit, numbers)


def _parts(rows: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows in tables of about `FILE_BYTES`, none of them empty."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    for batch in rows:
        held.append(batch)
        if sum(one.nbytes for one in held) >= FILE_BYTES:
            yield pa.Table.from_batches(held).cast(schema)
            held = []
    if any(one.num_rows for one in held):
        yield pa.Table.from_batches(held).cast(schema)


def _measured(table: Table, before: Sequence[DataFile]) -> Commit:
    """Return what a write did to a table that had these data files before."""
    after, snapshot, old = live_files(table), table.current_snapshot(), {file.file_path for file in before}
    added = [file.file_size_in_bytes for file in after if file.file_path not in old]
    held, holds = (sum(file.record_count for file in files) for files in (before, after))
    return Commit(
        version=int(snapshot.sequence_number or 0) if snapshot else 0,
        rows=holds - held,
        added_files=len(added),
        added_bytes=sum(added),
        removed_files=len(old - {file.file_path for file in after}),
    )
