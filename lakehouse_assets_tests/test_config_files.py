"""The configuration files of the top level, read by the loaders of the tools they are for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_cloud_cli.config.models import load_dagster_cloud_yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """A Dagster instance in a fresh home with our `dagster.yaml`."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def test_the_workspace_is_one_location() -> None:
    """Dagster loads one code location, named as in the cloud file, from our definitions."""
    (origin,) = location_origins_from_yaml_paths([str(ROOT / "workspace.yaml")])
    assert (origin.location_name, origin.loadable_target_origin.module_name) == (
        "lakehouse",
        "lakehouse_assets.definitions",
    )


def test_the_cloud_file_names_the_same_location() -> None:
    """Dagster+ accepts the file and finds the location of the workspace in it."""
    (location,) = load_dagster_cloud_yaml((ROOT / "dagster_cloud.yaml").read_text("utf-8")).locations
    assert (location.location_name, location.code_source.module_name) == ("lakehouse", "lakehouse_assets.definitions")


def test_nothing_is_sent_home(instance: DagsterInstance) -> None:
    """Telemetry and the newsletter pop-up are off."""
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_one_run_per_pipeline(instance: DagsterInstance) -> None:
    """The queue starts a second run of a pipeline only after the first."""
    (limit,) = instance.get_concurrency_config().run_queue_config.tag_concurrency_limits
    assert limit == {"key": "lakehouse/pipeline", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}


def test_dead_runs_are_noticed(instance: DagsterInstance) -> None:
    """The daemon watches started runs."""
    assert instance.run_monitoring_enabled


def test_storage_stays_in_the_home(instance: DagsterInstance, tmp_path: Path) -> None:
    """Runs are kept in SQLite under the home, not elsewhere."""
    instance.get_runs_count()
    assert list((tmp_path / "history").glob("runs.db"))


@pytest.mark.parametrize("kind", ["schedule", "sensor"])
def test_old_ticks_go(instance: DagsterInstance, kind: str) -> None:
    """Skipped ticks are dropped within a week, failed ones kept for a quarter."""
    days = instance.get_settings("retention")[kind]["purge_after_days"]
    assert days["skipped"] <= 7
    assert days["failure"] == 90
