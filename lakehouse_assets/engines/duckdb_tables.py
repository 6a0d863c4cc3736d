"""Write the SELECTs with which DuckDB reads the data files of tables, in the columns of their contracts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.engines.exhaustion import exhausted
from lakehouse_assets.errors import TableDamaged
from lakehouse_assets.sql.sql_types import in_duckdb
from lakehouse_assets.storage.damage import first_line
from lakehouse_assets.urls import is_s3

if TYPE_CHECKING:
    import duckdb

GLOB = re.compile(r"[*?\[]")


def relation_of(catalog_name: str) -> str:
    """Return the name under which a catalog table is visible in DuckDB: `database__table`."""
    return catalog_name.replace(".", "__")


def scan(
    contract: Contract,
    files: Sequence[str],
    db: duckdb.DuckDBPyConnection,
    *,
    alike: bool = False,
    deletes: Sequence[str] = (),
    named: bool = False,
) -> str:
    """Return a SELECT over Parquet files in the contract's columns; moments become zone-less UTC.

    A column that none of the files has yet, because the contract grew since, is NULL.

    Args:
        contract: the table's.
        files: paths, or places in S3, for which `httpfs.ready` was called.
        db: where the SELECT will run.
        alike: whether all files are known to have the same columns. Then only those are opened that a statement needs;
            otherwise each is, which takes half a millisecond for every day of a table's history.
        deletes: files that name deleted rows by the place of their file and their position in it. Names of files are
            compared, not places: each has a name of its own, and a table that was moved has other places.
            https://iceberg.apache.org/spec/#position-delete-files
        named: whether the name of each row's file, without its folders, is one more column, `_part`; of files without
            such deletes.
    """
    if not files:
        return f"SELECT {', '.join(map(_null, contract.columns))} WHERE FALSE"
    uris = ", ".join(path_literal(uri) for uri in files)
    options = f"union_by_name = {not alike}, {_partitioning(contract, files)}"
    source = f"read_parquet([{uris}], {options})"
    stored = _columns(contract, source, db)
    columns = ", ".join(_stored(c) if c.name in stored else _null(c) for c in contract.columns)
    if named:
        rows = f"read_parquet([{uris}], {options}, filename = '__file')"
        return f"SELECT {columns}, parse_filename(__file) AS _part FROM {rows}"
    if not deletes:
        return f"SELECT {columns} FROM {source}"
    removed = f"read_parquet([{', '.join(map(path_literal, deletes))}])"
    rows = f"read_parquet([{uris}], {options}, filename = '__file', file_row_number = true) AS r"
    gone = f"SELECT parse_filename(file_path) AS name, pos FROM {removed}"
    at = "parse_filename(r.__file) = d.name AND r.file_row_number = d.pos"
    return f"SELECT {columns} FROM {rows} ANTI JOIN ({gone}) AS d ON {at}"


def _columns(contract: Contract, source: str, db: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of the columns that files have.

    Raises:
        TableDamaged: one of them is gone or spoilt.
    """
    import duckdb

    try:
        return {column[0] for column in db.execute(f"SELECT * FROM {source} LIMIT 0").description}
    except duckdb.Error as error:  # nothing but files is asked
        raise exhausted(error) or TableDamaged(table=contract.catalog_name, problem=first_line(error)) from error


def _partitioning(contract: Contract, files: Sequence[str]) -> str:
    """Return the options that say where partition columns are read.

    Delta has them in the names of folders. Iceberg has them in the files like all other columns; where it names folders
    by days too, DuckDB takes them from there, so that it opens none but the files of the days that are asked for.
    """
    named = contract.partition_by if contract.layer != "gold" else _days_in_folders(contract, files)
    if not named:
        return "hive_partitioning = false"
    # Told, because DuckDB would take the text `007` for a number.
    types = ", ".join(f"'{name}': {in_duckdb(contract.column(name).data_type)}" for name in named)
    return f"hive_partitioning = true, hive_types = {{{types}}}"


def _days_in_folders(contract: Contract, files: Sequence[str]) -> tuple[str, ...]:
    """Return the partition columns of an Iceberg table if all are days, and each file lies in the folder of its own.

    A file of before the table was partitioned does not, nor does one whose day is NULL.
    """
    names = contract.partition_by
    if not names or any(contract.column(name).type != "DATE" for name in names):
        return ()
    folders = re.compile("/" + "/".join(rf"{re.escape(name)}=\d{{4}}-\d\d-\d\d" for name in names) + "/[^/]+$")
    return names if all(folders.search(file) for file in files) else ()


def _null(column: Column) -> str:
    return f'CAST(NULL AS {in_duckdb(column.data_type)}) AS "{column.name}"'


def _stored(column: Column) -> str:
    """Return the expression that reads a column from the files, with moments zone-less."""
    name, kind = f'"{column.name}"', column.data_type
    if kind.name == "TIMESTAMP":
        # By the number of microseconds: DuckDB's own conversion of zones takes longer than reading the column.
        return f"make_timestamp(epoch_us({name})) AS {name}"
    return f"CAST({name} AS {in_duckdb(kind)}) AS {name}" if kind.is_nested else name


def path_literal(uri: str) -> str:
    """Return a literal of exactly this path, escaped: DuckDB would take `*`, `?` and `[` for a pattern.

    In S3 a name is a name (`httpfs.SETTINGS`).
    """
    return _text(uri if is_s3(uri) else GLOB.sub(r"[\g<0>]", uri))


def _text(value: str) -> str:
    """Return the text as a string literal of SQL."""
    return "'" + value.replace("'", "''") + "'"
