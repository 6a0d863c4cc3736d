"""Declare tables once per state of their contract; the hashes of what was declared are kept in the lake.

A run that dies between running and remembering them does no harm: CREATE statements may be run again, and columns to
add are those that the table itself lacks, as its Iceberg metadata in the lake says. A Delta table gets its columns from
the load, and Athena reads them from its log.

The hashes are no proof: somebody may have dropped a table from the catalog. So before anything is declared the catalog
of a lake in S3 is asked, and what it does not know is declared again; an Iceberg table whose files are there is
registered with them, since no CREATE takes a folder that is not empty.
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
from lakehouse_assets.storage.left_tables import register_left
from lakehouse_assets.storage.objects import ObjectStore

STATEMENT_BYTES = 100_000
"""Limits the statements of one answer, which a state machine carries; more tables are due at the next call."""


def due(pipeline: str, lake: Lake, *, is_crawled: bool = False) -> dict[str, Any]:
    """Return statements for the tables whose contract is not the declared one: as many as an answer holds.

    Args:
        pipeline: whose tables.
        lake: where the hashes are kept and the tables lie.
        is_crawled: whether a crawler makes the Delta tables known, so that only those of Iceberg are declared.

    Returns: statements, the hashes of their tables, and done (whether there was nothing to declare).

    Raises:
        ContractBreaking: a gold table's columns do not fit its contract any more.
    """
    declared = _declared(pipeline, lake.store)
    known = contracts(pipeline)
    known.require_sound()
    tables = stored_tables(c for c in known.values() if c.layer == "gold" or not is_crawled)
    hashes = {name: contract_hash(contract) for name, contract in tables.items()}
    changed = [contract for name, contract in tables.items() if declared.get(name) != hashes[name]]
    chosen, size = list[Contract](), 0
    for contract in changed:
        size += len(json.dumps([*declare_statements([contract], lake.uri), *widenings([contract], lake)]))
        if chosen and size > STATEMENT_BYTES:
            break
        chosen.append(contract)
    return {
        "statements": [*declare_statements(chosen, lake.uri), *widenings(chosen, lake)],
        "hashes": {contract.catalog_name: hashes[contract.catalog_name] for contract in chosen},
        "done": not chosen,
    }


def look(pipeline: str, lake: Lake) -> None:
    """Forget tables that the catalog of a lake in S3 does not know any more, and register those that are only lost.

    A lake in a folder has no catalog that Athena reads; its hashes are believed.

    Raises:
        LakehouseError: the catalog cannot be asked, or takes no table.
    """
    declared = _declared(pipeline, lake.store)
    if not lake.is_in_s3 or not declared:
        return
    from lakehouse_assets.storage.glue_names import names_in_glue

    tables = stored_tables(contracts(pipeline).values())
    lost = declared.keys() - names_in_glue(sorted({contract.database for contract in tables.values()}))
    for name in sorted(lost & tables.keys()):
        if tables[name].layer == "gold":
            register_left(lake.store, lake.root, tables[name].database, tables[name].name)
    if lost:
        _keep(pipeline, lake.store, {name: code for name, code in declared.items() if name not in lost})


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
    """Add the contract hashes of tables that Athena has declared to those in the lake."""
    _keep(pipeline, lake, {**_declared(pipeline, lake), **hashes})


def _keep(pipeline: str, lake: ObjectStore, hashes: Mapping[str, str]) -> None:
    lake.put(_key(pipeline), json.dumps(dict(hashes), indent=1, sort_keys=True).encode())


def _declared(pipeline: str, lake: ObjectStore) -> dict[str, str]:
    if lake.stat(_key(pipeline)) is None:
        return {}
    hashes: dict[str, str] = json.loads(lake.read(_key(pipeline)))
    return hashes


def _key(pipeline: str) -> str:
    return f"catalog/{pipeline}.json"
