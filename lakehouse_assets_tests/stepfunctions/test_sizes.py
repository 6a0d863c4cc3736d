"""Nothing of unbounded size is in a state: 20,000 files, refused ones and runs go through every state of the machine.

Step Functions takes 256 KiB as input, output, result or variable of a state, and a state beyond it ends an execution
without any Catch: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html. Handlers are the real ones;
what Glue would do is written into the run's folder, and Athena is recorded, with rows as wide as rows get.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.reports import LOAD, REFUSED
from lakehouse_assets.contracts import contract
from lakehouse_assets.contracts.affects import touched_columns
from lakehouse_assets.engines.protocol import no_fence
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.load.ledger import ALL_TABLES
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.stepfunctions.interpreter import Run
from lakehouse_assets_tests.stepfunctions.machines import MACHINES
from lakehouse_assets_tests.stepfunctions.recorded import JOB, RAN, failing, walked
from lakehouse_assets_tests.stepfunctions.test_functions import LATER, Installation
from lakehouse_assets_tests.stepfunctions.walk import states

KEYS, MOST_BYTES = 20_000, 200 * 1024
LONG = "a-name-of-which-people-think-that-it-says-enough-of-what-is-in-the-file-" * 2
WIDE = {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": "x" * 5_000}] * 4}] * 6}}
"""What a check finds: a header and five rows of four long texts."""


def touch(lake: str, count: int) -> None:
    """Write runs into the ledger with which no gold table has caught up."""
    ledger = contract("ecommerce", "control.ecommerce_run_ledger")
    table = ControlTable(ledger, open_lake(lake))
    windows = {f"touched_{window}": None for window in touched_columns(ledger)}
    known = {"table_name": ALL_TABLES, "kind": "touched", "status": "loaded", "as_of": datetime(2026, 3, 1)}  # noqa: DTZ001 - as a table has it
    table.sync(table.rows([known | windows | {"run_id": f"{LONG}-{n:05}"} for n in range(count)]), no_fence, compare=[])


def refuse(lake: str, keys: list[str]) -> dict[str, Any]:
    """Leave what a load leaves that has refused files."""
    folder = RunFolder(open_lake(lake).store, "ecommerce", LATER["Name"])
    folder.write(REFUSED, {"keys": sorted(keys)})
    folder.keep(LOAD, LoadReport("run-2", "spark", "load", refused_files=dict.fromkeys(keys, "it has no column " * 40)))
    return JOB


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Any], Path]:
    """The run, its end and its place: the second run of a lake, on 20,000 files of which every other one is refused."""
    here = Installation(tmp_path_factory.mktemp("large"))
    here.drop()
    here.execute()
    names = [f"{LONG}-{n:05}.csv" for n in range(KEYS)]
    for name in names:
        here.drop(name, "x")
    lake = f"{here.root}/lake"
    touch(lake, KEYS)
    refused = [f"orders/{name}" for name in names[::2]]
    wide = {name: RAN | WIDE for name, _ in states(here.made) if name.startswith(("Merge", "Read"))}
    warned = {name: {"Payload": {"warned": 1}} for name, _ in states(here.made) if name.startswith("Judge")}
    run, end = here.execute(execution=LATER, RunGlueJob=lambda _: refuse(lake, refused), **wide, **warned)
    return run, end, here.root


def test_twenty_thousand_keys_go_through_every_state(large: tuple[Run, dict[str, Any], Path]) -> None:
    """No input, output, result or variable of a state is larger than 200 KiB."""
    run, end, _ = large
    assert end == {"run_id": "run-2", "status": "succeeded"}
    assert {name: size for name, size in run.carried.items() if size > MOST_BYTES} == {}
    assert {"RunGlueJob", "JudgeAthenaValidationGold", "MergeDailySales", "ArchiveProcessedFiles"} <= run.carried.keys()


def test_all_of_them_were_worked_on(large: tuple[Run, dict[str, Any], Path]) -> None:
    """Small states are no short cut: every file is archived or put apart, every run acknowledged."""
    run, _, root = large
    assert len(run.calls["ArchiveProcessedFiles"]) >= KEYS / 500
    assert sum(1 for path in (root / "lake/archived").rglob("*.csv")) == KEYS / 2 + 1
    assert sum(1 for path in (root / "lake/quarantine").rglob("*.csv")) == KEYS / 2
    (ledger,) = [call["Payload"] for call in run.calls["AcknowledgeDailySales"]]
    assert isinstance(ledger["runs"], str)


@pytest.mark.parametrize("name", MACHINES)
def test_checks_that_say_much_stay_small_together(name: str) -> None:
    """However many a step has: all find wide rows of letters that take three bytes, or fail with the longest cause."""
    made, wide = MACHINES[name], [{"Data": [{"VarCharValue": "€" * 1_000}] * 9}] * 6
    rows = {state: RAN | {"ResultSet": {"Rows": wide}} for state, _ in states(made) if state.startswith("Read")}
    causes = {state: failing("States.TaskFailed", "€" * 32_000) for state, _ in states(made) if state.startswith("Ask")}
    for changed in (rows, causes):
        run, end = walked(made, **changed)
        assert end["status"] == "succeeded"
        judged = {state: size for state, size in run.carried.items() if state.startswith(("Judge", "RunAthena"))}
        assert 10_000 < max(judged.values()) < MOST_BYTES


def test_a_long_list_of_files_is_handed_on_once() -> None:
    """An input may be as large as a state; what it holds goes to the plan field by field."""
    given = {"files": [[f"orders/{LONG}-{n:05}.csv", "0123456789abcdef"] for n in range(1_000)]}
    size = len(json.dumps(given))
    run, _ = walked(MACHINES["ecommerce"], given)
    assert size > MOST_BYTES * 0.8
    assert run.carried["PlanRun"] < size + 2_000


def test_one_message_tells_of_the_refused_files(large: tuple[Run, dict[str, Any], Path]) -> None:
    """It names some and counts the rest."""
    run, _, _ = large
    (told,) = run.calls["PublishSuccessNotification"]
    assert "9980 more" in told["Message"]
    assert len(told["Message"]) < 50_000
