"""One row per run that a gold table has caught up with, written under the pipeline's lease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from lakehouse_assets.compute.lease import Lease
from lakehouse_assets.compute.storage import open_store
from lakehouse_assets.contracts import contract
from lakehouse_assets.load.ledger import acknowledge


@dataclass(frozen=True)
class Acknowledgement:
    """The gold table `model` has caught up with `runs`; said by `run_id` at its `as_of`."""

    pipeline: str
    model: str
    runs: tuple[str, ...]
    run_id: str
    as_of: datetime
    lake: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """From a Lambda event."""
        known = {name: event[name] for name in ("pipeline", "model", "run_id", "lake")}
        return cls(**known, runs=tuple(event["runs"]), as_of=datetime.fromisoformat(event["as_of"]))


def acknowledge_model(said: Acknowledgement) -> dict[str, Any]:
    """Write it; rows that are there already stay as they are.

    Raises:
        LeaseHeld: another run holds the pipeline.
        CommitConflict: another commit came first; nothing was written.
    """
    gold, ledger = contract(said.pipeline, said.model), contract(said.pipeline, f"side.{said.pipeline}_run_ledger")
    with Lease(open_store(said.lake), said.pipeline).acquire(said.run_id) as lease:
        acknowledge(ledger, said.lake, gold, said.runs, said.run_id, said.as_of.astimezone(UTC), lease.check)
    return {"acknowledged": list(said.runs)}
