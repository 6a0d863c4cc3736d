"""Create Delta tables from contracts, list their files and commit to them without rebase, through delta-rs.

The embedded engine writes with this module; on either engine the run ledger and reference tables, which are small, are
written with it. Protocol reader 1 / writer 2 is checked after every write: more would shut out Athena or the other
engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.changes import reconcile_columns
from lakehouse_assets.contracts.types import ColumnType
from lakehouse_assets.engines.delta_commit import commit_to
from lakehouse_assets.engines.exhaustion import writing
from lakehouse_assets.engines.protocol import Commit, Guard, Parts
from lakehouse_assets.errors import ProtocolRaised
from lakehouse_assets.sql.dialects import literal, render
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import CommitProperties, DeltaTable, WriterProperties

PROTOCOL = (1, 2)
GROWN = "lakehouse.grown"
"""Names the property of tables that got columns; that of others which are made here is their description alone."""
CONFIGURATION = {"delta.enableDeletionVectors": "false", "delta.checkpointInterval": "20"}
CONTROL_CONFIGURATION = {**CONFIGURATION, "delta.checkpointInterval": "5"}
"""The run ledger is opened twenty times by a run, and each time its log is read from the last checkpoint on."""
ROW_GROUP = 1 << 17
"""How many rows a Parquet row group has at most; delta-rs holds one in memory for each file that it writes."""
WIDE_ROWS = 1 << 14
"""The same of a control table, whose rows hold the text of whole records, and of a batch of them."""


def rows_at_once(contract: Contract) -> int:
    """Return how many rows of a table are held in memory at once."""
    return WIDE_ROWS if contract.layer == "control" else ROW_GROUP


def arrow_schema(contract: Contract) -> pa.Schema:
    """Return the contract's columns as an Arrow schema; moments are microseconds in zone UTC."""
    import pyarrow as pa

    return pa.schema(
        [pa.field(c.name, _arrow_type(c.data_type), nullable=not (c.required or c.key)) for c in contract.columns]
    )


