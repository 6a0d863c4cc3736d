"""Keep Dagster's history on this machine: its home folder, the instance in it, and the child processes' environment.

The command line, the sensors and the UI share one home, so that a run started in one is seen in the others.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.settings import DAGSTER_HOME_ENV, PREFIX_ENV, Settings, process_environment

if TYPE_CHECKING:
    from dagster import DagsterInstance

CONFIG = "dagster.yaml"
FORMER = {"ac880fe555757f01e665dd28aef952643a292d9495c436cd78ec090fe0ccb35a"}
"""These are the SHA-256 of the configurations that earlier versions (0.1.0) wrote."""


def configuration(name: str = CONFIG) -> Path:
    """Return the path of a configuration file of Dagster: packed into the wheel, or at the root of the repository."""
    packed = Path(__file__).with_name(name)
    return packed if packed.exists() else Path(__file__).parents[2] / name


def ensure_home(settings: Settings) -> Path:
    """Return the home folder; make it, and write the configuration where there is none or an earlier version's."""
    home = settings.history.absolute()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / CONFIG).exists() or _is_former(home / CONFIG):
        (home / CONFIG).write_text(configuration().read_text("utf-8"), "utf-8")
    return home


def _is_former(config: Path) -> bool:
    """Say whether an earlier version wrote this configuration and nobody has edited it since."""
    return hashlib.sha256(config.read_bytes()).hexdigest() in FORMER


def is_begun(settings: Settings) -> bool:
    """Say whether there is any history yet."""
    return (settings.history / CONFIG).exists()


@contextmanager
def instance(settings: Settings) -> Iterator[DagsterInstance]:
    """Open the instance in the home folder; open it once before many threads do, because it creates its databases."""
    from dagster import DagsterInstance

    home = ensure_home(settings)
    with _unhurried(home), DagsterInstance.from_config(str(home)) as opened:
        yield opened


@contextmanager
def _unhurried(home: Path) -> Iterator[None]:
    """Let the system write the history's databases to disk when it likes.

    Dagster commits each event by itself, 1,700 waits for the disk in one small run. A process that dies loses nothing
    this way; a power cut may cost history, never tables.
    """
    from sqlalchemy import Engine, event

    folder = f"{home.resolve()}/"  # Dagster opens hundreds of connections in a run.

    def relax(connection: sqlite3.Connection, _: object) -> None:
        if any(row[2].startswith(folder) for row in connection.execute("PRAGMA database_list")):
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which a child process works on the same lake and history."""
    own = {
        DAGSTER_HOME_ENV: str(ensure_home(settings)),
        f"{PREFIX_ENV}LAKE": str(settings.lake_root),
        f"{PREFIX_ENV}ENGINE": settings.engine,
    }
    landings = {f"{PREFIX_ENV}LANDINGS__{name.upper()}": path for name, path in settings.landings.items()}
    if settings.landing is not None:
        landings[f"{PREFIX_ENV}LANDING"] = settings.landing
    places = {variable: str(path.expanduser().absolute()) for variable, path in landings.items()}
    return {**process_environment(), **own, **places}
