"""Dagster's home: one configuration, never overwritten, shared with child processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from lakehouse_assets.operations import history
from lakehouse_assets.settings import read_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The history lies in the lake, whatever this machine has set."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


def test_a_new_home_gets_the_configuration_of_the_repository(tmp_path: Path) -> None:
    """The instance of the command line is configured like every other one."""
    home = history.ensure_home(read_settings(lake=tmp_path))
    assert home == tmp_path / "dagster"
    assert (home / "dagster.yaml").read_text() == (ROOT / "dagster.yaml").read_text()


def test_a_home_that_was_configured_stays_so(tmp_path: Path) -> None:
    """A configuration that somebody wrote is never replaced."""
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    history.ensure_home(read_settings(lake=tmp_path))
    assert (tmp_path / "dagster" / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_children_work_on_the_same_lake_and_history(tmp_path: Path) -> None:
    """A child process sees absolute folders and the rest of the environment."""
    settings = read_settings(lake=tmp_path, engine="duckdb", landing="drops", landings={"ecommerce": Path("shop")})
    environment = history.child_environment(settings)
    assert environment["DAGSTER_HOME"] == str(tmp_path / "dagster")
    assert environment["LAKEHOUSE_LAKE"] == str(tmp_path)
    assert environment["LAKEHOUSE_LANDING"] == str(Path.cwd() / "drops")
    assert environment["LAKEHOUSE_LANDINGS__ECOMMERCE"] == str(Path.cwd() / "shop")
    assert "PATH" in environment


def test_children_find_landing_where_nobody_set_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said to them, so that they take a pipeline's own folder, or the usual one, below the lake."""
    monkeypatch.delenv("LAKEHOUSE_LANDING", raising=False)
    environment = history.child_environment(read_settings(lake=tmp_path))
    assert [variable for variable in environment if variable.startswith("LAKEHOUSE_LANDING")] == []


def test_only_the_history_is_written_unhurriedly(tmp_path: Path) -> None:
    """Databases of the home are not waited for (0), others are (2, FULL), the lake's catalog among them."""
    with history.instance(read_settings(lake=tmp_path)):
        inside = _synchronous(tmp_path / "dagster" / "any.db"), _synchronous(tmp_path / "catalog.db")
    assert inside == (0, 2)
    assert _synchronous(tmp_path / "dagster" / "any.db") == 2


def _synchronous(file: Path) -> int:
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        value = connection.execute(text("PRAGMA synchronous")).scalar_one()
    engine.dispose()
    return int(value)
