"""JudgeChecks keeps what the checks of a step found, and stops a run that a blocking one does not let through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse_assets.compute.failed_checks import judged
from lakehouse_assets.compute.judged import judged_checks
from lakehouse_assets.errors import AssertionFailed, CheckUnanswered
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.machine_run import MachineRun, outcome

UNIQUE, FRESH = "silver.clean_orders keys_unique", "gold.daily_sales freshness"
LOST = {
    "Error": "States.TaskFailed",
    "Cause": json.dumps({"Status": {"StateChangeReason": "TABLE_NOT_FOUND: no table"}}),
}


@pytest.fixture
def run(tmp_path: Path) -> MachineRun:
    """A run in a new lake, which holds nothing."""
    FolderStore(tmp_path / "lake")
    return MachineRun(tmp_path, "e1")


def folder(run: MachineRun) -> RunFolder:
    """The run's folder."""
    return RunFolder(FolderStore(run.root / "lake"), "ecommerce", run.run_id)


def test_warnings_are_counted_and_the_run_goes_on(run: MachineRun) -> None:
    """Also one that could not be asked; what a query scanned is kept with its outcome."""
    measured = {"DataScannedInBytes": 9, "EngineExecutionTimeInMillis": 1500}
    found = outcome(FRESH, failing=1, statistics=measured), outcome(UNIQUE, "fail"), outcome(FRESH, error=LOST)
    assert run.judged(*found) == {"warned": 2}
    first, second, third = judged_checks(folder(run))
    assert (first.name, first.scanned_bytes, first.seconds) == ("daily_sales.freshness", 9, 1.5)
    assert (second.passed, third.error) == (True, "States.TaskFailed: TABLE_NOT_FOUND: no table")


def test_a_blocking_check_ends_the_run_with_the_sentence_that_dagster_shows(run: MachineRun) -> None:
    """All of the step's checks are kept before."""
    with pytest.raises(AssertionFailed, match=r"^check `clean_orders.keys_unique` failed: 2 rows$"):
        run.judged(outcome(FRESH, failing=1), outcome(UNIQUE, "fail", failing=2))
    lines = [check.line for check in judged("ecommerce", judged_checks(folder(run)))]
    assert lines[1].startswith("ERROR clean_orders.keys_unique: broken by 2 rows: ")


def test_a_blocking_check_that_could_not_be_asked_ends_the_run(run: MachineRun) -> None:
    """Its sentence is taken out of the service's JSON."""
    with pytest.raises(CheckUnanswered, match=r"`clean_orders.keys_unique` could not be asked: .*TABLE_NOT_FOUND"):
        run.judged(outcome(UNIQUE, "fail", error=LOST))


def test_rows_of_any_length_are_kept_as_little_text(run: MachineRun) -> None:
    """Six lines of a table whose cells have 40,000 characters."""
    found = outcome(FRESH, failing=1) | {"sample": ["raw"] + ["x" * 40_000] * 9}
    run.judged(found)
    assert sum(len(row) for row in next(judged_checks(folder(run))).sample) < 6 * 501
