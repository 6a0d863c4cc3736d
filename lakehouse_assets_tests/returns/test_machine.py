"""The machine that the pipeline emits is as committed, valid, and runs from its start to its end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.returns.installation import BOTH
from lakehouse_assets_tests.stepfunctions.interpreter import MachineFailed, Run
from lakehouse_assets_tests.stepfunctions.walk import states
from lambdas.planrun.handler import handler
from stepfunctions import emit

GOLDEN = Path(__file__).with_name("returns.asl.json")
"""`LAKEHOUSE_PIPELINES=lakehouse_assets_tests.returns lakehouse emit --out lakehouse_assets_tests/returns`"""
MACHINE = json.loads(GOLDEN.read_text("utf-8"))
EXECUTION = {"Id": "arn:aws:states:eu-west-1:1:execution:r:run-1", "Name": "run-1", "StartTime": "2025-04-08T16:00:00Z"}
WINDOW = {"start": "2025-04-02", "end": "2025-04-08"}
FIXED = {"as_of": "2025-04-08T16:00:00+00:00", "window": WINDOW}
NONE_FOUND = {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": "n"}]}]}}


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set both pipelines."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", BOTH)


def answers() -> dict[str, Any]:
    """Return what every task answers in a run in which all goes well."""
    told = {"subject": "s", "message": "m", "kind": "k", "refused": "", "statements": [], "hashes": {}, "warned": 0}
    told |= {"statement": "MERGE", "runs": "runs.json", "version": "{}", "done": True, "token": None}
    plan = {"has_work": True, "already": "", "fence": 1, "engine": "glue", "manifest": "runs/m.json", "window": WINDOW}
    tasks = [name for name, state in states(MACHINE) if state["Type"] == "Task"]
    given = {
        "PlanRun": {"Payload": plan | {"as_of": "2025-04-08T16:00:00+00:00"}},
        "PullScans": {"Payload": {"manifest": "runs/pulled.json", "pages": 9}},
        "ExportReturns": {"Payload": {"report": "reports/Returns-2025-04-08.csv", "rows": 3}},
    }
    ran = NONE_FOUND | {"QueryExecution": {"QueryExecutionId": "q"}, "Payload": told}
    return {name: given.get(name, ran) for name in tasks}


def walked(changed: dict[str, Any] | None = None, given: dict[str, Any] | None = None) -> tuple[Run, Any]:
    """Run the machine with some answers changed; return the run and its output."""
    run = Run({"Execution": EXECUTION}, answers() | (changed or {}))
    return run, run.machine(MACHINE, given or {})


@pytest.mark.usefixtures("both")
def test_the_committed_machine_is_current() -> None:
    """What is committed under the tests is what the asset graph says, and no other pipeline changes it."""
    assert emit.current()["returns.asl.json"] == GOLDEN.read_text("utf-8")


@pytest.mark.usefixtures("both")
def test_it_changes_nothing_of_the_other_machine() -> None:
    """E-commerce's machine is the one that the product holds, whatever stands beside it."""
    assert emit.current()["ecommerce.asl.json"] == (emit.EMITTED / "ecommerce.asl.json").read_text("utf-8")


@pytest.mark.node
def test_the_validator_accepts_it() -> None:
    """Npm's asl-validator finds nothing wrong (`npm ci` brings it)."""
    tool = Path(__file__).parents[2] / "node_modules/.bin/asl-validator"
    done = subprocess.run([tool, "--json-path", GOLDEN], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_runs_from_its_start_to_its_end() -> None:
    """Plan, pull, load, gold after gold, export and archive come in this order."""
    run, output = walked()
    assert output["status"] == "succeeded"
    known = ["PlanRun", "PullScans", "RunGlueJob", "RenderDailyReturns", "RenderRegionReturns", "ExportReturns"]
    known += ["ArchiveProcessedFiles"]
    assert [name for name in run.path if name in known] == known


def test_what_the_pull_gives_reaches_the_load() -> None:
    """The load reads the manifest that names the pages, not the one that was planned; the archive too."""
    run, _ = walked()
    (load,) = run.calls["RunGlueJob"]
    assert load["Arguments"]["--manifest-uri"].endswith("/runs/pulled.json")
    assert run.calls["ArchiveProcessedFiles"][0]["Payload"]["manifest_key"] == "runs/pulled.json"


def test_the_window_of_the_plan_reaches_pull_and_export() -> None:
    """Seven days are an object with both ends, which pull and export are given."""
    run, _ = walked()
    assert run.calls["PlanRun"][0]["Payload"]["window_days"] == 7
    for step in ("PullScans", "ExportReturns"):
        assert run.calls[step][0]["Payload"]["window"] == WINDOW


def test_a_window_that_was_asked_reaches_the_plan() -> None:
    """The machine's input is the request."""
    asked = {"window": {"start": "2025-04-01", "end": "2025-04-01"}}
    run, _ = walked(given=asked)
    assert run.calls["PlanRun"][0]["Payload"]["window"] == asked["window"]


def test_a_pull_that_fails_ends_the_run_before_the_load() -> None:
    """The failure is told, and nothing is loaded or archived."""
    error = {"error": {"Error": "StorageUnavailable", "Cause": "no answer"}}
    run = Run({"Execution": EXECUTION}, answers() | {"PullScans": error})
    with pytest.raises(MachineFailed, match="StorageUnavailable"):
        run.machine(MACHINE, {})
    assert run.path[-4:] == ["RecordFailure", "IsFailureNews", "PublishFailureNotification", "Failed"]


@pytest.mark.usefixtures("both")
def test_a_plan_of_days_always_has_work(tmp_path: Path) -> None:
    """With nothing in landing the days are pulled all the same; the plan is asked as the machine asks it."""
    run, _ = walked()
    event = run.calls["PlanRun"][0]["Payload"]
    places = {"lake": f"{tmp_path}/lake", "landing": f"{tmp_path}/landing", "source_timezone": "America/New_York"}
    planned = handler(event | places | {"as_of": "2025-04-09T03:00:00Z"}, None)
    assert planned["has_work"] is True
    assert planned["files"] == {"returns": 0, "scans": 0}
    assert planned["window"] == WINDOW
