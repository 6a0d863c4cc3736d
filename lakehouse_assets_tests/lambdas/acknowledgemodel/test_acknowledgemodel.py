"""AcknowledgeModel writes one ledger row per run, under the lease."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.errors import LeaseHeld
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets_tests.lake import LakeDriver
from lambdas.acknowledgemodel import logic
from lambdas.acknowledgemodel.handler import handler
from lambdas.acknowledgemodel.logic import Acknowledgement

EVENT = json.loads((Path(__file__).parents[2] / "events/acknowledgemodel.json").read_text("utf-8"))
LEDGER = (
    "SELECT run_id, table_name, acknowledged_by, as_of FROM delta_lakehouse.ecommerce_run_ledger "
    "WHERE kind = 'acknowledgement' ORDER BY run_id"
)


@pytest.fixture
def lake(tmp_path: Path) -> LakeDriver:
    """A lake with an empty ledger."""
    made = LakeDriver(tmp_path)
    made.rows("SELECT run_id FROM delta_lakehouse.ecommerce_run_ledger")
    return made


def test_the_event_is_read() -> None:
    """The recorded event becomes a typed value, its clock with its offset."""
    said = Acknowledgement.from_event(EVENT)
    assert said.runs == ("2025-04-01-0900", "2025-04-02-0900")
    assert said.as_of.astimezone(UTC) == datetime(2025, 4, 2, 9, 0, 0, 123000, UTC)


def test_each_run_is_acknowledged_once(lake: LakeDriver) -> None:
    """Said twice, it stands in the ledger once, at the run's clock in UTC."""
    for _ in range(2):
        answer = handler(EVENT | {"lake": str(lake.root)}, None)
    assert answer == {"acknowledged": ["2025-04-01-0900", "2025-04-02-0900"]}
    rows = [tuple(row.values()) for row in lake.rows(LEDGER)]
    clock = datetime(2025, 4, 2, 9, 0, 0, 123000)  # noqa: DTZ001 - zone-less UTC, as the engine gives it
    assert [(*row[:3], row[3].replace(tzinfo=None)) for row in rows] == [
        ("2025-04-01-0900", "daily_sales", "2025-04-02-0900", clock),
        ("2025-04-02-0900", "daily_sales", "2025-04-02-0900", clock),
    ]


def test_nothing_to_acknowledge_writes_nothing(lake: LakeDriver) -> None:
    """An empty list of runs is fine."""
    assert handler(EVENT | {"lake": str(lake.root), "runs": []}, None) == {"acknowledged": []}
    assert lake.rows(LEDGER) == []


def test_another_runs_lease_is_respected(lake: LakeDriver) -> None:
    """While somebody else holds the pipeline nothing is written, and the caller may try again."""
    with Lease(lake.value.store, "ecommerce").acquire("other"), pytest.raises(LeaseHeld, match="other"):
        handler(EVENT | {"lake": str(lake.root)}, None)
    assert lake.rows(LEDGER) == []


MODELS = ("daily_sales", "product_daily", "user_orders")


def test_tables_of_one_run_may_be_acknowledged_at_the_same_time(lake: LakeDriver) -> None:
    """Three branches of a machine at once all succeed, time after time: none ends another one's hold."""
    executions = ["exec-1", "exec-2", "exec-3"]
    with ThreadPoolExecutor(len(MODELS)) as pool:
        for run_id in executions:
            event = EVENT | {"lake": str(lake.root), "run_id": run_id, "runs": [run_id]}
            list(pool.map(handler, [event | {"model": f"gold.{name}"} for name in MODELS], [None] * 3))
    said = {(row["run_id"], row["table_name"], row["acknowledged_by"]) for row in lake.rows(LEDGER)}
    assert said == {(run_id, name, run_id) for run_id in executions for name in MODELS}


def test_a_branch_that_died_is_waited_for_only_so_long(lake: LakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold of the same run that does not end is an error that the state tries again."""
    monkeypatch.setattr(logic, "PATIENCE_SECONDS", 0.1)
    with Lease(lake.value.store, "ecommerce").acquire(EVENT["run_id"]) as held, pytest.raises(LeaseHeld):
        handler(EVENT | {"lake": str(lake.root)}, None)
    assert held.holder is not None
    assert lake.rows(LEDGER) == []


def test_the_lease_is_given_back(lake: LakeDriver) -> None:
    """The next run can hold the pipeline at once."""
    handler(EVENT | {"lake": str(lake.root)}, None)
    with Lease(lake.value.store, "ecommerce").acquire("next") as lease:
        lease.check()
