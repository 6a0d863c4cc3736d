"""Write one ledger row per run that a gold table has caught up with, and the version it was built with.

Both are written under the pipeline's lease.

Branches of one run acknowledge side by side. Each call is a holder of its own, so that none ends the hold of another,
and waits for its turn: a hold lasts as long as one small commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from lakehouse_assets.contracts import Contract, contract
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.engines.iceberg import MODEL, without_retries
from lakehouse_assets.engines.iceberg_commit import note
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import LeaseHeld
from lakehouse_assets.load.ledger import acknowledge, know_version
from lakehouse_assets.sql.model_version import read_version
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.lease import Lease

PATIENCE_SECONDS = 150.0
"""How long a call waits for its turn: a hold that nobody renews has expired by then (`core.lease.EXPIRE_SECONDS`)."""
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Acknowledgement:
    """State that the gold table `model` has caught up with `runs`; `run_id` states it at its `as_of`.

    `version` is the one of its model that it was built with (`ModelVersion.text`); None leaves what is noted as it is.
    """

    pipeline: str
    model: str
    runs: tuple[str, ...]
    run_id: str
    as_of: datetime
    lake: Lake
    version: str | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read an acknowledgement from a Lambda event."""
        known = {name: event[name] for name in ("pipeline", "model", "run_id")}
        return cls(
            **known,
            lake=open_lake(event["lake"]),
            runs=tuple(event["runs"]),
            as_of=datetime.fromisoformat(event["as_of"]),
            version=event.get("version"),
        )


def acknowledge_model(said: Acknowledgement) -> dict[str, Any]:
    """Write the acknowledgement's ledger rows; rows that are there already stay as they are.

    Raises:
        LeaseHeld: another run holds the pipeline, or another branch of this one for too long.
        CommitConflict: another commit came first; nothing was written.
    """
    gold = contract(said.pipeline, said.model)
    ledger = contract(said.pipeline, control_name(said.pipeline, "run_ledger"))
    with in_turn(said) as lease:
        note_version(said, ledger, gold, lease.check)
        acknowledge(ledger, said.lake, gold, said.runs, said.run_id, said.as_of.astimezone(UTC), lease.check)
    return {"acknowledged": list(said.runs)}


def note_version(said: Acknowledgement, ledger: Contract, gold: Contract, guard: Guard) -> None:
    """Note the version in the table and in the ledger, where it is another one than the table notes.

    Athena has committed the rows before, in a commit of its own: a run that dies in between leaves the version of
    before, and the table is built whole once more.
    """
    version = read_version(said.version)
    table = said.lake.iceberg(gold) if version else None
    if version is None or table is None or read_version(table.properties.get(MODEL)) == version:
        return
    note(gold, without_retries(gold, table), {MODEL: version.text}, guard)
    know_version(ledger, said.lake, gold, version.code, said.run_id, said.as_of.astimezone(UTC), guard)


def in_turn(said: Acknowledgement) -> Lease:
    """Acquire the pipeline's lease for this call alone, once no other part of the run holds it.

    Raises:
        LeaseHeld: as `acknowledge_model`.
    """
    lease, name = Lease(said.lake.store, said.pipeline), f"{said.run_id} {said.model} {uuid4().hex}"
    waiting = Retrying(
        retry=retry_if_exception(lambda error: _is_own(error, said.run_id)),
        stop=stop_after_delay(PATIENCE_SECONDS),
        wait=wait_random(PAUSE_SECONDS / 2, PAUSE_SECONDS),  # spreads the branches
        reraise=True,
    )
    return waiting(lease.acquire, name)


def _is_own(error: BaseException, run_id: str) -> bool:
    """Say whether another part of this run holds the lease, whose hold ends soon."""
    return isinstance(error, LeaseHeld) and error.facts["holder"].split(" ")[0] == run_id
