"""Read what Dagster's history knows of a check: the latest record that says something, and since when a result stands.

Dagster keeps three states only; a check that raised stays planned, and one whose step was never reached too. So the
run is looked at: a step that was never reached changed nothing, and the record before it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord as Record

LOOKED_BACK = (2, 8, 90)
"""How many records of one check are read at a time, until one says something: mostly the latest does, or the one before
it. Where a hundred runs did not reach the check, nothing is known of it.
"""
SINCE, FOUND_IN = "unchanged_since", "found_in_run"
"""Name the metadata of a result that is said again: when and in which run it was found."""
KNOWN = "known_since"
"""Names the metadata of a result that was found anew and is as bad as before: since when that is known, and told."""


@dataclass(frozen=True)
class Found:
    """Hold where a result comes from: the run that found it, when, as a timestamp, and whether a machine made it."""

    run_id: str
    at: float
    by_machine: bool = False


def latest_record(instance: dg.DagsterInstance, key: dg.AssetCheckKey, apart: str | None = None) -> Record | None:
    """Return the latest record of a check, passing over records of steps that a finished run never reached.

    Args:
        instance: the history.
        key: the check.
        apart: a run whose records do not count.
    """
    past = _latest_first(instance, key)
    return next((record for record in past if record.run_id != apart and not is_skipped(instance, record)), None)


def _latest_first(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> Iterator[Record]:
    cursor = None
    for size in LOOKED_BACK:
        past = instance.event_log_storage.get_asset_check_execution_history(key, limit=size, cursor=cursor)
        yield from past
        if len(past) < size:
            return
        cursor = past[-1].id


def is_skipped(instance: dg.DagsterInstance, record: Record) -> bool:
    """Say whether a finished run, or one that is gone, planned the check and never reached its step."""
    if record.status.value != "PLANNED":
        return False
    run = instance.get_run_by_id(record.run_id)
    if run is None or not run.is_finished:
        return run is None
    step = record.event.step_key if record.event else None
    begun = {stats.step_key for stats in instance.get_run_step_stats(record.run_id) if stats.start_time}
    return step not in begun


def evaluation_of(record: Record | None) -> dg.AssetCheckEvaluation | None:
    """Return the result in a record; None without a record, and where the check was not answered."""
    event = record.event.dagster_event if record and record.event else None
    evaluated = record is not None and record.status.value in {"SUCCEEDED", "FAILED"}
    return event.asset_check_evaluation_data if event and evaluated else None


def found(record: Record, evaluation: dg.AssetCheckEvaluation) -> Found:
    """Say where the result of a record was found: in its own run, or in the one whose result it only says again."""
    since, run = (evaluation.metadata.get(name) for name in (SINCE, FOUND_IN))
    if since is None or run is None:
        at = record.event.timestamp if record.event else record.create_timestamp
        told = evaluation.metadata.get("run_id")  # of a run of a state machine, which Dagster did not make
        return Found(record.run_id or str(told.value if told else ""), at, by_machine=not record.run_id)
    at = datetime.fromisoformat(str(since.value)).timestamp()
    return Found(str(run.value), at, by_machine=isinstance(run, dg.TextMetadataValue))


def standing_metadata(where: Found) -> dict[str, dg.MetadataValue[Any]]:
    """Return the metadata that marks a result as said again."""
    at = datetime.fromtimestamp(where.at, UTC).isoformat(" ", "microseconds")
    known = dg.MetadataValue.text(where.run_id) if where.by_machine else dg.MetadataValue.dagster_run(where.run_id)
    return {SINCE: dg.MetadataValue.text(at), FOUND_IN: known}
