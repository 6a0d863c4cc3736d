"""Lambda `CommitAffiseWatermark` notes, once silver has committed a run's pages, up to when changes are known."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.affise import calls, open_runs, watermark
from lakehouse_assets.affise.opening import INTRADAY, is_pulled
from lakehouse_assets.core.manifest import utc_moment
from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.opening import open_store


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Move the watermark to the run's clock, which its pull began by; it never goes back.

    Between two ticks it stays where it is, since nobody asked for changes; a replay has pulled nothing.

    The event holds `lake` (URI), `run_id`, `as_of`, `is_sweep` (whether the run has pulled all that may still change),
    `open_runs` (earlier runs whose pages were loaded too), and `pull` and `mode` as the run is asked (`core.request`).
    """
    store, as_of = open_store(event["lake"], create=False), utc_moment(event["as_of"])
    if not is_pulled(event):
        return {}
    runs = [*event["open_runs"], event["run_id"]]
    open_runs.end(store, runs)
    calls.end(store, runs)
    if event.get("pull") == INTRADAY:
        return {}
    moved = watermark.advance(store, as_of, is_sweep=event["is_sweep"])
    return {"changes": moved.changes.isoformat(), "sweep": moved.sweep and moved.sweep.isoformat()}