def _arrow_type(kind: ColumnType) -> pa.DataType:
    import pyarrow as pa

    if kind.element:
        return pa.list_(_arrow_type(kind.element))
    if kind.fields:
        return pa.struct([pa.field(name, _arrow_type(field)) for name, field in kind.fields])
    if kind.name == "DECIMAL":
        return pa.decimal128(kind.precision, kind.scale)
    return {
        "STRING": pa.string(),
        "INT": pa.int32(),
        "BIGINT": pa.int64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "DOUBLE": pa.float64(),
        "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    }[kind.name]


def ensure(contract: Contract, lake: Lake) -> DeltaTable:
    """Return the table, created from its contract when absent, widened by new nullable columns when behind.

    Raises:
        ContractBreaking: the table's columns do not fit the contract any more.
    """
    from deltalake import Schema

    schema = arrow_schema(contract)
    table = lake.find_delta(contract)
    if table is None:
        return _created(contract, lake, schema)
    wanted = {field.name: field for field in Schema.from_arrow(schema).fields}
    added = reconcile_columns([(f.name, _spelled(f.type)) for f in table.schema().fields], contract)
    if added:
        fields, grown = [wanted[column.name] for column in added], {GROWN: "true"}
        set_properties = partial(table.alter.set_table_properties, grown, raise_if_not_exists=False)
        commit_to(contract.name, table, lambda own: set_properties(commit_properties=own))
        commit_to(contract.name, table, lambda own: table.alter.add_columns(fields, commit_properties=own))
    return table


def _created(contract: Contract, lake: Lake, schema: pa.Schema) -> DeltaTable:
    """Return the table, made unless it is there by now: by somebody else, or by us, when the answer was lost."""
    try:
        own = CONTROL_CONFIGURATION if contract.layer == "control" else CONFIGURATION
        with writing(contract.name):
            return lake.create_delta(contract, schema, own)
    except Exception:
        with suppress(Exception):  # the first error says more
            if (found := lake.find_delta(contract)) is not None:
                return found
        raise


def is_uniform(table: DeltaTable) -> bool:
    """Say whether all files of a table are known to have the same columns.

    Those of a table that got columns, or that was made before this was noted, have to be looked at one by one.
    """
    known = table.metadata()
    return bool(known.description) and GROWN not in known.configuration


def _spelled(delta_type: Any) -> str:  # noqa: ANN401 - delta-rs has no common root of its types
    """Return a Delta type in words, for messages."""
    if hasattr(delta_type, "element_type"):
        return f"array<{_spelled(delta_type.element_type)}>"
    if hasattr(delta_type, "fields"):
        return f"struct<{','.join(f'{field.name}:{_spelled(field.type)}' for field in delta_type.fields)}>"
    return str(delta_type.type)


def check_protocol(table: DeltaTable, name: str) -> None:
    """Refuse a protocol that a reader of the table cannot handle.

    Raises:
        ProtocolRaised: the table's protocol is not reader 1 / writer 2.
    """
    found = table.protocol()
    if (found.min_reader_version, found.min_writer_version) != PROTOCOL:
        raise ProtocolRaised(
            table=name,
            found=f"reader {found.min_reader_version} / writer {found.min_writer_version}",
            expected=f"reader {PROTOCOL[0]} / writer {PROTOCOL[1]}",
        )


def commit(
    contract: Contract,
    table: DeltaTable,
    source: pa.Table | pa.RecordBatchReader,
    guard: Guard,
    *,
    dates: Sequence[date] | None,
    updates: bool,
) -> Commit:
    """Insert rows, or merge them by key, in one commit onto the version at hand, which fails rather than rebases.

    Args:
        contract: the table's contract.
        table: the version that the rows were compared with; it is the new one afterwards.
        source: the rows to write.
        guard: see `Guard`.
        dates: literal bounds of the table's date column; None when it has none.
        updates: whether any of the keys is in the table already.

    Raises:
        CommitConflict, FenceLost, ProtocolRaised: see `Engine.merge`.
    """
    guard()
    before, held = data_files(table), rows_in(table)
    write = _merge(contract, table, source, dates) if updates else _append(contract, table, source)
    commit_to(contract.name, table, write)
    check_protocol(table, contract.name)
    return measured(table, before, held)


def _append(
    contract: Contract, table: DeltaTable, source: pa.Table | pa.RecordBatchReader
) -> Callable[[CommitProperties], None]:
    from deltalake import write_deltalake

    settings = _writer(contract)
    return lambda own: write_deltalake(table, source, mode="append", commit_properties=own, writer_properties=settings)


def _merge(
    contract: Contract, table: DeltaTable, source: pa.Table | pa.RecordBatchReader, dates: Sequence[date] | None
) -> Callable[[CommitProperties], object]:
    columns = {f'"{c.name}"': f's."{c.name}"' for c in contract.columns}

    def write(own: CommitProperties) -> object:
        merger = table.merge(
            source,
            predicate=_match(contract, dates),
            source_alias="s",
            target_alias="t",
            commit_properties=own,
            streamed_exec=True,
        )
        merger = merger.when_matched_update(columns, predicate=_not_older(contract))
        return merger.when_not_matched_insert(columns).execute()

    return write


def overwrite(contract: Contract, table: DeltaTable, source: pa.RecordBatchReader, guard: Guard, where: str) -> Commit:
    """Put rows in the place of all that meet a predicate, in one commit that fails rather than rebases.

    Args:
        contract: the table's contract.
        table: the version that the rows were made of; it is the new one afterwards.
        source: the rows, all of which meet the predicate.
        guard: see `Guard`.
        where: in the SQL of delta-rs.

    Raises:
        CommitConflict, FenceLost, ProtocolRaised: see `Engine.merge`.
    """
    from deltalake import write_deltalake

    guard()
    before, held, settings = data_files(table), rows_in(table), _writer(contract)

    def write(own: CommitProperties) -> None:
        write_deltalake(
            table, source, mode="overwrite", predicate=where, commit_properties=own, writer_properties=settings
        )

    commit_to(contract.name, table, write)
    check_protocol(table, contract.name)
    return measured(table, before, held)


def delete(contract: Contract, table: DeltaTable, keys: pa.RecordBatchReader, guard: Guard) -> None:
    """Delete the rows with these keys (columns named like the key) in one commit that fails rather than rebases.

    Raises:
        CommitConflict, FenceLost, ProtocolRaised: see `Engine.merge`.
    """
    guard()
    match = " and ".join(f't."{k}" = s."{k}"' for k in contract.key)

    def write(own: CommitProperties) -> object:
        merger = table.merge(keys, match, source_alias="s", target_alias="t", commit_properties=own, streamed_exec=True)
        return merger.when_matched_delete().execute()

    commit_to(contract.name, table, write)
    check_protocol(table, contract.name)


def update(
    contract: Contract, table: DeltaTable, where: str, values: Mapping[str, str | datetime], guard: Guard
) -> int:
    """Give columns of the rows that meet a predicate these values, in one commit, and return how many rows they are.

    The rows never leave delta-rs, which copies the files that hold any of them as a stream.

    Args:
        contract: the table's contract.
        table: the version to change; it is the new one afterwards.
        where: in portable SQL.
        values: by column; moments are zone-aware.
        guard: see `Guard`.

    Raises:
        CommitConflict, FenceLost, ProtocolRaised: see `Engine.merge`.
    """
    guard()
    # delta-rs computes with DataFusion, which knows the functions of our predicates by the names that DuckDB takes.
    predicate = render(f"SELECT 1 FROM held WHERE {where}", "duckdb").partition(" WHERE ")[2]
    written, settings, answers = {c: _value(v) for c, v in values.items()}, _writer(contract), list[dict[str, Any]]()

    def write(own: CommitProperties) -> None:
        answers.append(table.update(written, predicate=predicate, commit_properties=own, writer_properties=settings))

    logged = commit_to(contract.name, table, write)
    check_protocol(table, contract.name)
    done = answers[0] if answers else logged["operationMetrics"]
    return int(done["num_updated_rows"])


def _value(value: str | datetime) -> str:
    """Return a value as delta-rs's SQL has it."""
    text = f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) else value
    return "'" + text.replace("'", "''") + "'"


