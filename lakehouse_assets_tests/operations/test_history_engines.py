"""Dagster's history keeps its connections while it is open, and not a moment longer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dagster import DagsterInstance

from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a lake that is not there yet."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return Settings(lake=tmp_path / "lake")


def open_files(folder: Path) -> list[str]:
    """The files below a folder that this process holds open."""
    handles = [handle for handle in Path("/proc/self/fd").iterdir() if handle.is_symlink()]
    return sorted(str(target) for target in (handle.readlink() for handle in handles) if target.is_relative_to(folder))


def ask(instance: DagsterInstance, times: int) -> None:
    """Ask the history something."""
    for _ in range(times):
        assert instance.get_runs() == []
        assert list(instance.all_asset_keys()) == []


def test_a_history_that_is_asked_often_holds_one_connection_a_database(settings: Settings) -> None:
    """However often it is asked, each database is open once."""
    with history.instance(settings) as instance:
        ask(instance, 1)
        once = open_files(settings.history_home)
        ask(instance, 20)
        assert open_files(settings.history_home) == once
        assert len({name for name in once if name.endswith(".db")}) == len([n for n in once if n.endswith(".db")]) > 0


def test_nothing_stays_open(settings: Settings) -> None:
    """What is closed can be moved away, and a new history in its place is a new one."""
    with history.instance(settings) as instance:
        instance.add_dynamic_partitions("days", ["2026-03-01"])
    assert open_files(settings.history_home) == []
    shutil.rmtree(settings.lake_root)
    with history.instance(settings) as instance:
        assert instance.get_dynamic_partitions("days") == []


def test_a_history_that_is_open_twice_stays_open_until_both_are_closed(settings: Settings) -> None:
    """Whoever closes first takes nothing from the other."""
    with history.instance(settings) as outer:
        with history.instance(settings) as inner:
            inner.add_dynamic_partitions("days", ["2026-03-01"])
        assert outer.get_dynamic_partitions("days") == ["2026-03-01"]
    assert open_files(settings.history_home) == []
