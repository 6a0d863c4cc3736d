"""Declare tables once per state of their contract; the hashes of what was declared are kept in the lake.

A run that dies between running and remembering them does no harm: CREATE statements may be run again, and columns to
add are those that the table itself lacks, as its Iceberg metadata in the lake says. A Delta table gets its columns from
the load, and Athena reads them from its log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.changes import reconcile_columns, wider_columns
from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.sql.ddl import contract_hash, declare_statements
from lakehouse_assets.sql.sql_types import in_athena_ddl
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.objects import ObjectStore


def due(pipeline: str, lake: Lake) -> dict[str, Any]:
    """Return statements for the tables whose contract is not the declared one, and the hashes of all tables.

    Args:
        pipeline: whose tables.
        lake: where the hashes are kept and the tables lie.

    Raises:
        ContractBreaking: a gold table's columns do not fit its contract any more.
    """
    declared = _declared(pipeline, lake.store)
    known = contracts(pipeline)
    known.require_sound()
    tables = stored_tables(known.values())
    hashes = {name: contract_hash(contract) for name, contract in tables.items()}
    changed = [contract for name, contract in tables.items() if declared.get(name) != hashes[name]]
    return {"statements": [*declare_statements(changed, lake.uri), *widenings(changed, lake)], "hashes": hashes}


def widenings(tables: Iterable[Contract], lake: Lake) -> list[str]:
    """Return ALTER statements for the Iceberg tables that exist and lack columns or digits which their contracts got.

    https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-alter-table-add-columns.html (its grammar has no
    comments), https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-alter-table-change-column.html

    Raises:
        ContractBreaking: a table cannot simply be given its new columns.
    """
    gold = [(contract, columns_held(contract, lake)) for contract in tables if contract.layer == "gold"]
    return [text for contract, columns in gold if columns for text in _altered(contract, columns)]


def _altered(contract: Contract, held: list[tuple[str, str]]) -> list[str]:
    """Return the statements that one table needs, which holds these columns."""
    table = f"ALTER TABLE `{contract.database}`.`{contract.name}`"
    added = [f"`{column.name}` {in_athena_ddl(column.data_type)}" for column in reconcile_columns(held, contract)]
    return [
        *([f"{table} ADD COLUMNS ({', '.join(added)})"] if added else []),
        *(
            f"{table} CHANGE COLUMN `{column.name}` `{column.name}` {in_athena_ddl(column.data_type)}"
            for column in wider_columns(held, contract)
        ),
    ]


def columns_held(contract: Contract, lake: Lake) -> list[tuple[str, str]]:
    """Return names and types of an Iceberg table's columns by its newest metadata; none when there is no table.

    https://iceberg.apache.org/spec/#table-metadata-fields
    """
    folder = f"{lake.key(contract)}/metadata/"
    files = [item for item in lake.store.list(folder) if item.key.endswith(".metadata.json")]
    if not files:
        return []
    metadata = json.loads(lake.store.read(max(files, key=lambda item: (item.modified, item.key)).key))
    (schema,) = (s for s in metadata["schemas"] if s["schema-id"] == metadata["current-schema-id"])
    return [(field["name"], _spelled(field["type"])) for field in schema["fields"]]


def _spelled(kind: str | Mapping[str, Any]) -> str:
    """Write an Iceberg type as text, such as `list<string>`; in the metadata a list and a struct are objects.

    https://iceberg.apache.org/spec/#appendix-c-json-serialization
    """
    if isinstance(kind, str):
        return kind
    fields = ",".join(f"{field['name']}:{_spelled(field['type'])}" for field in kind.get("fields", ()))
    return f"{kind['type']}<{fields or _spelled(kind.get('element', ''))}>"


def remember(pipeline: str, lake: ObjectStore, hashes: Mapping[str, str]) -> None:
    """Write the contract hashes of the tables that Athena has declared to the lake."""
    lake.put(_key(pipeline), json.dumps(dict(hashes), indent=1, sort_keys=True).encode())


def _declared(pipeline: str, lake: ObjectStore) -> dict[str, str]:
    if lake.stat(_key(pipeline)) is None:
        return {}
    hashes: dict[str, str] = json.loads(lake.read(_key(pipeline)))
    return hashes


def _key(pipeline: str) -> str:
    return f"catalog/{pipeline}.json"
