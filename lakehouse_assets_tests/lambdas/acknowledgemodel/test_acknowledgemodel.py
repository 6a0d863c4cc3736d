"""AcknowledgeModel writes one ledger row per run, under the lease."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.compute.lease import Lease
from lakehouse_assets.compute.storage import FolderStore
from lakehouse_assets.errors import LeaseHeld
from lakehouse_assets_tests.lake import Lake
from lambdas.acknowledgemodel.handler import handler
from lambdas.acknowledgemodel.logic import Acknowledgement

EVENT = json.loads((Path(__file__).parents[2] / "events/acknowledgemodel.json").read_text("utf-8"))
LEDGER = (
    "SELECT run_id, table_name, acknowledged_by, as_of FROM delta_lakehouse.ecommerce_run_ledger "
    "WHERE kind = 'acknowledgement' ORDER BY run_id"
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with an empty ledger."""
    made = Lake(tmp_path)
    made.rows("SELECT run_id FROM delta_lakehouse.ecommerce_run_ledger")
    return made


def test_the_event_is_read() -> None:
    """The recorded event becomes a typed value, its clock with its offset."""
    said = Acknowledgement.from_event(EVENT)
    assert said.runs == ("2025-04-01-0900", "2025-04-02-0900")
    assert said.as_of.astimezone(UTC) == datetime(2025, 4, 2, 9, 0, 0, 123000, UTC)


def test_each_run_is_acknowledged_once(lake: Lake) -> None:
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


def test_nothing_to_acknowledge_writes_nothing(lake: Lake) -> None:
    """An empty list of runs is fine."""
    assert handler(EVENT | {"lake": str(lake.root), "runs": []}, None) == {"acknowledged": []}
    assert lake.rows(LEDGER) == []


def test_another_runs_lease_is_respected(lake: Lake) -> None:
    """While somebody else holds the pipeline nothing is written, and the caller may try again."""
    with Lease(FolderStore(lake.root), "ecommerce").acquire("other"), pytest.raises(LeaseHeld, match="other"):
        handler(EVENT | {"lake": str(lake.root)}, None)
    assert lake.rows(LEDGER) == []


def test_the_lease_is_given_back(lake: Lake) -> None:
    """The next run can hold the pipeline at once."""
    handler(EVENT | {"lake": str(lake.root)}, None)
    with Lease(FolderStore(lake.root), "ecommerce").acquire("next") as lease:
        lease.check()
