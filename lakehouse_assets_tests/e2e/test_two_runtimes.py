"""Dagster and Step Functions take turns on one lake: the same tables, one history, and one run at a time."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from lakehouse_assets.ecommerce.pipeline import PIPELINE
from lakehouse_assets.graph.history import Seen, taken
from lakehouse_assets.operations.history import instance
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.e2e.comparing import contents
from lakehouse_assets_tests.e2e.production import Production
from lakehouse_assets_tests.e2e.small import batch
from lakehouse_assets_tests.emulator.running import ROOT, variables_for

BATCHES = range(20, 25)
SALES = dg.AssetKey(["gold", "daily_sales"])


def variables(production: Production, history: Path) -> dict[str, str]:
    """What leads the command to the installation."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LAKEHOUSE_")},
        **variables_for(production.emulator.url),
        "LAKEHOUSE_TARGET": "aws",
        "LAKEHOUSE_LAKE": production.lake,
        "LAKEHOUSE_LANDING": f"s3://{production.outputs['LandingBucket']}/land-folder/Data",
        "LAKEHOUSE_HISTORY": str(history),
        "LAKEHOUSE_ENGINE": "auto",
        "LAKEHOUSE_AWS__TOPIC": production.outputs["Topic"],
        "LAKEHOUSE_AWS__WORKGROUP": production.outputs["WorkGroup"],
        "LAKEHOUSE_AWS__POLL_SECONDS": "1",
    }


def by_dagster(production: Production, history: Path) -> str:
    """A run of the command, which Dagster carries out through the services of AWS; what it printed."""
    command = [str(ROOT / ".venv/bin/lakehouse"), "run", "ecommerce"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=variables(production, history), timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def one_history(production: Production, folder: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's history, with the runs of the machine that its sensor has taken in."""
    with instance(Settings(history=folder)) as found:
        events, _ = taken(found, PIPELINE, open_lake(production.lake), Seen())
        for event in events:
            found.report_runless_asset_event(event)
        yield found


def made_by(history: dg.DagsterInstance, asset: dg.AssetKey) -> Counter[str]:
    """How often each run of the pipeline has made an asset, by the run's id."""
    records = history.fetch_materializations(dg.AssetRecordsFilter(asset), limit=200).records
    found = Counter[str]()
    for record in records:
        event = record.asset_materialization
        assert event is not None
        found[record.run_id or str(event.metadata["run_id"].value)] += 1
    return found


def test_five_batches_by_turns_are_one_lake_and_one_history(production: Production, tmp_path: Path) -> None:
    """Every batch is in silver and gold once; every run is in Dagster's history once, also after a second look."""
    production.sleeping()
    machine_runs = []
    for number in BATCHES:
        for key, body in batch(number).items():
            production.put(key, body)
        if number % 2:
            machine_runs.append(production.run("ecommerce"))
            assert machine_runs[-1].status == "SUCCEEDED"
        else:
            assert "nothing to do" not in by_dagster(production, tmp_path)
    found = contents(production.lake)
    orders = {int(row[0]) for row in found["clean_orders"]}
    assert orders >= {100 * number + i for number in BATCHES for i in (1, 2, 3)}
    for _ in range(2):
        with one_history(production, tmp_path) as history:
            counted = made_by(history, SALES)
    assert {run.name for run in machine_runs} < counted.keys()
    assert set(counted.values()) == {1}
    production.told()


def test_a_run_of_dagster_and_one_of_the_machine_at_once_take_turns(production: Production, tmp_path: Path) -> None:
    """Started together on one batch, one loads it and the other waits or finds nothing to do."""
    production.sleeping()
    for key, body in batch(25).items():
        production.put(key, body)
    arn = production.start("ecommerce")
    command = [str(ROOT / ".venv/bin/lakehouse"), "run", "ecommerce"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=variables(production, tmp_path), timeout=600
    )
    assert production.wait(arn).status == "SUCCEEDED"
    assert done.returncode == 0 or "is held by run" in done.stderr
    orders = [int(row[0]) for row in contents(production.lake)["clean_orders"]]
    assert [orders.count(2500 + i) for i in (1, 2, 3)] == [1, 1, 1]
    production.told()
