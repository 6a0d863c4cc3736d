"""Queue runs, and refuse a run whose request makes no sense before the run starts.

Dagster's configuration knows types and vocabularies, but no ranges and no dates. What it lets through is held here
against the one declaration of a request, for runs of the UI, of schedules and of sensors alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster._core.run_coordinator.base import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

from lakehouse_assets.core.request import parse_request
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.graph.pipeline import PLAN_OP
from lakehouse_assets.graph.process import PIPELINE_TAG, REFUSED_TAG
from lakehouse_assets.graph.queue import runs_ahead, waiting_words
from lakehouse_assets.graph.request_config import given_config


class CheckedRunCoordinator(QueuedRunCoordinator[Any]):
    """Check each run against `core.request.RunRequest` before Dagster queues it; dagster.yaml names this class."""

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Queue a run.

        Raises:
            RequestRefusedError: it asks for something that is not allowed; it will not start.
        """
        try:
            for config in requests_in(context.dagster_run.run_config):
                parse_request(config)
        except BadRequest as error:
            # Imported here, because every command opens this queue and what the UI needs takes half a second to import.
            from lakehouse_assets.graph.refusal import RequestRefusedError

            # Whoever asked is answered right here; nobody else need be told.
            self._instance.add_run_tags(context.dagster_run.run_id, {REFUSED_TAG: "true"})
            raise RequestRefusedError(str(error)) from None
        queued = super().submit_run(context)
        self._tell_what_it_waits_for(queued)
        return queued

    def _tell_what_it_waits_for(self, run: dg.DagsterRun) -> None:
        pipeline = run.tags.get(PIPELINE_TAG)
        ahead = runs_ahead(self._instance, pipeline, apart=run.run_id) if pipeline else []
        if pipeline and ahead:
            self._instance.report_engine_event(waiting_words(pipeline, ahead), run)


def requests_in(run_config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the requests in a run's configuration, which are what its planning steps are given."""
    for op, given in (run_config.get("ops") or {}).items():
        if PLAN_OP.fullmatch(op) and isinstance(given, Mapping):
            yield given_config(given.get("config") or {})
