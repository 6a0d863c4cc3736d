"""Say in Trino's SQL what Athena's DDL asks for; queries need no saying, Trino reads them as they are."""

from __future__ import annotations

import re

from .athena_ddl import Column, Ddl
from .athena_text import split

RENAMED = {"string": "varchar", "int": "integer", "float": "real", "timestamp": "timestamp(6)", "binary": "varbinary"}


def in_trino(ddl: Ddl, database: str) -> list[str]:
    """Return the statements that do what a DDL statement asks for, on tables; databases are Glue's alone.

    Args:
        ddl: what is asked for.
        database: that of a table that is named without one.
    """
    schema, table = ddl.name if len(ddl.name) == 2 else (database, *ddl.name)
    if ddl.verb == "create delta":
        return [
            f"CALL delta.system.register_table({text(schema)}, {text(table)}, {text((ddl.location or '').rstrip('/'))})"
        ]
    if ddl.verb == "create iceberg":
        columns = ", ".join(column(one) for one in ddl.columns)
        missing = "IF NOT EXISTS " if ddl.if_exists else ""
        return [f"CREATE TABLE {missing}iceberg.{quoted(schema)}.{quoted(table)} ({columns}) WITH ({storage(ddl)})"]
    if ddl.verb == "add columns":
        return [f"ALTER TABLE iceberg.{quoted(schema)}.{quoted(table)} ADD COLUMN {column(one)}" for one in ddl.columns]
    if ddl.verb == "change column":
        (one,) = ddl.columns
        change = f"ALTER COLUMN {quoted(one.name)} SET DATA TYPE {kind(one.kind)}"
        return [f"ALTER TABLE iceberg.{quoted(schema)}.{quoted(table)} {change}"]
    missing = "IF EXISTS " if ddl.if_exists else ""
    return [f"DROP TABLE {missing}awsdatacatalog.{quoted(schema)}.{quoted(table)}"]


def storage(ddl: Ddl) -> str:
    """Return the properties of an Iceberg table."""
    given = dict(ddl.properties)
    parts = [
        f"format = {text(given.get('format', 'parquet').upper())}",
        f"location = {text((ddl.location or '').rstrip('/'))}",
    ]
    if ddl.partitions:
        parts.append(f"partitioning = ARRAY[{', '.join(text(partition(one)) for one in ddl.partitions)}]")
    return ", ".join(parts)


def partition(spelt: str) -> str:
    """Return a partition as Trino spells it: arguments of a transform in the other order.

    >>> partition("bucket(16, id)"), partition("day(at)"), partition("date")
    ('bucket(id, 16)', 'day(at)', 'date')
    """
    found = re.fullmatch(r"(\w+)\((\d+), (\w+)\)", spelt)
    return f"{found[1]}({found[3]}, {found[2]})" if found else spelt


def column(one: Column) -> str:
    """Return a column's definition."""
    said = f" COMMENT {text(one.comment)}" if one.comment else ""
    return f"{quoted(one.name)} {kind(one.kind)}{said}"


def kind(hive: str) -> str:
    """Return a type as Trino spells it.

    >>> kind("array<struct<id:int,on:date>>"), kind("map<string,decimal(9,2)>")
    ('array(row("id" integer, "on" date))', 'map(varchar, decimal(9,2))')
    """
    nested = re.fullmatch(r"(array|map|struct)<(.*)>", hive)
    if not nested:
        return RENAMED.get(hive, hive)
    parts = split(nested[2].replace("<", "(<").replace(">", ">)"))
    inside = [part.replace("(<", "<").replace(">)", ">") for part in parts]
    if nested[1] == "struct":
        fields = (field.partition(":") for field in inside)
        return "row(" + ", ".join(f"{quoted(name)} {kind(of)}" for name, _, of in fields) + ")"
    return f"{nested[1]}({', '.join(kind(one) for one in inside)})"


def quoted(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Write a literal."""
    return "'" + value.replace("'", "''") + "'"
