"""Read what Dagster's history knows of the builds of a table: why the latest one failed, if it did.

Dagster keeps no state of that: it plans the materializations of a run when it starts, and a step that failed, or was
never reached, leaves the plan. So the run is looked at, as for a check (`graph/check_history`).
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

LOOKED_BACK = 100
"""Limits how many runs are looked at when the latest ones did not reach a table's step."""


def failed_builds(instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey]) -> dict[dg.AssetKey, tuple[str, str]]:
    """Return tables whose latest build failed: the run, and what it said.

    A build that goes on counts for nothing yet, and so does a run that did not reach the table's step.
    """
    found: dict[dg.AssetKey, tuple[str, str]] = {}
    for record in instance.get_asset_records(list(keys)):
        entry = record.asset_entry
        latest = entry.last_materialization
        if entry.last_run_id is not None and (latest is None or latest.run_id != entry.last_run_id):
            failed = _failed(instance, entry.asset_key, after=entry.last_materialization_storage_id)
            found |= {entry.asset_key: failed} if failed else {}
    return found


def _failed(instance: dg.DagsterInstance, key: dg.AssetKey, after: int | None) -> tuple[str, str] | None:
    """Return run and words of the latest build since the last one that went well."""
    planned = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, key, after_cursor=after)
    for record in instance.event_log_storage.get_event_records(planned, limit=LOOKED_BACK):
        entry = record.event_log_entry
        run = instance.get_run_by_id(entry.run_id)
        step = entry.dagster_event.step_key if entry.dagster_event else None
        stats = next(iter(instance.get_run_step_stats(entry.run_id, [step] if step else [])), None)
        if run is None or not run.is_finished or stats is None or not stats.start_time:
            continue
        is_built = stats.status is not None and stats.status.value in {"SUCCESS", "SKIPPED"}
        return None if is_built else (entry.run_id, _words(instance, entry.run_id, step))
    return None


def _words(instance: dg.DagsterInstance, run_id: str, step: str | None) -> str:
    """Return what the step's failure says; a step without one was ended with its process."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    for event in (record.event_log_entry.dagster_event for record in records):
        if event is not None and event.step_key == step:
            data = event.step_failure_data
            told = data.user_failure_data.description if data.user_failure_data else None
            return told or (data.error.message.strip() if data.error else "it failed without an error")
    return "its process ended"
