"""Lambda `export-sub5-report` writes the report of a run's days as a CSV file."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.lake import open_lake
from lambdas.export_sub5_report.logic import export, window_of


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Write the report, a copy under the run's id and `latest`; an error is raised, never put into a body.

    The event holds `run_id`, `pipeline`, `lake` (URI) and `window`. The report is of the seven days that end with the
    window's last one, or with a `date`; then `latest` stays as it is, and so it does where a later day has a report.
    """
    lake, by_hand = open_lake(event["lake"]), event.get("date") is not None
    return export(lake, event["pipeline"], event["run_id"], window_of(event), by_hand=by_hand)
