"""Lambda `RenderModel` writes the MERGE that brings a gold table up to date, with the touched values as literals."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.lake import open_lake
from lambdas.rendermodel.logic import render_model


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Answer `{statement, runs, version}`.

    The event holds `pipeline`, `model` (`gold.sales`), `lake` (URI), and `source_timezone`, whose days local dates are.
    """
    return render_model(event["pipeline"], event["model"], open_lake(event["lake"]), event["source_timezone"])
