"""The machine that the pipeline emits is as committed, valid, and runs from its start to its end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.returns.installation import BOTH
from lakehouse_assets_tests.stepfunctions.interpreter import MachineFailed, Run
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
    found: dict[str, Any] = {}
    for name, state in MACHINE["States"].items():
        found |= {inner: {} for inner in [name] if state["Type"] == "Task"}
    return (
        found
        | {
            "bronze__returns_manifest": {
                "Payload": {
                    "has_work": True,
                    "manifest": "runs/m.json",
                    "as_of": "2025-04-08T16:00:00+00:00",
                    "window": WINDOW,
                }
            },
            "bronze__returns_scans": {"Payload": {"manifest": "runs/pulled.json", "pages": 9}},
            "load outcome": {"Payload": {"refused": "", "refusals": "", "warnings": ""}},
            "declare tables": {"Payload": {"statements": [], "hashes": {}}},
            "remember declarations": {"Payload": {}},
            "render gold__daily_returns": {"Payload": {"statement": "MERGE", "runs": [], "version": "{}"}},
            "render gold__region_returns": {"Payload": {"statement": "MERGE", "runs": [], "version": "{}"}},
            "acknowledge gold__daily_returns": {"Payload": {}},
            "acknowledge gold__region_returns": {"Payload": {}},
            "report__returns_report": {"Payload": {"report": "reports/Returns-2025-04-08.csv", "rows": 3}},
            "archive__returns_files": {"Payload": {"done": True, "token": None, "moved": 2}},
        }
        | checks()
    )


def checks() -> dict[str, Any]:
    """Return the answers of checks that find nothing."""
    asked = (name.partition(" ")[2] for name in names(MACHINE) if name.startswith("ask "))
    ran = {"QueryExecution": {"QueryExecutionId": "q"}}
    return {f"{verb} {check}": answer for check in asked for verb, answer in (("ask", ran), ("read", NONE_FOUND))}


def names(scope: dict[str, Any]) -> Iterator[str]:
    """Yield the names of all states, those of branches included."""
    for name, state in scope["States"].items():
        yield name
        for branch in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from names(branch)


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
    known = {"bronze__returns_manifest", "bronze__returns_scans", "returns_silver", "render gold__daily_returns"}
    known |= {"render gold__region_returns", "report__returns_report", "archive__returns_files"}
    assert [name for name in run.path if name in known] == [
        "bronze__returns_manifest",
        "bronze__returns_scans",
        "returns_silver",
        "render gold__daily_returns",
        "render gold__region_returns",
        "report__returns_report",
        "archive__returns_files",
    ]


def test_what_the_pull_gives_reaches_the_load() -> None:
    """The load reads the manifest that names the pages, not the one that was planned; the archive too."""
    run, _ = walked()
    (load,) = run.calls["returns_silver"]
    assert load["Arguments"]["--manifest-uri"].endswith("/runs/pulled.json")
    assert run.calls["archive__returns_files"][0]["Payload"]["manifest_key"] == "runs/pulled.json"


def test_the_window_of_the_plan_reaches_pull_and_export() -> None:
    """Seven days are an object with both ends, which pull and export are given."""
    run, _ = walked()
    assert run.calls["bronze__returns_manifest"][0]["Payload"]["window_days"] == 7
    for step in ("bronze__returns_scans", "report__returns_report"):
        assert run.calls[step][0]["Payload"]["window"] == WINDOW


def test_a_window_that_was_asked_reaches_the_plan() -> None:
    """The machine's input is the request."""
    asked = {"window": {"start": "2025-04-01", "end": "2025-04-01"}}
    run, _ = walked(given=asked)
    assert run.calls["bronze__returns_manifest"][0]["Payload"]["window"] == asked["window"]


def test_a_pull_that_fails_ends_the_run_before_the_load() -> None:
    """The failure is told, and nothing is loaded or archived."""
    error = {"error": {"Error": "StorageUnavailable", "Cause": "no answer"}}
    run = Run({"Execution": EXECUTION}, answers() | {"bronze__returns_scans": error})
    with pytest.raises(MachineFailed, match="StorageUnavailable"):
        run.machine(MACHINE, {})
    assert run.path[-3:] == ["bronze__returns_scans", "notify failure", "failed"]


@pytest.mark.usefixtures("both")
def test_a_plan_of_days_always_has_work(tmp_path: Path) -> None:
    """With nothing in landing the days are pulled all the same; the plan is asked as the machine asks it."""
    run, _ = walked()
    event = run.calls["bronze__returns_manifest"][0]["Payload"]
    places = {"lake": f"{tmp_path}/lake", "landing": f"{tmp_path}/landing", "source_timezone": "America/New_York"}
    planned = handler(event | places | {"as_of": "2025-04-09T03:00:00Z"}, None)
    assert planned["has_work"] is True
    assert planned["files"] == {"returns": 0, "scans": 0}
    assert planned["window"] == WINDOW
