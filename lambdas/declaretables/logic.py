"""Tables are declared once per state of their contract: the hashes of what was declared are kept in the lake.

Statements are idempotent, so that a run that dies between running and remembering them does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lakehouse_assets.compute.storage import ObjectStore
from lakehouse_assets.contracts import contracts
from lakehouse_assets.sql.ddl import contract_hash, declare_statements


def due(pipeline: str, lake: ObjectStore, lake_root: str) -> dict[str, Any]:
    """Statements for the tables whose contract is not the declared one, and the hashes of all tables.

    Args:
        pipeline: whose tables.
        lake: where the hashes are kept.
        lake_root: URI of the lake, for the tables' locations.
    """
    declared = _declared(pipeline, lake)
    tables = [contract for contract in contracts(pipeline).values() if contract.layer != "landing"]
    hashes = {contract.catalog_name: contract_hash(contract) for contract in tables}
    changed = [c for c in tables if declared.get(c.catalog_name) != hashes[c.catalog_name]]
    return {"statements": declare_statements(changed, lake_root), "hashes": hashes}


def remember(pipeline: str, lake: ObjectStore, hashes: Mapping[str, str]) -> None:
    """Keep the hashes of what Athena has run."""
    lake.put(_key(pipeline), json.dumps(dict(hashes), indent=1, sort_keys=True).encode())


def _declared(pipeline: str, lake: ObjectStore) -> dict[str, str]:
    if lake.stat(_key(pipeline)) is None:
        return {}
    hashes: dict[str, str] = json.loads(lake.read(_key(pipeline)))
    return hashes


def _key(pipeline: str) -> str:
    return f"catalog/{pipeline}.json"
