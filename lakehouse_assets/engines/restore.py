"""Give a table the rows that it held at a moment, as a new version: nothing that was ever committed is taken back.

Delta through delta-rs, Iceberg through pyiceberg; both name data files that are there already, and write none. A gold
table loses the note of the model that it was built with, so that it counts as behind, and so does what reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.delta_commit import commit_to
from lakehouse_assets.engines.iceberg import MODEL, without_retries
from lakehouse_assets.engines.iceberg_commit import Change, live_deletes, live_files, replace, rows_noted
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.engines.time_travel import snapshot_at, version_at
from lakehouse_assets.errors import BadRequest, CommitConflict
from lakehouse_assets.storage.iceberg_files import LiveFiles
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.table.snapshots import Snapshot


@dataclass(frozen=True)
class Restored:
    """Hold what a restore did to a table: how many rows it held before and holds now; whether it changed at all."""

    rows_before: int
    rows: int
    is_changed: bool


def restore(
    contract: Contract,
    lake: Lake,
    as_of: datetime,
    guard: Guard,
    announce: Callable[[], None],
    permit: Callable[[Sequence[str]], None] = lambda _files: None,
) -> Restored:
    """Bring back what a table held at a moment, in one commit; a table that holds just that is left alone.

    Args:
        contract: a silver or gold table.
        lake: where it is.
        as_of: the moment, zone-aware.
        guard: called before the commit.
        announce: called before the commit of a change, to tell others that the table is about to change.
        permit: called before that with the data files that a silver table would hold; raises where it may not.

    Raises:
        TableMissing: the table is not there (yet).
        BadRequest: it was not there at that time, had other columns, or its files of then were removed.
        CommitConflict, FenceLost: somebody else writes; nothing was changed.
    """
    if contract.layer == "gold":
        return _restore_iceberg(contract, lake, as_of, guard, announce)
    return _restore_delta(contract, lake, as_of, guard, announce, permit)


def _restore_delta(
    contract: Contract,
    lake: Lake,
    as_of: datetime,
    guard: Guard,
    announce: Callable[[], None],
    permit: Callable[[Sequence[str]], None],
) -> Restored:
    table = lake.delta(contract)
    version, before = version_at(contract, table, as_of), delta.rows_in(table)
    then = lake.delta(contract, version=version)
    if delta.data_files(then).keys() == delta.data_files(table).keys():
        return Restored(before, before, is_changed=False)
    was, now = ({field.name: str(field.type) for field in one.schema().fields} for one in (then, table))
    _require_columns(contract, was, now)
    files = lake.delta_files(contract, then)
    _require_files(contract, lake, files)
    permit(files)
    announce()
    guard()
    commit_to(contract.name, table, lambda own: table.restore(version, commit_properties=own))
    table = lake.delta(contract)
    delta.check_protocol(table, contract.name)
    return Restored(before, delta.rows_in(table), is_changed=True)


def _restore_iceberg(
    contract: Contract, lake: Lake, as_of: datetime, guard: Guard, announce: Callable[[], None]
) -> Restored:
    from pyiceberg.exceptions import CommitFailedException

    table = without_retries(contract, lake.iceberg(contract))
    snapshot, live = snapshot_at(contract, table, as_of), live_files(table)
    then = _files_of(table, snapshot)
    gone, back = _without(live, then), _without(then, live)
    held = lake.iceberg_files(contract, snapshot.snapshot_id) if snapshot else LiveFiles([], [])
    has_deletes = bool(held.deletes or live_deletes(table))
    before, rows = (sum(int(file.record_count) for file in files) for files in (live, then))
    if not gone and not back and not has_deletes:
        return Restored(before, before, is_changed=False)
    if snapshot is not None and snapshot.schema_id is not None:
        schemas = table.schemas()[snapshot.schema_id], table.schema()
        _require_columns(contract, *({field.name: str(field.field_type) for field in one.fields} for one in schemas))
    if has_deletes:
        return _restore_rows(contract, table, held, lake, guard, announce)
    _require_files(contract, lake, [lake.iceberg_path(file.file_path) for file in back])
    announce()
    transaction = table.transaction()
    update = transaction.update_snapshot({"restored-as-of": as_of.isoformat()})
    with update.overwrite() if gone else update.fast_append() as change:
        for file in gone:
            change.delete_data_file(file)
        for file in back:
            change.append_data_file(file)
    if MODEL in table.properties:
        transaction.remove_properties(MODEL)
    guard()
    try:
        transaction.commit_transaction()
    except CommitFailedException as error:
        raise CommitConflict(table=contract.name) from error
    return Restored(before, rows, is_changed=True)


def _restore_rows(
    contract: Contract,
    table: IcebergTable,
    then: LiveFiles,
    lake: Lake,
    guard: Guard,
    announce: Callable[[], None],
) -> Restored:
    """Write the rows of a moment anew in place of all files: Athena has deleted rows without writing their files.

    A file that is put back would lack nothing of what was deleted in it.
    """
    from lakehouse_assets.engines.duckdb import DuckEngine

    before, live = rows_noted(table), live_files(table)
    _require_files(contract, lake, [*then.rows, *then.deletes])
    announce()
    change = Change(lost=(MODEL,) if MODEL in table.properties else ())
    engine = DuckEngine(lake)
    try:
        engine.show_files("__then", contract, then.rows, deletes=then.deletes)
        names = ", ".join(f'"{column.name}"' for column in contract.columns)
        replace(contract, table, engine.batches(f"SELECT {names} FROM __then"), live, guard, change)
    finally:
        engine.close()
    return Restored(before, rows_noted(table), is_changed=True)


def _files_of(table: IcebergTable, snapshot: Snapshot | None) -> list[DataFile]:
    if snapshot is None:
        return []
    return [task.file for task in table.scan(snapshot_id=snapshot.snapshot_id).plan_files()]


def _without(files: Iterable[DataFile], others: Iterable[DataFile]) -> list[DataFile]:
    paths = {file.file_path for file in others}
    return [file for file in files if file.file_path not in paths]


def _require_columns(contract: Contract, then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Refuse a version with other columns (name -> type) than the table has now, but for those that came later.

    Raises:
        BadRequest: it lacks a column of the contract's key, or has one that is gone or of another type now.
    """
    odd = [name for name, kind in then.items() if now.get(name) != kind] + [k for k in contract.key if k not in then]
    if odd:
        reason = f"its columns were others then (`{odd[0]}`)"
        raise BadRequest(message=f"table `{contract.catalog_name}` cannot be restored to that moment: {reason}")


def _require_files(contract: Contract, lake: Lake, files: Iterable[str]) -> None:
    """Refuse a version whose data files were removed.

    Raises:
        BadRequest: names one of them, and says how many there are.
    """
    lost = [file for file in files if not lake.store.has(lake.relative(file))]
    if lost:
        named = PurePosixPath(lost[0]).name
        many = f"`{named}`" if len(lost) == 1 else f"`{named}` and {len(lost) - 1} more"
        reason = f"its data files of then were removed (`lakehouse vacuum`): {many}"
        raise BadRequest(message=f"table `{contract.catalog_name}` cannot be restored to that moment: {reason}")
