"""Say which tables there are in a lake, and with which columns: as they are written, not as contracts want them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.model import Column
from lakehouse_assets.storage.lake import Lake

WORDS = {"long": "bigint", "integer": "int", "short": "smallint", "byte": "tinyint", "timestamp_ntz": "timestamp"}
"""Maps the words of Delta (https://github.com/delta-io/delta/blob/master/PROTOCOL.md#schema-serialization-format) and
Iceberg (https://iceberg.apache.org/spec/#appendix-c-json-serialization) to those of Athena, where these are others."""


def standing(lake: Lake, tables: Iterable[Contract]) -> list[Contract]:
    """Return those of the tables that the lake holds, ordered by catalog name.

    Raises:
        LakeElsewhere: the lake was copied or moved.
    """
    known = lake.gold_names()
    there = (
        one
        for one in tables
        if (one.catalog_name in known if one.layer == "gold" else lake.store.has_any(f"{lake.key(one)}/_delta_log/"))
    )
    return sorted(there, key=lambda one: one.catalog_name)


def as_it_stands(lake: Lake, contract: Contract) -> Contract:
    """Return a contract with the columns that its table has in the lake, in their order there.

    Units and descriptions are the contract's; a column that it does not know has none.

    Raises:
        TableMissing: the table is not there (yet).
        TableDamaged, LakeElsewhere: its metadata cannot be read.
    """
    wanted = {column.name: column for column in contract.columns}
    written = _iceberg_fields(lake, contract) if contract.layer == "gold" else _delta_fields(lake, contract)
    columns = tuple(
        replace(wanted.get(field["name"]) or _unknown(field["name"]), type=_type(field["type"])) for field in written
    )
    return replace(contract, columns=columns)


def _unknown(name: str) -> Column:
    return Column(name=name, type="STRING", description="")


def _delta_fields(lake: Lake, contract: Contract) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = json.loads(lake.delta(contract).schema().to_json())["fields"]
    return fields


def _iceberg_fields(lake: Lake, contract: Contract) -> list[dict[str, Any]]:
    document = lake.iceberg_document(contract)
    current = document["current-schema-id"]
    fields: list[dict[str, Any]] = next(one for one in document["schemas"] if one["schema-id"] == current)["fields"]
    return fields


def _type(kind: Any) -> str:  # noqa: ANN401 - a word, or an object of JSON
    """Write a type of Delta or Iceberg as Athena's DDL does.

    >>> _type("long"), _type("decimal(18, 2)")
    ('bigint', 'decimal(18,2)')
    >>> _type({"type": "list", "element": {"type": "struct", "fields": [{"name": "id", "type": "long"}]}})
    'array<struct<id:bigint>>'
    """
    if isinstance(kind, str):
        return WORDS.get(kind, kind.replace(" ", ""))
    if kind["type"] == "struct":
        return "struct<" + ",".join(f"{field['name']}:{_type(field['type'])}" for field in kind["fields"]) + ">"
    return f"array<{_type(kind.get('elementType', kind.get('element')))}>"
