"""The machine and its functions together: the handlers answer, and only Glue and Athena are recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.stepfunctions.handlers import functions, installed, merges
from lakehouse_assets_tests.stepfunctions.interpreter import MachineFailed, Run
from lakehouse_assets_tests.stepfunctions.machines import MACHINES
from lakehouse_assets_tests.stepfunctions.recorded import EXECUTION, FOUND, JOB, RAN
from lakehouse_assets_tests.stepfunctions.walk import states

HEADER = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
ORDERS = HEADER + "".join(f"{n},{n},7,2026-03-15T10:00:00,12.50,2026-03-15\n" for n in range(1, 61))
LATER = EXECUTION | {"Id": EXECUTION["Id"].replace("run-1", "run-2"), "Name": "run-2"}


class Installation:
    """A lake and a landing in a folder, and executions of the machine on them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "landing" / "orders").mkdir(parents=True)
        self.made = installed(MACHINES["ecommerce"], root)

    def drop(self, name: str = "2026-03-15.csv", text: str = ORDERS) -> None:
        """Drop a file of orders."""
        (self.root / "landing" / "orders" / name).write_text(text, "utf-8")

    def execute(
        self, given: Any = None, execution: dict[str, str] = EXECUTION, **changed: Any
    ) -> tuple[Run, dict[str, Any]]:
        """Execute the machine; Glue is not asked, as all is small. Returns the run, and its output or its error."""
        services = {name: RAN | FOUND | JOB for name, state in states(self.made) if state["Type"] == "Task"}
        run = Run({"Execution": execution}, services | functions(self.made) | merges(self.root) | changed)
        try:
            return run, run.machine(self.made, given or {})
        except MachineFailed as failure:
            return run, failure.output

    @property
    def history(self) -> list[dict[str, Any]]:
        """The entries of the pipeline's history."""
        return [json.loads(path.read_text("utf-8")) for path in sorted(self.root.glob("lake/history/ecommerce/*.json"))]


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation with nothing in it."""
    return Installation(tmp_path)


def test_a_run_loads_archives_records_and_gives_the_pipeline_back(here: Installation) -> None:
    """Orders of a file go the whole way; the message is the record's, and the lease is free."""
    here.drop()
    run, end = here.execute()
    assert end == {"run_id": "run-1", "status": "succeeded"}
    assert "LoadSmallBatch" in run.path
    assert not list(here.root.glob("landing/orders/*"))
    (entry,) = here.history
    assert (entry["status"], entry["runtime"], entry["execution"]) == ("succeeded", "stepfunctions", EXECUTION["Id"])
    (told,) = run.calls["PublishSuccessNotification"]
    assert told["Subject"].startswith("ecommerce: ")
    Lease(open_store(f"{here.root}/lake"), "ecommerce").acquire("another").release()


def test_a_run_without_work_is_recorded_and_told_to_nobody(here: Installation) -> None:
    """After the first run of a lake, which brings the reference tables."""
    here.drop()
    here.execute()
    run, end = here.execute(execution=LATER)
    assert end == {"run_id": "run-2", "status": "nothing_to_do"}
    assert [entry["status"] for entry in here.history] == ["succeeded", "nothing_to_do"]
    assert not any(name.startswith("Publish") for name in run.calls)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "lode"}, "mode is `lode`, allowed is load, replay, reprocess"),
        ({"mod": "replay"}, "a run cannot be asked `mod`"),
        (["replay"], "a run's input is an object of what it is asked"),
        ({"engine": "sparc"}, "engine is `sparc`, allowed is auto, lambda, glue"),
        ({"tick": "tomorrow"}, "tick is `tomorrow`, allowed is a moment such as"),
        ({"as_of": "yesterday"}, "as_of is `yesterday`, allowed is a moment such as"),
    ],
)
def test_a_typo_in_the_input_is_refused_and_told(here: Installation, given: Any, words: str) -> None:
    """No run does something else than was asked, and the one message has the sentence and the state."""
    here.drop()
    run, end = here.execute(given)
    assert end["Error"] == "BadRequest"
    (told,) = run.calls["PublishFailureNotification"]
    assert words in told["Message"]
    assert "PlanRun" in told["Message"] + told["Subject"]
    assert "LoadSmallBatch" not in run.path


def test_a_null_counts_as_not_given(here: Installation) -> None:
    """A caller may fill in every field."""
    here.drop()
    _, end = here.execute({"mode": None, "as_of": None, "files": None, "tick": None, "engine": None})
    assert end["status"] == "succeeded"


def test_a_second_starter_of_a_tick_is_told_that_it_was_run(here: Installation) -> None:
    """It neither loads nor records anything."""
    here.drop()
    tick = {"tick": "2026-03-16T06:00:00Z"}
    _, first = here.execute(tick)
    here.drop("later.csv")
    run, second = here.execute(tick, LATER)
    assert first["status"] == "succeeded"
    assert second["run_id"] == first["run_id"] == "ecommerce-2026-03-16T06-00-00Z"
    assert second["status"] == "already_run"
    assert "2026-03-16 06:00 UTC" in second["already"]
    assert len(here.history) == 1
    assert run.path[-1] == "AlreadyRun"


def test_a_failed_run_leaves_its_files_and_its_pipeline_to_the_next_one(here: Installation) -> None:
    """The load is refused; the next run takes up what it left."""
    here.drop(text=ORDERS.replace("2026-03-15\n", "someday\n", 20))
    run, end = here.execute()
    assert end["Error"] == "RejectRatioExceeded"
    (told,) = run.calls["PublishFailureNotification"]
    assert "LoadSmallBatch" in told["Subject"] + told["Message"]
    here.drop()
    _, again = here.execute(execution=LATER)
    assert again["status"] == "succeeded"
    assert [entry["status"] for entry in here.history] == ["failed", "succeeded"]
