"""Make Athena's CREATE statements for Delta and Iceberg tables from contracts.

Belongs here: text in, text out. Not here: running it, and making the Delta tables (`engines/delta.py` does), which
Athena only registers.
Athena's DDL is Hive's: backticks and lower-case types, while its queries take double quotes.
Delta in Athena: https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
Iceberg in Athena: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from lakehouse_assets.contracts.layers import stored_tables, table_location
from lakehouse_assets.contracts.model import Column, Contract
from lakehouse_assets.sql.sql_types import in_athena_ddl

ATHENA_DELTA_PROPERTIES = {"table_type": "DELTA"}
ATHENA_ICEBERG_PROPERTIES = {"table_type": "ICEBERG", "format": "parquet", "write_compression": "zstd"}

TYPOGRAPHIC = "\N{RIGHT SINGLE QUOTATION MARK}"


def athena_delta_ddl(contract: Contract, location: str) -> str:
    """Return the statement that registers an existing Delta table; Athena reads columns and partitions from its log."""
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {_table(contract)}\n"
        f"LOCATION {_literal(_folder(location))}\n"
        f"TBLPROPERTIES ({_properties(ATHENA_DELTA_PROPERTIES)})"
    )


def athena_iceberg_ddl(contract: Contract, location: str) -> str:
    """Return the CREATE TABLE of an Iceberg table; Athena's grammar has neither NOT NULL nor a comment on the table."""
    columns = ",\n".join(f"  {_athena_column(column)}" for column in contract.columns)
    clauses = (
        f"CREATE TABLE IF NOT EXISTS {_table(contract)} (\n{columns}\n)",
        *_partitions(contract),
        f"LOCATION {_literal(_folder(location))}",
        f"TBLPROPERTIES ({_properties(ATHENA_ICEBERG_PROPERTIES)})",
    )
    return "\n".join(clauses)


def declare_statements(contracts: Iterable[Contract], lake_root: str) -> list[str]:
    """Return the statements that declare all tables: databases first, then tables by name; landing has none.

    All of them may be run again. A Delta table must exist at its location before Athena can register it.
    """
    tables = stored_tables(contracts).values()
    databases = sorted({c.database for c in tables})
    return [
        *(f"CREATE DATABASE IF NOT EXISTS {_quoted(database)}" for database in databases),
        *(_declaration(contract, table_location(contract, lake_root)) for contract in tables),
    ]


def contract_hash(contract: Contract) -> str:
    """Return the SHA-256 (hex) of everything the contract says, descriptions included since they become comments."""
    return hashlib.sha256(json.dumps(asdict(contract), sort_keys=True).encode()).hexdigest()


def _declaration(contract: Contract, location: str) -> str:
    render = athena_iceberg_ddl if contract.layer == "gold" else athena_delta_ddl
    return render(contract, location)


def _athena_column(column: Column) -> str:
    return f"{_quoted(column.name)} {in_athena_ddl(column.data_type)} COMMENT {_literal(column.description)}"


def _partitions(contract: Contract) -> tuple[str, ...]:
    """Return the PARTITIONED BY clause if the contract asks for partitions, as a list of one clause or none."""
    names = contract.partition_by
    return (f"PARTITIONED BY ({', '.join(map(_quoted, names))})",) if names else ()


def _table(contract: Contract) -> str:
    return f"{_quoted(contract.database)}.{_quoted(contract.name)}"


def _folder(location: str) -> str:
    return f"{location.rstrip('/')}/"


def _properties(properties: Mapping[str, str]) -> str:
    return ", ".join(f"{_literal(name)} = {_literal(value)}" for name, value in properties.items())


def _quoted(name: str) -> str:
    """Quote an identifier, also one that is a reserved word or begins with an underscore.

    >>> _quoted("date")
    '`date`'
    """
    return "`" + name.replace("`", "``") + "`"


def _literal(text: str) -> str:
    """Write a string literal on one line.

    No page of Athena's says how its DDL escapes an apostrophe, so a text's apostrophe becomes the typographic one.

    >>> _literal("The run's clock") == f"'The run{TYPOGRAPHIC}s clock'"
    True
    """
    return "'" + " ".join(text.split()).replace("\\", "/").replace("'", TYPOGRAPHIC) + "'"
