"""Lambda `LoadSmallBatch` loads one manifest with the embedded engine, as the Glue job would, when it is small."""

from __future__ import annotations

from typing import Any

from lambdas.loadsmallbatch.logic import load_small


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Load a manifest and answer what became of its rows, `{engine, seconds, rows}`; the report is in the run's folder.

    The event holds `run_id`, `pipeline`, `lake` (URI), `fence`, and `arguments`: those of the Glue job, such as
    `{"--run-id": …, "--manifest-uri": …}`.
    """
    return load_small(event["arguments"], event.get("fence"))
