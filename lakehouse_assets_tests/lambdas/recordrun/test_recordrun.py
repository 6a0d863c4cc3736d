"""RecordRun records how a run ended, once, gives the pipeline back, and says it in one message."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.metrics import metrics_of, oldest_landed
from lakehouse_assets.compute.recording import entries
from lakehouse_assets.compute.reports import REPORT, RunReport
from lakehouse_assets.errors import AssertionFailed
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.graph.conftest import drop_known_files
from lakehouse_assets_tests.machine_run import MachineRun, outcome
from lambdas.recordrun.handler import handler as record_run

FRESH, UNIQUE = "gold.daily_sales freshness", "silver.clean_orders keys_unique"
TICK = "2026-11-26T09:00:00Z"


@pytest.fixture
def run(tmp_path: Path) -> MachineRun:
    """A run by a schedule, with three landed files and one that is none."""
    (tmp_path / "landing").mkdir()
    drop_known_files(tmp_path / "landing")
    return MachineRun(tmp_path, "e1", TICK)


def history(run: MachineRun) -> list[dict[str, Any]]:
    """The entries of the lake's history."""
    return [entry for _, entry in entries(FolderStore(run.root / "lake"), "ecommerce")]


def test_a_good_run_is_recorded_and_says_so(run: MachineRun) -> None:
    """With runtime, execution, link, tick and times; the pipeline is free for the next run."""
    answer = run.whole()
    assert (answer["kind"], answer["subject"]) == ("run_succeeded", "ecommerce: run succeeded")
    (entry,) = history(run)
    assert (entry["status"], entry["runtime"], entry["execution"]) == ("succeeded", "stepfunctions", run.arn)
    assert (entry["tick"], entry["job"], entry["link"]) == (TICK, "ecommerce", "https://console/e1")
    assert entry["tables"]["clean_orders"]["inserted"] == 2
    assert entry["archived"] == 3
    assert MachineRun(run.root, "e2").planned()["fence"] == 2


def test_a_call_that_is_repeated_records_nothing_twice(run: MachineRun) -> None:
    """One entry, with the moment of the first call, and the same answer."""
    first = run.whole()
    assert run.recorded() == first
    assert len(history(run)) == 1


def test_one_message_tells_warnings_and_refused_files(run: MachineRun) -> None:
    """The subject counts, the body lists."""
    (run.root / "landing/orders/broken.csv").write_text("not,these\n1,2\n")
    answer = run.whole(outcome(FRESH) | {"failing": 1, "sample": ["newest | as_of", "2025-04-08 | 2026-11-26"]})
    assert (answer["kind"], answer["subject"]) == ("run_warned", "ecommerce: checks warned: 1, files refused: 1")
    assert "WARN daily_sales.freshness: newest 2025-04-08, 597 days before the run" in answer["message"]
    assert "`orders/broken.csv` is refused" in answer["message"]


def test_a_failure_names_state_and_cause_in_one_sentence(run: MachineRun) -> None:
    """The cause is taken out of the service's JSON; the report says it, too."""
    run.planned()
    run.loaded()
    with pytest.raises(AssertionFailed) as raised:
        run.judged(outcome(UNIQUE, "fail", failing=2))
    cause = json.dumps({"errorType": "AssertionFailed", "errorMessage": str(raised.value), "stackTrace": ["x"] * 99})
    answer = run.recorded({"State": "judge clean_orders", "Error": "AssertionFailed", "Cause": cause})
    assert answer["subject"] == "ecommerce: run failed in judge clean_orders"
    sentence = "check `clean_orders.keys_unique` failed: 2 rows"
    assert answer["message"].startswith(f"The run failed in judge clean_orders: {sentence}\n")
    folder = RunFolder(FolderStore(run.root / "lake"), "ecommerce", run.run_id)
    kept = folder.report(REPORT, RunReport)
    assert kept is not None
    assert kept.failure is not None
    assert (kept.failure.error, kept.failure.message, kept.failure.state) == (
        "AssertionFailed",
        sentence,
        "judge clean_orders",
    )


def test_what_people_know_is_not_told_again(run: MachineRun) -> None:
    """The same failure twice is `repeated`, which the machine does not publish; so are warnings that did not change."""
    failure = {"State": "PlanRun", "Error": "ApiUnavailable", "Cause": "gave no usable answer"}
    run.planned()
    kinds = [one.recorded(failure)["kind"] for one in (run, MachineRun(run.root, "f2"))]
    assert kinds == ["run_failed", "repeated"]
    warned = [MachineRun(run.root, f"w{number}").whole(outcome(FRESH, failing=1))["kind"] for number in (1, 2, 3)]
    assert warned == ["recovered", "repeated", "repeated"]
    assert MachineRun(run.root, "good").whole()["kind"] == "run_succeeded"


def test_a_recovery_with_nothing_to_do_is_told_by_the_function(run: MachineRun) -> None:
    """The machine publishes nothing then."""
    run.planned()
    run.recorded({"State": "PlanRun", "Error": "ApiUnavailable", "Cause": "gave no usable answer"})
    event = {"outcome": "nothing_to_do", "failure": None, "execution": "", "link": "", "started_at": ""}
    other = MachineRun(run.root, "e2")
    assert record_run(other.event | event, None)["kind"] == "nothing_to_do"
    assert (run.root / "lake/notifications/ecommerce/e2-recovered.json").exists()


def test_a_run_that_could_not_even_plan_is_recorded(run: MachineRun) -> None:
    """It never held the pipeline, so nothing is given back; another one's hold goes on."""
    other = MachineRun(run.root, "other")
    other.planned()
    run.recorded({"State": "PlanRun", "Error": "LeaseHeld", "Cause": "held by `other`"})
    assert history(run)[0]["failure"]["message"] == "held by `other`"
    assert other.loaded()["rows"]["inserted"] == 5


def test_metrics_are_what_the_alarms_stand_on(run: MachineRun) -> None:
    """By pipeline: ended well, not ended badly, share of rejects in percent."""
    run.whole()
    report = RunFolder(FolderStore(run.root / "lake"), "ecommerce", run.run_id).report(REPORT, RunReport)
    assert report is not None
    values = {one["MetricName"]: one["Value"] for one in metrics_of(report, None, datetime.now(UTC))}
    assert values == {"RunsSucceeded": 1, "RunsFailed": 0, "RejectRatio": 0.0, "OldestLandedSeconds": 0.0}


def test_the_age_of_what_waits_is_that_of_the_oldest_file_in_landing(run: MachineRun) -> None:
    """A failed run leaves its files; after a good one there is none."""
    os.utime(run.root / "landing/products.csv", (1_764_147_600, 1_764_147_600))
    run.planned()
    folder, lake = RunFolder(FolderStore(run.root / "lake"), "ecommerce", run.run_id), open_lake(str(run.root / "lake"))
    assert oldest_landed(folder, lake) == datetime(2025, 11, 26, 9, tzinfo=UTC)
    run.loaded()
    run.built()
    run.archived()
    assert oldest_landed(folder, lake) is None