def _writer(contract: Contract) -> WriterProperties:
    """Return settings for writing Parquet without dictionaries for columns whose values do not repeat.

    Dictionaries of such columns cost time and save nothing.
    """
    from deltalake import ColumnProperties, WriterProperties

    plain = ColumnProperties(dictionary_enabled=False)
    single = contract.key if len(contract.key) == 1 else ()
    columns = {c.name: plain for c in contract.columns if c.name in {*single, "_line"}}
    return WriterProperties(column_properties=columns or None, max_row_group_size=rows_at_once(contract))


def _match(contract: Contract, dates: Sequence[date] | None) -> str:
    keys = " and ".join(f't."{k}" = s."{k}"' for k in contract.key)
    column = contract.date_column
    if not column or dates is None:
        return keys
    bounds = ", ".join(literal(d).sql("duckdb") for d in sorted(dates))
    return f'{keys} and t."{column}" in ({bounds})' if bounds else keys


def _not_older(contract: Contract) -> str | None:
    event = contract.event_time
    return f'(s."{event}" >= t."{event}")' if event else None


def data_files(table: DeltaTable) -> dict[str, int]:
    """Return the table's live data files, as its log spells them, and their sizes in bytes."""
    # Not as a pyarrow table: making one of foreign columns imports pandas, a fifth of a second.
    actions = table.get_add_actions(flatten=True)
    paths, sizes = (actions.column(name).to_pylist() for name in ("path", "size_bytes"))
    return dict(zip(paths, sizes, strict=True))


def parts(contract: Contract, table: DeltaTable, lake: Lake) -> Parts:
    """Return the data files of a table's version."""
    return Parts(str(table.metadata().id), tuple(lake.delta_files(contract, table)))


def rows_in(table: DeltaTable) -> int:
    """Return how many rows the table holds, as its log says."""
    return sum(table.get_add_actions(flatten=True).column("num_records").to_pylist())


def noted_rows(table: DeltaTable) -> int | None:
    """Return how many rows the table holds, as its log says; None when it does not say it of each file."""
    counts = table.get_add_actions(flatten=True).column("num_records").to_pylist()
    return None if None in counts else sum(counts)


def measured(table: DeltaTable, before: dict[str, int], held: int) -> Commit:
    """Return what a write did to a table that had these data files and rows before."""
    after = data_files(table)
    added = [size for path, size in after.items() if path not in before]
    return Commit(
        version=table.version(),
        rows=rows_in(table) - held,
        added_files=len(added),
        added_bytes=sum(added),
        removed_files=len(before.keys() - after.keys()),
    )
