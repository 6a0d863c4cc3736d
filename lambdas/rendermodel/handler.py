"""Lambda `RenderModel` writes the MERGE that brings a gold table up to date, with the touched values as literals."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.lake import open_lake
from lambdas.rendermodel.logic import render_model


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Answer `{statement, has_statement, runs, version}`.

    The event holds `pipeline`, `model` (`gold.sales`), `lake` (URI), and `source_timezone`, whose days local dates are;
    `run_id` when the list of runs shall lie in the run's folder.
    """
    lake, run_id = open_lake(event["lake"]), event.get("run_id")
    return render_model(event["pipeline"], event["model"], lake, event["source_timezone"], run_id)
