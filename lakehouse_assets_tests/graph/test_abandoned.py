"""A run whose process was killed is failed, told and made up for; a run that may live is left alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from lakehouse_assets.graph.abandoned import fail, fail_abandoned
from lakehouse_assets.graph.process import RunProcess, note_process
from lakehouse_assets.graph.sensors import OFFER_TAG
from lakehouse_assets.operations import history
from lakehouse_assets.operations.running import Asked, run
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets.storage.lease import started_of, this_host
from lakehouse_assets_tests.graph.conftest import Shop
from lakehouse_assets_tests.graph.test_alerts import messages
from lakehouse_assets_tests.graph.test_sensor import pairs, tick

STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE
KILLED = """
import signal
import sys
from lakehouse_assets.operations.running import Asked, run
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.operations.killed_job import Killer

settings = Settings(lake=sys.argv[1], landing=sys.argv[2], duckdb_threads=1)
run(settings, Asked("ecommerce", run_id=sys.argv[3]), watched=Killer("ecommerce_silver", signal.SIGKILL))
"""
"""A run of the job in a process that kills itself as silver begins."""


@dataclass(frozen=True)
class Killed:
    """A shop whose history calls a run started, that run, and the tick that asked for it."""

    shop: Shop
    run_id: str
    asked: Any


@pytest.fixture
def killed(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Killed]:
    """A run that the sensor asked for and that SIGKILL ended."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    shop.drop_all()
    run_id, asked = str(uuid4()), tick(shop)
    folders = [str(shop.settings.lake), str(shop.settings.landing)]
    ended = subprocess.run([sys.executable, "-c", KILLED, *folders, run_id], check=False, capture_output=True)
    assert ended.returncode == -9, ended.stderr
    with history.instance(shop.settings) as instance:
        assert status(instance, run_id) == STARTED
        instance.add_run_tags(run_id, {OFFER_TAG: asked.run_requests[0].tags[OFFER_TAG]})
        yield Killed(replace(shop, instance=instance), run_id, asked)


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    """What the history says of a run."""
    return noted(instance, run_id).status


def noted(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    """A run of the history."""
    found = instance.get_run_by_id(run_id)
    assert found
    return found


def started(shop: Shop, note: RunProcess | None) -> str:
    """A run that the history calls started, with this note of its process."""
    tags = note.tags if note else {}
    run_id = note.run_id if note else None
    return create_run_for_test(shop.instance, "ecommerce", run_id=run_id, tags=tags, status=STARTED).run_id


def gone(shop: Shop) -> RunProcess:
    """The note of a process that ran here and was killed."""
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        begun = started_of(process.pid)
        process.kill()
    assert begun
    return RunProcess(str(uuid4()), "ecommerce", str(shop.settings.lake), this_host(), process.pid, begun)


def test_a_tick_of_the_sensor_fails_a_killed_run_and_offers_its_files_again(killed: Killed) -> None:
    """What SIGKILL left as started no longer holds anything up, and its message says what happened."""
    again = tick(killed.shop, killed.asked.cursor)
    assert status(killed.shop.instance, killed.run_id) == FAILURE
    assert pairs(again) == pairs(killed.asked)
    assert again.run_requests[0].tags["lakehouse/attempt"] == "2"
    assert "was killed" in messages(killed.shop)["run_failed"]["body"]


def test_the_command_line_fails_a_killed_run_before_its_own(killed: Killed) -> None:
    """The next run takes over, and the history says of both how they ended."""
    assert run(killed.shop.settings, Asked("ecommerce")).report.status == "succeeded"
    assert status(killed.shop.instance, killed.run_id) == FAILURE
    assert killed.shop.report(killed.run_id)["status"] == "failed"


def test_a_tick_of_the_schedule_fails_a_killed_run(kept: Shop) -> None:
    """Also where landing is quiet; people are told once."""
    run_id = started(kept, gone(kept))
    now = datetime(2025, 4, 2, 6, tzinfo=UTC)
    for _ in range(2):
        context = dg.build_schedule_context(instance=kept.instance, scheduled_execution_time=now)
        kept.definitions.resolve_schedule_def("ecommerce_daily").evaluate_tick(context)
    assert status(kept.instance, run_id) == FAILURE
    assert set(messages(kept)) == {"run_failed"}


def test_every_run_notes_its_process_when_it_begins(shop: Shop) -> None:
    """Also a selection, which the queue counts from then on as a run of the pipeline."""
    found = noted(shop.instance, shop.materialize("gold/daily_sales").run_id)
    note = RunProcess.of(found)
    assert note
    assert (note.pipeline, note.host, note.is_gone) == ("ecommerce", this_host(), False)
    assert found.tags["lakehouse/pipeline"] == "ecommerce"


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"started": "unknown"}, {"pipeline": "marketing"}])
def test_only_proof_fails_a_run(shop: Shop, change: dict[str, str]) -> None:
    """A process of another machine, or one whose start nobody knows, may live; another pipeline sees to its own."""
    run_id = started(shop, replace(gone(shop), **change))  # type: ignore[arg-type] - texts all of them
    assert fail_abandoned(shop.instance, "ecommerce", lake_of(shop.settings)) == []
    assert status(shop.instance, run_id) == STARTED


def test_a_run_without_a_note_of_its_own_is_left_alone(shop: Shop) -> None:
    """A re-execution carries the tags of the run it repeats, until its own process begins."""
    repeated = create_run_for_test(shop.instance, "ecommerce", tags=gone(shop).tags, status=STARTED)
    started(shop, None)
    assert fail_abandoned(shop.instance, "ecommerce", lake_of(shop.settings)) == []
    assert RunProcess.of(repeated) is None


def test_a_living_run_is_left_alone(shop: Shop) -> None:
    """The process of the note is this one."""
    living = noted(shop.instance, started(shop, None))
    note_process(shop.instance, living, "ecommerce", str(shop.settings.lake))
    assert fail_abandoned(shop.instance, "ecommerce", lake_of(shop.settings)) == []


def test_a_run_that_ended_before_its_process_did_keeps_its_end(shop: Shop) -> None:
    """It may end while somebody looks: after the history was read, before the process was."""
    note = gone(shop)
    create_run_for_test(shop.instance, "ecommerce", run_id=note.run_id, status=dg.DagsterRunStatus.SUCCESS)
    assert not fail(shop.instance, note, lake_of(shop.settings))
