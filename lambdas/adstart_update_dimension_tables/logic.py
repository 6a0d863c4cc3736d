"""Say what a pull of a list brought."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.affise.endpoints import Endpoint
from lakehouse_assets.affise.notes import SliceManifest


def answer(endpoint: Endpoint, made: SliceManifest | None) -> dict[str, Any]:
    """Return the function's answer: records of the list, how many are gone from it, and why it could not be counted."""
    if made is None:
        return {"token": endpoint.name, "done": False}
    return {
        "lists": {made.endpoint: made.distinct},
        "gone": {made.endpoint: made.gone.records} if made.gone else {},
        "missed": {made.endpoint: made.missed.records} if made.missed else {},
        "warnings": [f"{made.endpoint}: {made.warning}"] if made.warning else [],
        "records": made.records,
        "token": None,
        "done": True,
    }
