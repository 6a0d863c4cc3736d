"""Lambda `DeclareTables` says which CREATE statements Athena has to run; it is called again with `declared` after."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.lake import open_lake
from lambdas.declaretables.logic import due, look, remember


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Answer `{statements, hashes, done}`; whoever has run them calls again with `declared`, the hashes, until `done`.

    The event holds `pipeline`, `lake` (URI), and `declared` afterwards; `catalog` is `crawler` where a crawler makes
    silver known.
    """
    lake = open_lake(event["lake"])
    lake.create()
    if event.get("declared") is None:
        look(event["pipeline"], lake)
    else:
        remember(event["pipeline"], lake.store, event["declared"])
    return due(event["pipeline"], lake, is_crawled=event.get("catalog") == "crawler")
