"""Lambda `PlanRun`: the first step of a run; writes the manifest and answers what there is to do."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.opening import open_store
from lambdas.planrun.logic import PlanRequest, plan


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Plan a run; the event holds the fields of `PlanRequest`, and `landing` and `lake` (URIs)."""
    lake = open_lake(event["lake"])
    lake.create()
    landing = open_store(event["landing"], create=event.get("mode", "load") != "load")
    return plan(PlanRequest.from_event(event), landing, lake)
