"""Find out from the lake's tables what earlier runs left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import control_tables, seeds
from lakehouse_assets.engines.reference import outdated
from lakehouse_assets.load.control_tables import PENDING_DAYS, ControlTable
from lakehouse_assets.load.ledger import OpenLedger
from lakehouse_assets.load.model_states import ModelState
from lakehouse_assets.storage.lake import Lake


@dataclass(frozen=True)
class LeftOver:
    """Count the work that needs no new file.

    Attributes:
        pending: rows that wait for a parent.
        due: those of them that have waited long enough to be rejected.
        unacknowledged: earlier runs that some gold table has not caught up with.
        references: reference tables that do not hold their seed yet.
        models: gold tables that have to be built whole, and why.
        oldest: time of the oldest file that a waiting row is of; None without such rows.
        is_checked: whether a run has passed its checks in this week, which begins on Monday (UTC).
    """

    pending: int
    due: int
    unacknowledged: int
    references: tuple[str, ...]
    models: dict[str, str]
    oldest: datetime | None
    is_checked: bool

    @property
    def is_due(self) -> bool:
        """Say whether any of this work is to be done now.

        Every run tries all waiting rows against all of silver, so without a new file only their age makes them due.
        """
        return bool(self.due or self.unacknowledged or self.references or self.models)


def left_over(pipeline: str, ledger: OpenLedger, as_of: datetime, states: Mapping[str, ModelState]) -> LeftOver:
    """Return what there is to do in a lake at a run's clock, also when nothing has landed."""
    known, lake = contracts(pipeline), ledger.lake
    controls = control_tables(known, pipeline)
    if ledger.table is None:  # from now on a lake whose ledger knows no load is a new one, whatever is in its archive
        ControlTable(ledger.contract, lake).ensure()
    pending, due, oldest = _pending_rows(controls["pending"], lake, as_of)
    behind = _behind(known, ledger)
    models = {name: state.why for name, state in states.items() if state.why}
    return LeftOver(
        pending,
        due,
        len(behind),
        outdated(seeds(known, pipeline), lake),
        models,
        oldest,
        _is_checked(ledger, as_of),
    )


def _is_checked(ledger: OpenLedger, as_of: datetime) -> bool:
    """Say whether the ledger holds an acknowledgement of this week: gold is built when the checks of silver passed."""
    monday = (as_of.astimezone(UTC) - timedelta(days=as_of.astimezone(UTC).weekday())).date()
    week = f"kind = 'acknowledgement' AND as_of >= CAST('{monday} 00:00:00' AS TIMESTAMP)"
    return bool(ledger.rows(f"{week} LIMIT 1", "run_id"))


def _pending_rows(contract: Contract, lake: Lake, as_of: datetime) -> tuple[int, int, datetime | None]:
    table = ControlTable(contract, lake)
    table.ensure()
    limit = as_of.replace(tzinfo=None) - timedelta(days=PENDING_DAYS)
    due = f"count(CASE WHEN first_seen <= TIMESTAMP '{limit}' THEN 1 END) AS due"
    counted = f"count(*) AS pending, {due}, min(file_time) AS oldest"
    row = table.read(columns=counted).to_pylist()[0]
    return row["pending"], row["due"], row["oldest"] and row["oldest"].replace(tzinfo=UTC)


def _behind(known: Mapping[str, Contract], ledger: OpenLedger) -> set[str]:
    gold = [c for c in known.values() if c.layer == "gold"]
    return {run for table in gold for run in ledger.backlog(table).runs}
