"""Dagster and Step Functions take turns on one lake: the same tables, one history, and one run at a time."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from lakehouse_assets.core.request import parse_request
from lakehouse_assets.ecommerce.pipeline import PIPELINE
from lakehouse_assets.graph.history import history_sensor
from lakehouse_assets.operations.history import instance
from lakehouse_assets.operations.running import Asked, run
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.e2e.comparing import Rows, contents
from lakehouse_assets_tests.e2e.production import Production
from lakehouse_assets_tests.e2e.small import FIRST, batch
from lakehouse_assets_tests.emulator.proxy import serving
from lakehouse_assets_tests.emulator.running import ROOT, variables_for

BATCHES = range(20, 25)
SALES = dg.AssetKey(["gold", "daily_sales"])


def variables(production: Production, history: Path, url: str | None = None) -> dict[str, str]:
    """What leads the command to the installation, by the emulator's URL or one before it."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LAKEHOUSE_")},
        **variables_for(url or production.emulator.url),
        "LAKEHOUSE_TARGET": "aws",
        "LAKEHOUSE_LAKE": production.lake,
        "LAKEHOUSE_LANDING": f"s3://{production.outputs['LandingBucket']}/land-folder/Data",
        "LAKEHOUSE_HISTORY": str(history),
        "LAKEHOUSE_ENGINE": "auto",
        "LAKEHOUSE_AWS__TOPIC": production.outputs["Topic"],
        "LAKEHOUSE_AWS__WORKGROUP": production.outputs["WorkGroup"],
        "LAKEHOUSE_AWS__POLL_SECONDS": "1",
    }


def by_dagster(production: Production, history: Path, url: str | None = None) -> str:
    """A run of the command, which Dagster carries out through the services of AWS; what it printed."""
    command = [str(ROOT / ".venv/bin/lakehouse"), "run", "ecommerce"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=variables(production, history, url), timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def one_history(production: Production, folder: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's history, after ticks of the sensor that knows nothing yet, until one finds nothing more."""
    sensor = history_sensor(PIPELINE, Settings(target="aws", lake=production.lake))
    with instance(Settings(history=folder)) as found:
        before, cursor = "", None
        while cursor != before:
            with dg.build_sensor_context(instance=found, cursor=cursor) as context:
                tick = sensor.evaluate_tick(context)
            for event in tick.asset_events:
                found.report_runless_asset_event(event)
            before, cursor = cursor, tick.cursor
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


def checked_by(history: dg.DagsterInstance, asset: dg.AssetKey, check: str) -> Counter[str]:
    """How often each run of the pipeline has a result of a check in the history, by the run's id."""
    key, found = dg.AssetCheckKey(asset, check), Counter[str]()
    for record in history.event_log_storage.get_asset_check_execution_history(key, limit=200):
        assert record.event is not None
        assert record.event.dagster_event is not None
        evaluation = record.event.dagster_event.asset_check_evaluation_data
        found[record.run_id or str(evaluation.metadata["run_id"].value)] += 1
    return found


def by_this_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A lake in a folder, in which this machine alone has run the same batches one by one."""
    for name in [name for name in os.environ if name.startswith("LAKEHOUSE_")]:
        monkeypatch.delenv(name)
    landing = {"ecommerce": str(folder / "landing")}
    settings = Settings(lake=str(folder / "lake"), landings=landing, history=folder / "history")
    for number in BATCHES:
        for key, body in batch(number).items():
            file = folder / "landing" / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        assert not run(settings, Asked("ecommerce", parse_request({}))).is_failed
    return settings.lake_root


def of_batches(found: dict[str, Rows]) -> dict[str, Rows]:
    """What tables hold of the days of these batches: other tests have other days in the same lake."""
    days = {FIRST + timedelta(days=number) for number in BATCHES}
    kept = {name: [row for row in rows if not days.isdisjoint(row)] for name, rows in found.items()}
    return {name: rows for name, rows in kept.items() if rows}


def test_five_batches_by_turns_are_one_lake_and_one_history(
    production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables equal those of this machine alone; each run, and each check of it, is once in Dagster's one history."""
    runs = []
    for number in BATCHES:
        production.land(batch(number))
        if number % 2:
            done = production.run("ecommerce")
            assert done.status == "SUCCEEDED"
            runs.append(done.name)
        else:
            said = by_dagster(production, tmp_path)
            assert "nothing to do" not in said
            runs += re.findall(r"run ([0-9a-f-]{36}),", said)
    found = of_batches(contents(production.lake))
    assert len(found["clean_orders"]) == 15
    for _ in range(2):
        with one_history(production, tmp_path) as history:
            made, checked = made_by(history, SALES), checked_by(history, SALES, "keys_unique")
    assert [made[run] for run in runs] == [checked[run] for run in runs] == [1] * len(BATCHES)
    production.told()
    assert found == of_batches(contents(by_this_machine(tmp_path / "here", monkeypatch)))


@pytest.mark.e2e_all
def test_a_run_bears_what_goes_wrong_with_each_service(production: Production, tmp_path: Path) -> None:
    """Throttled, reset and refused by each service once or twice, a run of Dagster loads its batch once."""
    production.land(batch(26))
    with serving(production.emulator.url) as proxy:
        rules = [
            proxy.fail("throttled", "POST", target=r"AmazonAthena\.StartQueryExecution", times=2),
            proxy.fail("reset", "POST", target=r"AmazonAthena\.GetQueryExecution", after=3),
            proxy.fail("slow down", "POST", target=r"AmazonAthena\.GetQueryResults", after=2),
            proxy.fail("reset", "POST", "/functions/PlanRun/invocations"),
            proxy.fail("slow down", "POST", "/functions/RenderModel/invocations"),
            proxy.fail("lost answer", "POST", "/functions/AcknowledgeModel/invocations"),
            proxy.fail("slow", "POST", "/functions/LoadSmallBatch/invocations"),
            proxy.fail("slow down", "PUT", "/leases/", after=1),
        ]
        assert "nothing to do" not in by_dagster(production, tmp_path, proxy.url)
    assert [rule.done for rule in rules] == [2, 1, 1, 1, 1, 1, 1, 1]
    orders = [int(row[0]) for row in contents(production.lake)["clean_orders"]]
    assert [orders.count(2600 + i) for i in (1, 2, 3)] == [1, 1, 1]
    production.told()


def test_a_run_of_dagster_and_one_of_the_machine_at_once_take_turns(production: Production, tmp_path: Path) -> None:
    """Started together on one batch, one loads it and the other waits or finds nothing to do."""
    production.land(batch(25))
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
