"""`lakehouse status` and `lakehouse runs`: how things stand, and what has run, in both runtimes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.recording import record
from lakehouse_assets.compute.reports import REPORT, Failure, RunReport
from lakehouse_assets.operations.cli import main
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.operations.conftest import SECOND, Cli, Shop, open_shop, put


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A lake after a run of Dagster and a failed one of a state machine, with two files in landing."""
    shop = open_shop(tmp_path_factory.mktemp("standing"))
    put(shop.landing, SECOND | {"orders/notes.txt": "no drop"})
    store = open_store(str(shop.lake))
    (first,) = shop.lake.glob("runs/ecommerce/*")
    report = RunFolder(store, "ecommerce", first.name).report(REPORT, RunReport)
    assert report is not None
    failed = replace(
        report,
        run_id="ecommerce-2026-11-26T06-00-00Z",
        status="failed",
        runtime="stepfunctions",
        failure=Failure(None, "JobFailed", "the job Lakehouse failed: no memory", state="Load"),
        execution="arn:aws:states:eu-central-1:1:execution:ecommerce:x",
        tick="2026-11-26T06:00:00+00:00",
        started_at="2026-11-26T06:00:01+00:00",
        ended_at="2026-11-26T06:02:01+00:00",
    )
    record(RunFolder(store, "ecommerce", failed.run_id), failed)
    return shop


def listed(cli: Cli, *arguments: str) -> list[dict[str, Any]]:
    """What a command answers as JSON."""
    found: list[dict[str, Any]] = json.loads(cli(*arguments, "--format", "json").out)
    return found


def test_runs_of_both_runtimes_are_listed(cli: Cli, standing: Shop) -> None:
    """The latest first, with what started each, how long it took and what it did; the cause of a failed one is told."""
    newest, oldest = listed(cli, "runs", *standing.at)
    assert (newest["status"], newest["runtime"], newest["trigger"]) == ("succeeded", "dagster", "command")
    assert (newest["read"], newest["rejected"]) == (8, 1)
    assert (oldest["status"], oldest["trigger"], oldest["seconds"]) == ("failed", "schedule", 120.0)
    shown = cli("runs", *standing.at).out
    assert "2 min 0 s" in shown
    assert "ecommerce-2026-11-26T06-00-00Z: the job Lakehouse failed: no memory" in shown
    assert len(listed(cli, "runs", "--limit", "1", *standing.at)) == 1


def test_one_run_is_shown_whole(cli: Cli, standing: Shop) -> None:
    """By the beginning of its id: its steps, what it read and rejected, and where its report is."""
    newest = listed(cli, "runs", *standing.at)[0]
    shown = cli("runs", newest["run_id"][:8], *standing.at)
    assert shown.code == 0
    for said in (
        f"run {newest['run_id']}",
        "gold/daily_sales",
        "success",
        "amount_invalid",
        "report.json",
        "clean_orders.rejects: 1 row",
    ):
        assert said in shown.out
    steps = json.loads(cli("runs", newest["run_id"], "--format", "json", *standing.at).out)["steps"]
    assert [step[1] for step in steps] == ["success"] * 8


def test_a_run_of_a_machine_leads_to_its_execution(cli: Cli, standing: Shop) -> None:
    """With the state that failed, and why."""
    shown = cli("runs", "ecommerce-2026", *standing.at).out
    assert "Execution: arn:aws:states:eu-central-1:1:execution:ecommerce:x" in shown
    assert "Failed in Load: the job Lakehouse failed: no memory" in shown
    assert "Started by: schedule, made by stepfunctions" in shown


@pytest.mark.parametrize("asked", ["nothing", ""])
def test_a_run_that_is_not_there_is_refused(cli: Cli, standing: Shop, asked: str) -> None:
    """In one sentence, with the command that lists them."""
    found = cli("runs", asked, *standing.at)
    assert (found.code, found.out) == (2, "")
    assert found.err == f"error: there is no recorded run `{asked}`; `lakehouse runs` lists them\n"


def test_status_says_what_waits_and_what_failed(cli: Cli, standing: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files by dataset, waiting rows, open rejects, checks, the age of the data and the next tick."""
    monkeypatch.setenv("LAKEHOUSE_LANDING", str(standing.landing))
    (one,) = listed(cli, "status", *standing.at)
    assert (one["landed"], one["left_alone"]) == ({"orders": 2}, 1)
    assert (one["pending"], one["rejects"], one["holder"]) == (1, 1, "")
    assert one["last"]["status"] == "succeeded"
    assert {age["newest"] for age in one["ages"]} == {"2025-04-01"}
    assert datetime.fromisoformat(one["ticks"][0]["at"]).hour == 6
    shown = cli("status", *standing.at).out
    for said in (
        "landing    2 files (orders 2) in ",
        "; 1 left alone, see",
        "pending    1 row",
        "rejects    1 open",
        "no daemon does",
    ):
        assert said in shown


def test_who_holds_the_pipeline_is_told(cli: Cli, standing: Shop) -> None:
    """While something does; it is listed as a run that goes on, and a hold that is over is told no more."""
    lease = Lease(open_store(str(standing.lake)), "ecommerce")
    with lease.acquire("optimize-1"):
        assert cli("status", *standing.at).out.count("held by    optimize-1 since ") == 1
        going = listed(cli, "runs", *standing.at)[0]
        assert (going["run_id"], going["status"]) == ("optimize-1", "running")
    assert "held by" not in cli("status", *standing.at).out


def test_a_lake_without_a_run_says_so(cli: Cli, tmp_path: Path) -> None:
    """Both commands end well, and write nothing."""
    (tmp_path / "lake").mkdir()
    at = ("--lake", str(tmp_path / "lake"))
    assert cli("runs", *at).out == "No run has ended in this lake, and none goes on.\n"
    shown = cli("status", "ecommerce", *at)
    assert (shown.code, "last run   none has ended here" in shown.out) == (0, True)
    assert list((tmp_path / "lake").iterdir()) == []


def test_status_works_on_a_bucket(cli: Cli, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has run there is listed, too."""
    monkeypatch.setenv("LAKEHOUSE_HISTORY", str(tmp_path))
    open_store(f"{s3}/landing").put("orders/2025-04-02.csv", next(iter(SECOND.values())).encode())
    monkeypatch.setenv("LAKEHOUSE_LANDING", f"{s3}/landing")
    assert main(["run", "ecommerce", "--lake", f"{s3}/lake"]) == 0
    (one,) = listed(cli, "status", "--lake", f"{s3}/lake")
    assert (one["last"]["read"], one["landed"]) == (1, {})
    assert datetime.now(UTC) - datetime.fromisoformat(one["last"]["ended_at"]) < timedelta(minutes=5)
