"""Dagster's history on this machine: its home folder, the instance in it, and the environment of child processes.

The command line, the sensors and the UI share one home, so that a run started in one is seen in the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.settings import DAGSTER_HOME_ENV, PREFIX_ENV, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

CONFIG = "dagster.yaml"


def configuration(name: str = CONFIG) -> Path:
    """A configuration file of Dagster: packed into the wheel, or at the root of the repository."""
    packed = Path(__file__).with_name(name)
    return packed if packed.exists() else Path(__file__).parents[2] / name


def ensure_home(settings: Settings) -> Path:
    """The home folder, made with the instance's configuration when it has none."""
    home = settings.history.absolute()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / CONFIG).exists():
        (home / CONFIG).write_text(configuration().read_text("utf-8"), "utf-8")
    return home


def is_begun(settings: Settings) -> bool:
    """Whether there is any history."""
    return (settings.history / CONFIG).exists()


@contextmanager
def instance(settings: Settings) -> Iterator[DagsterInstance]:
    """The instance in the home folder; open it before many threads do, it creates its databases."""
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(ensure_home(settings))) as opened:
        yield opened


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment in which a child process works on the same lake and history."""
    own = {
        DAGSTER_HOME_ENV: str(ensure_home(settings)),
        f"{PREFIX_ENV}LAKE": str(settings.lake_root),
        f"{PREFIX_ENV}LANDING": str(settings.landing_root),
        f"{PREFIX_ENV}ENGINE": settings.engine,
    }
    return {**os.environ, **own}  # noqa: TID251 - handed on as it is, not read
