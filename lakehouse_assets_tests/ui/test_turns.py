"""With Dagster's real services: a run of a pipeline that comes while another goes on waits for its end and says so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest
import requests
from dagster._core.test_utils import create_run_for_test

from lakehouse_assets.graph.process import PIPELINE_TAG
from lakehouse_assets.operations import history
from lakehouse_assets.operations.running import Asked, run
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import drop_known_files
from lakehouse_assets_tests.ui.services import daemon, served

pytestmark = [pytest.mark.slow]

LAUNCH = """mutation($p: ExecutionParams!) {
  launchRun(executionParams: $p) { ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""
SECONDS = 240
"""How long a run may take on a busy machine; ten seconds on an idle one."""
TICKS = 15
"""How long a run is left in the queue, seconds; the daemon looks every five."""


@dataclass(frozen=True)
class Services:
    """Dagster's webserver, its daemon, and the history that both write."""

    address: str
    instance: dg.DagsterInstance

    def launch(self) -> str:
        """Ask for a run of the job as the UI does; return its id."""
        job = {"repositoryLocationName": "lakehouse", "repositoryName": "__repository__", "jobName": "ecommerce"}
        asked = {"selector": job, "runConfigData": "{}", "mode": "default"}
        body: dict[str, Any] = {"query": LAUNCH, "variables": {"p": asked}}
        answer = requests.post(f"{self.address}/graphql", json=body, timeout=60).json()
        return str(answer["data"]["launchRun"]["run"]["runId"])

    def ended(self, run_id: str) -> dg.RunRecord:
        """The run, once it has ended."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            record = self.instance.get_run_record_by_id(run_id)
            if record is not None and record.dagster_run.is_finished:
                return record
            time.sleep(0.5)
        pytest.fail(f"run {run_id} has not ended within {SECONDS} seconds")


@pytest.fixture
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Both on a lake that has been loaded."""
    root = tmp_path_factory.mktemp("turns")
    settings = Settings(lake=root / "lake", landing=root / "landing", duckdb_threads=1)
    drop_known_files(root / "landing")
    run(settings, Asked("ecommerce"))
    with daemon(settings), served(settings) as address, history.instance(settings) as instance:
        yield Services(address, instance)


def test_a_run_waits_for_the_end_of_the_one_that_goes_on(services: Services) -> None:
    """It says for which run it waits, is left in the queue meanwhile, and succeeds once that has ended."""
    instance, tags = services.instance, {PIPELINE_TAG: "ecommerce"}
    going_on = create_run_for_test(instance, "ecommerce", status=dg.DagsterRunStatus.STARTED, tags=tags)
    second = services.launch()
    time.sleep(TICKS)
    record = instance.get_run_record_by_id(second)
    assert record is not None
    assert record.dagster_run.status == dg.DagsterRunStatus.QUEUED
    instance.report_run_failed(going_on)
    assert services.ended(second).dagster_run.status == dg.DagsterRunStatus.SUCCESS
    said = [entry.message for entry in instance.all_logs(second) if "at a time" in (entry.message or "")]
    waits = f"this one waits for the end of ecommerce run {going_on.run_id}"
    assert said == [f"One run of ecommerce at a time: {waits}."]
