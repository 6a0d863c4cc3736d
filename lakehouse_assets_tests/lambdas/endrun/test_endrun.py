"""EndRun makes good what an execution left undone: a stopped one runs no Catch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute import metrics
from lakehouse_assets.compute.notify import Notification
from lakehouse_assets.compute.recording import entries
from lakehouse_assets.compute.telling import Teller
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets_tests.graph.conftest import drop_known_files
from lakehouse_assets_tests.machine_run import STATES, MachineRun
from lambdas.endrun.handler import handler
from lambdas.endrun.logic import Ending, end


@pytest.fixture
def run(tmp_path: Path) -> MachineRun:
    """A run that has planned, and holds the pipeline."""
    (tmp_path / "landing").mkdir()
    drop_known_files(tmp_path / "landing")
    made = MachineRun(tmp_path, "e1", "2026-11-26T09:00:00Z")
    made.planned()
    return made


class Told(Teller):
    """A topic that also keeps what it was given, in order."""

    def __init__(self, run: MachineRun) -> None:
        super().__init__(FolderStore(run.root / "lake"))
        self.messages: list[Notification] = []

    def publish(self, notification: Notification) -> bool:
        """Tell, once."""
        is_new = super().publish(notification)
        self.messages += [notification] if is_new else []
        return is_new


def detail(run: MachineRun, status: str = "ABORTED", **more: Any) -> dict[str, Any]:
    """What EventBridge says of the execution's end."""
    return more | {
        "executionArn": run.arn,
        "stateMachineArn": f"{STATES}:stateMachine:prod-ecommerce",
        "name": run.name,
        "status": status,
        "startDate": 1_764_147_600_000,
        "stopDate": 1_764_147_700_000,
        "input": json.dumps({"tick": run.tick}),
    }


def ending(run: MachineRun, status: str = "ABORTED", **more: Any) -> Ending:
    """The same, as it is read."""
    return Ending.from_event(detail(run, status, **more), ["ecommerce", "marketing"])


def test_a_stopped_execution_is_told_recorded_and_lets_go(run: MachineRun) -> None:
    """Once each, also when the event comes twice."""
    topic, store = Told(run), FolderStore(run.root / "lake")
    first, second = (end(store, ending(run), topic) for _ in range(2))
    assert first == {"pipeline": "ecommerce", "run_id": run.run_id, "released": True, "recorded": True, "told": True}
    assert second == {
        "pipeline": "ecommerce",
        "run_id": run.run_id,
        "released": False,
        "recorded": False,
        "told": False,
    }
    (message,) = topic.messages
    assert "the execution was stopped; the next run makes up for it" in message.body
    assert "https://eu-west-1.console.aws.amazon.com/" in message.body
    assert [entry["failure"]["error"] for _, entry in entries(store, "ecommerce")] == ["Aborted"]
    assert MachineRun(run.root, "e2").planned()["fence"] == 2


def test_a_stopped_execution_names_the_state_in_which_it_was(run: MachineRun) -> None:
    """As a failure does that the machine tells itself."""
    topic = Told(run)
    end(FolderStore(run.root / "lake"), ending(run, state="LoadSmallBatch"), topic)
    assert topic.messages[0].body.startswith("The run failed in LoadSmallBatch: the execution was stopped")


def test_what_the_machine_has_told_is_not_told_again(run: MachineRun) -> None:
    """Its Fail state says so; lease and record are looked after all the same."""
    run.recorded({"State": "RunGlueJob", "Error": "LeaseHeld", "Cause": "somebody else"})
    done = end(FolderStore(run.root / "lake"), ending(run, "FAILED", cause="told: somebody else"), Told(run))
    assert done == {"pipeline": "ecommerce", "run_id": run.run_id, "released": False, "recorded": False, "told": False}


def test_a_message_that_could_not_be_sent_is_told_here(run: MachineRun) -> None:
    """The run is recorded, and its cause is the one of the record."""
    run.recorded({"State": "RunGlueJob", "Error": "LeaseHeld", "Cause": "somebody else"})
    topic = Told(run)
    end(FolderStore(run.root / "lake"), ending(run, "FAILED", cause="SNS refused"), topic)
    assert topic.messages[0].body.startswith("The run failed in RunGlueJob: somebody else")


def test_executions_that_end_alike_are_told_once(run: MachineRun) -> None:
    """The second one that runs out of time is counted; the next run that goes well is told as a recovery."""
    store, topic = FolderStore(run.root / "lake"), Told(run)
    assert end(store, ending(run, "TIMED_OUT"), topic)["told"]
    second = MachineRun(run.root, "e2", "2026-11-26T14:00:00Z")
    second.planned()
    assert not end(store, ending(second, "TIMED_OUT"), topic)["told"]
    answer = MachineRun(run.root, "e3", "2026-11-26T19:00:00Z").whole()
    assert answer["kind"] == "recovered"
    assert "(2 times in a row) works again" in answer["message"]


def test_an_execution_that_never_planned_is_told_by_its_machines_pipeline(run: MachineRun) -> None:
    """The run is called as the execution is; the hold of another run is not touched."""
    other = MachineRun(run.root, "e9")
    topic = Told(run)
    done = end(FolderStore(run.root / "lake"), ending(other, "TIMED_OUT"), topic)
    assert done == {"pipeline": "ecommerce", "run_id": "e9", "released": False, "recorded": True, "told": True}
    assert topic.messages[0].pipeline == "ecommerce"
    assert run.loaded()["rows"]["inserted"] == 5


def test_a_run_that_never_got_the_pipeline_is_recorded_once(run: MachineRun) -> None:
    """It was refused, so it has noted no execution; its run is found by the tick in its input."""
    late = MachineRun(run.root, "e3", "2026-11-26T14:00:00Z")
    late.recorded({"State": "PlanRun", "Error": "LeaseHeld", "Cause": "held"})
    store = FolderStore(run.root / "lake")
    done = end(store, ending(late, "FAILED", cause="told: held"), Told(run))
    assert done == {"pipeline": "ecommerce", "run_id": late.run_id, "released": False, "recorded": False, "told": False}
    assert len(list(entries(store, "ecommerce"))) == 1


def test_a_stopped_run_counts_as_failed_for_the_alarms(run: MachineRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, as the record is written once; what the machine has recorded itself is counted already."""
    counted: list[str] = []
    monkeypatch.setattr(
        metrics, "put_metrics", lambda found: counted.extend(m["MetricName"] for m in found if m["Value"])
    )
    monkeypatch.setenv("LAKEHOUSE_TARGET", "aws")
    monkeypatch.setenv("LAKEHOUSE_LAKE", str(run.root / "lake"))
    for _ in range(2):
        handler({"detail": detail(run)}, None)
    assert counted == ["RunsFailed", "OldestLandedSeconds"]
