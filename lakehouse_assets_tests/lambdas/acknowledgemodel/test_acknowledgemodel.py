"""AcknowledgeModel writes one ledger row per run, under the lease."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.compute.reports import ModelReport
from lakehouse_assets.engines.iceberg import MODEL
from lakehouse_assets.errors import FenceLost, LeaseHeld, TableMissing
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lambdas.acknowledgemodel import logic
from lambdas.acknowledgemodel.handler import handler
from lambdas.acknowledgemodel.logic import Acknowledgement

FULL = json.loads((Path(__file__).parents[2] / "events/acknowledgemodel.json").read_text("utf-8"))
EVENT = FULL | {"version": None}
"""The event of a table that is brought up to date without a note of its model."""
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
    said = Acknowledgement.from_event(FULL)
    assert said.version is not None
    assert json.loads(said.version)["parts"]["select"] == "99aabbccddeeff00"
    assert said.rendered.runs == ("2025-04-01-0900", "2025-04-02-0900")
    assert said.as_of.astimezone(UTC) == datetime(2025, 4, 2, 9, 0, 0, 123000, UTC)


def test_each_run_is_acknowledged_once(lake: LakeDriver) -> None:
    """Said twice, it stands in the ledger once, at the run's clock in UTC."""
    for _ in range(2):
        answer = handler(EVENT | {"lake": str(lake.root)}, None)
    assert answer == {"acknowledged": 2}
    rows = [tuple(row.values()) for row in lake.rows(LEDGER)]
    clock = datetime(2025, 4, 2, 9, 0, 0, 123000)  # noqa: DTZ001 - zone-less UTC, as the engine gives it
    assert [(*row[:3], row[3].replace(tzinfo=None)) for row in rows] == [
        ("2025-04-01-0900", "daily_sales", "2025-04-02-0900", clock),
        ("2025-04-02-0900", "daily_sales", "2025-04-02-0900", clock),
    ]


def test_nothing_to_acknowledge_writes_nothing(lake: LakeDriver) -> None:
    """An empty list of runs is fine."""
    assert handler(EVENT | {"lake": str(lake.root), "runs": []}, None) == {"acknowledged": 0}
    assert lake.rows(LEDGER) == []


def test_another_runs_lease_is_respected(lake: LakeDriver) -> None:
    """While somebody else holds the pipeline nothing is written, and the caller may try again."""
    with Lease(lake.value.store, "ecommerce").acquire("other"), pytest.raises(LeaseHeld, match="other"):
        handler(EVENT | {"lake": str(lake.root)}, None)
    assert lake.rows(LEDGER) == []


MODELS = ("daily_sales", "product_daily", "user_orders")


def test_tables_of_one_run_may_be_acknowledged_at_the_same_time(lake: LakeDriver) -> None:
    """Three branches of an execution at once join its hold, and none ends it; the ledger takes all of them."""
    executions = ["exec-1", "exec-2", "exec-3"]
    with ThreadPoolExecutor(len(MODELS)) as pool:
        for run_id in executions:
            lease = Lease(lake.value.store, "ecommerce").acquire(run_id, hold_seconds=600)
            event = EVENT | {"lake": str(lake.root), "run_id": run_id, "runs": [run_id], "fence": lease.fence}
            list(pool.map(handler, [event | {"model": f"gold.{name}"} for name in MODELS], [None] * 3))
            lease.release()
    said = {(row["run_id"], row["table_name"], row["acknowledged_by"]) for row in lake.rows(LEDGER)}
    assert said == {(run_id, name, run_id) for run_id in executions for name in MODELS}


def test_who_lost_the_hold_of_the_execution_writes_nothing(lake: LakeDriver) -> None:
    """Its fence is over, so the ledger stays as it is, though nobody else has the pipeline."""
    lease = Lease(lake.value.store, "ecommerce").acquire(EVENT["run_id"], hold_seconds=600)
    lease.release()
    with pytest.raises(FenceLost):
        handler(EVENT | {"lake": str(lake.root), "fence": lease.fence}, None)
    assert lake.rows(LEDGER) == []


