"""Write one ledger row per run that a gold table has caught up with, and the version it was built with.

Both are written under the pipeline's lease: branches of one execution acknowledge side by side, and join its hold.
Where two of them commit to the ledger at once, one tries again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import orjson
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from lakehouse_assets.compute.reports import ModelReport, model_piece
from lakehouse_assets.contracts import Contract, contract
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.engines.iceberg import MODEL, without_retries
from lakehouse_assets.engines.iceberg_commit import note, rows_noted
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import CommitConflict, TableMissing
from lakehouse_assets.load.ledger import acknowledge, know_version
from lakehouse_assets.sql.model_version import read_version
from lakehouse_assets.storage.adapters import adapter_of
from lakehouse_assets.storage.held import holding
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.runs import RunFolder

PATIENCE_SECONDS = 60.0
"""How long a call tries to commit beside other branches, of which each needs one small commit."""
PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Rendered:
    """Hold what `RenderModel` kept of a table: runs to acknowledge, and what of it is built (see `ModelReport`)."""

    runs: tuple[str, ...]
    window: tuple[str, ...] = ()
    is_whole: bool = False
    rebuilt: str = ""


@dataclass(frozen=True)
class Acknowledgement:
    """State that the gold table `model` has caught up with runs; `run_id` states it at its `as_of`.

    Attributes:
        version: of the model that the table was built with (`ModelVersion.text`); None leaves what is noted as it is.
        fence: of the execution's hold; None where the call holds the pipeline by itself.
        statistics: Athena's of the MERGE; empty when nothing was built.
    """

    pipeline: str
    model: str
    rendered: Rendered
    run_id: str
    as_of: datetime
    lake: Lake
    version: str | None = None
    fence: int | None = None
    statistics: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read an acknowledgement from a Lambda event, whose `runs` are a list or the key of one in the lake."""
        known, lake = {name: event[name] for name in ("pipeline", "model", "run_id")}, open_lake(event["lake"])
        runs = event["runs"]
        listed = orjson.loads(lake.store.read(runs)) if isinstance(runs, str) else {"runs": runs}
        return cls(
            **known,
            lake=lake,
            rendered=adapter_of(Rendered).validate_python(listed),
            as_of=datetime.fromisoformat(event["as_of"]),
            version=event.get("version"),
            fence=event.get("fence"),
            statistics=event.get("statistics") or {},
        )


def acknowledge_model(said: Acknowledgement) -> dict[str, Any]:
    """Write the acknowledgement's ledger rows; rows that are there already stay as they are.

    Returns: acknowledged (how many runs). What was built is kept as the table's piece in the run's folder.

    Raises:
        LeaseHeld: another run holds the pipeline.
        FenceLost: the hold of this one is over.
        CommitConflict: other commits came first for too long; nothing was written.
    """
    gold = contract(said.pipeline, said.model)
    ledger = contract(said.pipeline, control_name(said.pipeline, "run_ledger"))
    runs, clock = said.rendered.runs, said.as_of.astimezone(UTC)
    trying = Retrying(
        retry=retry_if_exception_type(CommitConflict),
        stop=stop_after_delay(PATIENCE_SECONDS),
        wait=wait_random(0, PAUSE_SECONDS),  # spreads the branches
        reraise=True,
    )
    with holding(said.lake.store, said.pipeline, said.run_id, said.fence) as lease:
        trying(note_version, said, ledger, gold, lease.check)
        trying(acknowledge, ledger, said.lake, gold, runs, said.run_id, clock, lease.check)
    RunFolder(said.lake.store, said.pipeline, said.run_id).keep(model_piece(gold.name), built(said, gold))
    return {"acknowledged": len(runs)}


def built(said: Acknowledgement, gold: Contract) -> ModelReport:
    """Return what the MERGE did, by the table's newest snapshot, where an updated row counts as deleted and inserted.

    https://iceberg.apache.org/spec/#optional-snapshot-summary-fields
    """
    rendered, table, summary = said.rendered, None, dict[str, str]()
    with suppress(TableMissing):  # nothing of it was touched ever
        table = said.lake.iceberg(gold)
    snapshot = table.current_snapshot() if table else None
    if said.statistics and snapshot and snapshot.summary:
        summary = dict(snapshot.summary.additional_properties)
    removed = sum(int(summary.get(name) or 0) for name in ("deleted-records", "added-position-deletes"))
    return ModelReport(
        inserted=int(summary.get("added-records") or 0),
        deleted=removed,
        rows=rows_noted(table) if table else 0,
        added_bytes=int(summary.get("added-files-size") or 0),
        acknowledged=rendered.runs,
        seconds=int(said.statistics.get("EngineExecutionTimeInMillis") or 0) / 1000,
        engine="athena",
        rebuilt=rendered.rebuilt,
        window=rendered.window,
        is_whole=rendered.is_whole,
    )


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
