"""Lambda `DeclareTables` says which CREATE statements Athena has to run; it is called again with `declared` after."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.lake import open_lake
from lambdas.declaretables.logic import due, remember


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Answer `{statements, hashes}`; the event holds `pipeline`, `lake` (URI), and `declared` (hashes) afterwards."""
    lake = open_lake(event["lake"])
    lake.create()
    if event.get("declared") is not None:
        remember(event["pipeline"], lake.store, event["declared"])
    return due(event["pipeline"], lake)
