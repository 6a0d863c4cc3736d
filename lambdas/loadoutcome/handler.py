"""Lambda `LoadOutcome` says what the load of a run left for later steps to know."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder
from lambdas.loadoutcome.logic import outcome


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Return the outcome that the load of a run reported; the event holds `pipeline`, `run_id` and `lake` (URI)."""
    return outcome(RunFolder(open_store(event["lake"], create=False), event["pipeline"], event["run_id"]))
