"""The queue takes a run whose request makes sense, and answers the others in one sentence before they start."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.run_coordinator.base import SubmitRunContext
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context
from dagster._core.workspace.load_target import EmptyWorkspaceTarget

from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.graph.alerts import concerns
from lakehouse_assets.graph.coordinator import CheckedRunCoordinator, requests_in
from lakehouse_assets.graph.process import PIPELINE_TAG
from lakehouse_assets.graph.queue import START_SECONDS, RunAhead, require_turn
from lakehouse_assets.graph.refusal import RequestRefusedError
from lakehouse_assets.operations.execution import origin_of

CONFIGURATION = Path(__file__).parents[2] / "dagster.yaml"
PLAN = "bronze__ecommerce_manifest"


@dataclass(frozen=True)
class Queue:
    """Dagster's instance as `dagster.yaml` makes it, and a way to ask it for runs."""

    instance: dg.DagsterInstance

    def ask(self, **given: Any) -> dg.DagsterRun:
        """Submit a run that is asked this, and look at it afterwards."""
        config, tags = {"ops": {PLAN: {"config": given}}}, {PIPELINE_TAG: "ecommerce"}
        run = create_run_for_test(
            self.instance, "ecommerce", run_config=config, remote_job_origin=origin_of("ecommerce"), tags=tags
        )
        with create_test_daemon_workspace_context(EmptyWorkspaceTarget(), self.instance) as workspace:
            self.instance.run_coordinator.submit_run(SubmitRunContext(run, workspace.create_request_context()))
        return self.runs[-1]

    @property
    def runs(self) -> list[dg.DagsterRun]:
        """All runs, the last one last."""
        return list(reversed(self.instance.get_runs()))


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    """A queue in a home of its own."""
    shutil.copy(CONFIGURATION, tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield Queue(instance)


def test_the_instance_has_the_queue_that_asks(queue: Queue) -> None:
    """It is what `dagster.yaml` names, with the limits that stand there."""
    assert isinstance(queue.instance.run_coordinator, CheckedRunCoordinator)
    limits = queue.instance.get_concurrency_config().run_queue_config
    assert limits is not None
    assert limits.max_concurrent_runs == 4


@pytest.mark.parametrize("given", [{}, {"mode": "load", "max_reject_ratio": 1.0, "selection": {}, "date": None}])
def test_a_request_that_makes_sense_is_queued(queue: Queue, given: dict[str, Any]) -> None:
    """So is a run that is asked nothing; what the launchpad fills in by itself is no request."""
    assert queue.ask(**given).status == dg.DagsterRunStatus.QUEUED


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"max_reject_ratio": 7}, "max_reject_ratio is `7`, allowed is a number from 0 to 1"),
        ({"mode": "reprocess", "date": "soon"}, "date is `soon`, allowed is a date such as 2025-04-03"),
        ({"mode": "reprocess"}, "allowed is `date` with mode `reprocess`, and only with it"),
    ],
)
def test_a_request_that_makes_none_is_answered(queue: Queue, given: dict[str, Any], sentence: str) -> None:
    """In the one sentence that every other door has for it; the run is not queued, and nobody else is told."""
    with pytest.raises(RequestRefusedError) as refused:
        queue.ask(**given)
    assert str(refused.value) == sentence
    (run,) = queue.runs
    assert run.status == dg.DagsterRunStatus.NOT_STARTED
    assert not concerns(SHOP, run)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, []),
        ({"ops": None}, []),
        ({"ops": {PLAN: {}, "silver": {"config": {"mode": "x"}}}}, [{}]),
        (
            {"ops": {PLAN: {"config": {"mode": "x", "date": None}}, "bronze__returns_manifest": {"config": {}}}},
            [{"mode": "x"}, {}],
        ),
    ],
)
def test_requests_are_those_of_planning_steps(config: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """Of every pipeline that the run works on, and of no other step."""
    assert list(requests_in(config)) == found


def told(queue: Queue, run: dg.DagsterRun) -> list[str]:
    """What the log of a run says of its turn."""
    return [entry.message for entry in queue.instance.all_logs(run.run_id) if "at a time" in (entry.message or "")]


def test_a_run_says_for_which_run_it_waits(queue: Queue) -> None:
    """In its own log: the first one waits for nobody, the third for the first and for one more."""
    first, second, third = (queue.ask() for _ in range(3))
    assert told(queue, first) == []
    waits = f"One run of ecommerce at a time: this one waits for the end of ecommerce run {first.run_id}"
    assert told(queue, second) == [f"{waits}."]
    assert told(queue, third) == [f"{waits}, and of 1 more."]


def test_a_run_that_has_ended_is_waited_for_by_nobody(queue: Queue) -> None:
    """Nor is one of another pipeline."""
    first = queue.ask()
    queue.instance.report_run_failed(first)
    create_run_for_test(queue.instance, "returns", status=dg.DagsterRunStatus.STARTED, tags={PIPELINE_TAG: "returns"})
    assert told(queue, queue.ask()) == []


@pytest.mark.parametrize("status", ["STARTED", "SUCCESS"])
def test_a_run_by_hand_has_its_turn(queue: Queue, status: str) -> None:
    """A run that goes on refuses it by its lease; one in the queue would wait for ever where no daemon runs."""
    create_run_for_test(queue.instance, status=dg.DagsterRunStatus[status], tags={PIPELINE_TAG: "ecommerce"})
    assert queue.ask().status == dg.DagsterRunStatus.QUEUED
    require_turn(queue.instance, "ecommerce")


def test_a_run_by_hand_does_not_go_before_one_that_is_starting(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take the lease that the other has waited for; after three minutes the other will never start."""
    run = create_run_for_test(queue.instance, status=dg.DagsterRunStatus.STARTING, tags={PIPELINE_TAG: "ecommerce"})
    with pytest.raises(RunAhead, match=rf"^run {run.run_id} of \S+ is starting and goes first; try again when it has"):
        require_turn(queue.instance, "ecommerce")
    require_turn(queue.instance, "returns")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + START_SECONDS + 1)
    require_turn(queue.instance, "ecommerce")
