"""Lambda `RenderModel` writes the MERGE that brings a gold table up to date, with the touched values as literals."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.lake import open_lake
from lambdas.rendermodel.logic import Asked, render_model


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Answer `{statement, has_statement, runs, version, why}`.

    The event holds `pipeline`, `model` (`gold.sales`), `lake` (URI), and `source_timezone`, whose days local dates are;
    `run_id` when the list of runs shall lie in the run's folder, and `whole` to build the table whole in any case.
    """
    whose = event["pipeline"], event["model"], event["source_timezone"]
    return render_model(Asked(*whose, event.get("run_id"), bool(event.get("whole"))), open_lake(event["lake"]))