def test_what_was_built_is_kept_for_the_runs_report(built: LakeDriver) -> None:
    """Rows that the table holds, and what the key of a list in the lake names, as RenderModel leaves it."""
    folder = RunFolder(built.value.store, "ecommerce", EVENT["run_id"])
    folder.write("rendered-daily_sales", {"runs": ["r1"], "window": ["2025-04-01"], "is_whole": False, "rebuilt": ""})
    handler(EVENT | {"lake": str(built.root), "runs": folder.key_of("rendered-daily_sales")}, None)
    kept = folder.report("gold-daily_sales", ModelReport)
    assert kept is not None
    assert (kept.rows, kept.acknowledged, kept.window, kept.engine) == (1, ("r1",), ("2025-04-01",), "athena")


def test_the_lease_is_given_back(lake: LakeDriver) -> None:
    """The next run can hold the pipeline at once."""
    handler(EVENT | {"lake": str(lake.root)}, None)
    with Lease(lake.value.store, "ecommerce").acquire("next") as lease:
        lease.check()


ORDERS = "order_id,order_num,user_id,order_timestamp,total_amount,date\no1,1,u1,2025-04-01T09:00:00,10.00,2025-04-01\n"
KNOWN = (
    "SELECT table_name, acknowledged_by FROM delta_lakehouse.ecommerce_run_ledger "
    "WHERE kind = 'model' AND acknowledged_by = '2025-04-02-0900'"
)


@pytest.fixture
def built(lake: LakeDriver) -> LakeDriver:
    """The same lake with one order, and gold of it, which notes the version of its model."""
    lake.load(csv_file("orders", "orders/1.csv", ORDERS))
    lake.gold("daily_sales")
    return lake


def noted(lake: LakeDriver) -> tuple[str, int]:
    """Which version daily_sales notes, and how many snapshots it has."""
    table = lake.value.iceberg(lake.known["gold.daily_sales"])
    return str(table.properties[MODEL]), len(table.snapshots())


def test_the_version_is_noted_in_the_table_and_in_the_ledger(built: LakeDriver) -> None:
    """Athena's rows are there already, so nothing but the note is committed; said twice, it is written once."""
    (_, snapshots), event = noted(built), FULL | {"lake": str(built.root)}
    handler(event, None)
    assert noted(built) == (FULL["version"], snapshots)
    assert [tuple(row.values()) for row in built.rows(KNOWN)] == [("daily_sales", "2025-04-02-0900")]
    metadata = built.value.iceberg(built.known["gold.daily_sales"]).metadata_location
    handler(event, None)
    assert built.value.iceberg(built.known["gold.daily_sales"]).metadata_location == metadata


@pytest.mark.parametrize("version", [None, "", "no version"])
def test_without_a_version_the_note_stays(built: LakeDriver, version: str | None) -> None:
    """As from a machine of before versions were noted; the runs are acknowledged all the same."""
    before = noted(built)
    handler(FULL | {"lake": str(built.root), "version": version}, None)
    assert (noted(built), built.rows(KNOWN)) == (before, [])
    assert len(built.rows(LEDGER)) == 3


def test_a_version_of_a_table_that_is_not_there_is_an_error(lake: LakeDriver) -> None:
    """The machine has built it in the step before; nothing is acknowledged, so that it is tried again."""
    with pytest.raises(TableMissing, match="daily_sales"):
        handler(FULL | {"lake": str(lake.root)}, None)
    assert lake.rows(LEDGER) == []


def test_a_call_that_dies_between_note_and_ledger_is_made_good(
    built: LakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is tried again: the note is there by then, and the runs are acknowledged."""

    def lost(*_: object) -> None:
        raise FenceLost(run_id="r", pipeline="ecommerce", holder="s")

    event = FULL | {"lake": str(built.root)}
    with monkeypatch.context() as patch:
        patch.setattr(logic, "know_version", lost)
        with pytest.raises(FenceLost):
            handler(event, None)
    handler(event, None)
    assert noted(built)[0] == FULL["version"]
    assert {row["run_id"] for row in built.rows(LEDGER)} == {"run-1", *FULL["runs"]}
