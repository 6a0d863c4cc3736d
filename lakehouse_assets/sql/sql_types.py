"""Write column types in the SQL of each dialect."""

from __future__ import annotations

from lakehouse_assets.contracts.types import ColumnType

RENAMED = {"STRING": "VARCHAR"}
"""Maps contract types to the other name that they have in Athena's queries and in DuckDB."""


def in_athena(kind: ColumnType) -> str:
    """Write a type as Athena's queries do, and so our SQL; sqlglot carries it to the other dialects.

    >>> in_athena(ColumnType("ARRAY", element=ColumnType("STRING")))
    'ARRAY(VARCHAR)'
    >>> in_athena(ColumnType("STRUCT", fields=(("price", ColumnType("DECIMAL", 18, 6)),)))
    'ROW("price" DECIMAL(18,6))'
    """
    if kind.element:
        return f"ARRAY({in_athena(kind.element)})"
    if kind.fields:
        return "ROW(" + ", ".join(f'"{name}" {in_athena(field)}' for name, field in kind.fields) + ")"
    return RENAMED.get(kind.name, str(kind))


def in_athena_ddl(kind: ColumnType) -> str:
    """Write a type as Athena's CREATE TABLE does, which is Hive's way: lower case, no blanks.

    >>> in_athena_ddl(ColumnType("STRUCT", fields=(("id", ColumnType("BIGINT")), ("on", ColumnType("DATE")))))
    'struct<id:bigint,on:date>'
    """
    return str(kind).lower().replace(" ", "")


def in_duckdb(kind: ColumnType) -> str:
    """Write a type as DuckDB does.

    >>> in_duckdb(ColumnType("ARRAY", element=ColumnType("STRING")))
    'VARCHAR[]'
    """
    if kind.element:
        return f"{in_duckdb(kind.element)}[]"
    if kind.fields:
        return "STRUCT(" + ", ".join(f'"{name}" {in_duckdb(field)}' for name, field in kind.fields) + ")"
    return RENAMED.get(kind.name, str(kind))
