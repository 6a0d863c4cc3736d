"""A run of the command line is in Dagster's history like any that the UI starts."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import dagster as dg
import pytest

from lakehouse_assets.compute.reports import RunReport
from lakehouse_assets.core.request import RunRequest, parse_request
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import history
from lakehouse_assets.operations.execution import TRIED_WITH
from lakehouse_assets.operations.running import Asked, Watched, run
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import drop_known_files

STEPS = 8


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A new lake with files in landing and its history in it."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    drop_known_files(tmp_path / "landing")
    return Settings(lake=tmp_path / "lake", landing=tmp_path / "landing", duckdb_threads=1)


def noted(settings: Settings, report: RunReport) -> dg.DagsterRun:
    """What the history holds of a run."""
    with history.instance(settings) as instance:
        found = instance.get_run_by_id(report.run_id)
    assert found
    return found


def test_the_private_classes_are_those_that_were_tried() -> None:
    """A newer Dagster line is tried on purpose, not by an upgrade."""
    assert version("dagster").startswith(TRIED_WITH)


def test_a_run_comes_from_the_code_location_of_the_ui(settings: Settings) -> None:
    """So it counts among the runs of the job, which the UI asks for by this tag, and can be executed again there."""
    report = run(settings, Asked("ecommerce")).report
    found = noted(settings, report)
    assert (found.status, found.job_name) == (dg.DagsterRunStatus.SUCCESS, "ecommerce")
    assert found.tags["lakehouse/pipeline"] == "ecommerce"
    origin = found.remote_job_origin
    assert origin is not None
    assert (
        origin.repository_origin.code_location_origin.loadable_target_origin.module_name
        == "lakehouse_assets.definitions"
    )


def test_a_run_has_its_steps_and_its_configuration(settings: Settings) -> None:
    """The UI shows each step's time and outcome, and what the run was asked."""
    report = run(settings, Asked("ecommerce", parse_request({"as_of": "2025-04-02T06:00:00Z"}))).report
    with history.instance(settings) as instance:
        stats = instance.get_run_step_stats(report.run_id)
    assert {stat.status.value for stat in stats if stat.status} == {"SUCCESS"}
    assert len(stats) == STEPS
    config = noted(settings, report).run_config["ops"]["bronze__ecommerce_manifest"]["config"]
    assert config == {"as_of": "2025-04-02T06:00:00+00:00"}


def test_a_run_that_fails_is_one_that_failed(settings: Settings) -> None:
    """In the report as in the history; nothing is raised."""
    Path(settings.landing_of("ecommerce"), "products.csv").write_bytes(b"")
    outcome = run(settings, Asked("ecommerce", RunRequest(mode="reprocess", date="2020-01-01")))
    assert outcome.is_failed
    assert noted(settings, outcome.report).status == dg.DagsterRunStatus.FAILURE


def test_what_the_pipeline_cannot_be_asked_begins_nothing(settings: Settings) -> None:
    """Neither a run in the history nor a lake."""
    with pytest.raises(BadRequest, match=r"^a run cannot be asked `window`; it can be asked: as_of, mode, "):
        run(settings, Asked("ecommerce", parse_request({"window": {"start": "2025-04-01", "end": "2025-04-07"}})))
    assert not Path(settings.lake_root).exists()


@pytest.fixture
def watched(settings: Settings) -> list[tuple[str, str]]:
    """What a watcher of a run hears."""
    heard: list[tuple[str, str]] = []

    class Listener(Watched):
        def on_step(self, step: str, what: str) -> None:
            heard.append((step, what))

    run(settings, Asked("ecommerce"), watched=Listener())
    return heard


def test_who_watches_hears_of_each_step(watched: list[tuple[str, str]]) -> None:
    """It begins and ends, in the order in which they run."""
    begun = [step for step, what in watched if what == "START"]
    assert (begun[0], begun[-1]) == ("bronze__ecommerce_manifest", "archive__ecommerce_files")
    assert len(begun) == STEPS
    assert {step for step, what in watched if what == "SUCCESS"} == set(begun)
