"""Types of columns in the SQL of each dialect: text in, text out."""

from __future__ import annotations

from lakehouse_assets.contracts.types import ColumnType

RENAMED = {"STRING": "VARCHAR"}
"""Types whose name in Athena's queries and in DuckDB is another one than in contracts."""


def in_athena(kind: ColumnType) -> str:
    """As Athena's queries write it, and so our SQL; sqlglot carries it to the other dialects.

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
    """As Athena's CREATE TABLE writes it, which is Hive's: lower case, no blanks.

    >>> in_athena_ddl(ColumnType("STRUCT", fields=(("id", ColumnType("BIGINT")), ("on", ColumnType("DATE")))))
    'struct<id:bigint,on:date>'
    """
    return str(kind).lower().replace(" ", "")


def in_duckdb(kind: ColumnType) -> str:
    """As DuckDB writes it.

    >>> in_duckdb(ColumnType("ARRAY", element=ColumnType("STRING")))
    'VARCHAR[]'
    """
    if kind.element:
        return f"{in_duckdb(kind.element)}[]"
    if kind.fields:
        return "STRUCT(" + ", ".join(f'"{name}" {in_duckdb(field)}' for name, field in kind.fields) + ")"
    return RENAMED.get(kind.name, str(kind))
