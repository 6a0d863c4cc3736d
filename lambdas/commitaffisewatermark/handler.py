"""Lambda `CommitAffiseWatermark` notes, once silver has committed a run's pages, up to when changes are known."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.affise import watermark
from lakehouse_assets.core.manifest import utc_moment
from lakehouse_assets.storage.opening import open_store


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Move the watermark to the run's clock; it never goes back.

    The event holds `lake` (URI), `as_of`, and `pull` and `mode` as the run was asked (`core.request`).
    """
    store, as_of = open_store(event["lake"], create=False), utc_moment(event["as_of"])
    if event.get("mode", "load") != "load" or event.get("pull") == "intraday":  # it has pulled no changes
        return {}
    is_sweep = event.get("pull") == "sweep" or watermark.is_sweep_due(watermark.read(store), as_of)
    moved = watermark.advance(store, as_of, is_sweep=is_sweep)
    return {"changes": moved.changes.isoformat(), "sweep": moved.sweep and moved.sweep.isoformat()}
