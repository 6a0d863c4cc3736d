"""The configuration files of the top level, read by the loaders of the tools they are for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_aws.ecs.container_context import EcsContainerContext
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


AWS_ENVIRONMENT = {
    "DAGSTER_POSTGRES_HOST": "history.example.com",
    "DAGSTER_POSTGRES_USER": "dagster",
    "DAGSTER_POSTGRES_PASSWORD": "p w",
    "DAGSTER_POSTGRES_DB": "dagster",
    "DAGSTER_LOGS_BUCKET": "example-logs",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


@pytest.fixture
def on_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstanceRef:
    """What `dagster.aws.yaml` says, read by Dagster; nothing is connected to."""
    for name, value in AWS_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    shutil.copy(ROOT / "dagster.aws.yaml", tmp_path / "dagster.yaml")
    return InstanceRef.from_dir(str(tmp_path))


def test_on_aws_runs_are_tasks_and_logs_lie_in_s3(on_aws: InstanceRef) -> None:
    """Launcher and log manager take what is configured for them."""
    assert type(on_aws.run_launcher).__name__ == "EcsRunLauncher"
    assert type(on_aws.compute_log_manager).__name__ == "S3ComputeLogManager"


def test_on_aws_history_is_in_postgres(on_aws: InstanceRef) -> None:
    """The connection is encrypted, by the driver that dagster-postgres brings."""
    from dagster_postgres.utils import pg_url_from_config
    from sqlalchemy import create_engine

    written = yaml.safe_load(on_aws.run_storage_data.config_yaml)["postgres_db"]
    config = {name: AWS_ENVIRONMENT[_env(value)] if _env(value) else value for name, value in written.items()}
    engine = create_engine(pg_url_from_config({"postgres_db": config}))
    assert (engine.dialect.driver, engine.url.host, engine.url.password) == ("psycopg2", "history.example.com", "p w")
    assert engine.url.query["sslmode"] == "require"


def _env(value: Any) -> str:
    """The variable that a setting is read from, where it is."""
    return value.get("env", "") if isinstance(value, dict) else ""


def test_on_aws_the_rules_are_those_of_a_laptop(on_aws: InstanceRef) -> None:
    """One run per pipeline, requests checked before they start, and old ticks dropped as everywhere."""
    here, there = (yaml.safe_load((ROOT / name).read_text("utf-8")) for name in ("dagster.yaml", "dagster.aws.yaml"))
    same = ("telemetry", "nux", "run_coordinator", "retention")
    assert {name: there[name] for name in same} == {name: here[name] for name in same}
    limits = [one["concurrency"]["runs"]["tag_concurrency_limits"] for one in (here, there)]
    assert limits[0] == limits[1]
    assert type(on_aws.run_coordinator).__name__ == "CheckedRunCoordinator"


def test_the_cloud_file_gives_its_tasks_what_they_need() -> None:
    """Dagster's own context of ECS takes it; the target is AWS, and no account is named but by the registry."""
    (location,) = load_dagster_cloud_yaml((ROOT / "dagster_cloud.yaml").read_text("utf-8")).locations
    context = EcsContainerContext.create_from_config(location.container_context)
    assert "LAKEHOUSE_TARGET=aws" in context.env_vars
    assert {name.partition("=")[0] for name in context.env_vars} >= {"LAKEHOUSE_LAKE", "LAKEHOUSE_AWS__TOPIC"}
    assert context.run_resources == {"cpu": "512", "memory": "2048"}
