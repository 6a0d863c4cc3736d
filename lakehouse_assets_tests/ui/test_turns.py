"""With Dagster's real services: a run of a pipeline that comes while another goes on waits for its end and says so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest
import requests

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
"""How long two runs may take on a busy machine; ten seconds each on an idle one."""


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


def test_the_second_of_two_runs_waits_for_the_end_of_the_first(services: Services) -> None:
    """It says for which run it waits, starts when that has ended, and both succeed."""
    first, second = services.launch(), services.launch()
    earlier, later = services.ended(first), services.ended(second)
    success = dg.DagsterRunStatus.SUCCESS
    assert (earlier.dagster_run.status, later.dagster_run.status) == (success, success)
    assert earlier.end_time is not None
    assert later.start_time is not None
    assert later.start_time >= earlier.end_time
    said = [entry.message for entry in services.instance.all_logs(second) if "at a time" in (entry.message or "")]
    assert said == [f"One run of ecommerce at a time: this one waits for the end of ecommerce run {first}."]
