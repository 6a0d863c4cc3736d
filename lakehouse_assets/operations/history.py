"""Keep Dagster's history on this machine: its home folder, the instance in it, and the child processes' environment.

The command line, the sensors and the UI share one home, so that a run started in one is seen in the others.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.settings import DAGSTER_HOME_ENV, PREFIX_ENV, Settings, process_environment
from lakehouse_assets.storage.locks import locked
from lakehouse_assets.storage.opening import open_store

if TYPE_CHECKING:
    from dagster import DagsterInstance

CONFIG = "dagster.yaml"
FORMER = {
    "ac880fe555757f01e665dd28aef952643a292d9495c436cd78ec090fe0ccb35a",
    "5ce132f6345610f3ecd48fbe1e5a51c9e9b3d9d06e66225e6d8da273503a53fb",
}
"""These are the SHA-256 of the configurations that earlier versions wrote."""


def configuration(name: str = CONFIG) -> Path:
    """Return the path of a configuration file of Dagster: packed into the wheel, or at the root of the repository."""
    packed = Path(__file__).with_name(name)
    return packed if packed.exists() else Path(__file__).parents[2] / name


def ensure_home(settings: Settings) -> Path:
    """Return the home folder; make it, and write the configuration where there is none or an earlier version's.

    Raises:
        LakehouseError: it cannot be made there; which one says why.
    """
    home = settings.history_home.absolute()
    store = open_store(str(home))
    if not (home / CONFIG).exists() or _is_former(home / CONFIG):
        store.put(CONFIG, configuration().read_bytes())
    return home


def _is_former(config: Path) -> bool:
    """Say whether an earlier version wrote this configuration and nobody has edited it since."""
    return hashlib.sha256(config.read_bytes()).hexdigest() in FORMER


def is_begun(settings: Settings) -> bool:
    """Say whether there is any history yet."""
    return (settings.history_home / CONFIG).exists()


@contextmanager
def instance(settings: Settings, *, reading: bool = False) -> Iterator[DagsterInstance]:
    """Open the instance in the home folder; its databases are made once, whoever else opens it at the same time.

    Args:
        settings: whose home.
        reading: whether nothing will be written; a home that cannot be written is then read as it is.

    Raises:
        StateDamaged, StateLocked, DiskFull, ReadOnly, AccessDenied: the history cannot be used, or not any more.
    """
    from dagster import DagsterInstance

    from lakehouse_assets.operations.history_engines import KEPT
    from lakehouse_assets.operations.history_files import as_it_is, make_databases, told
    from lakehouse_assets.operations.noise import muted

    home = settings.history_home.absolute()
    frozen = reading and not os.access(home, os.W_OK)
    with told(home), as_it_is(home) if frozen else _unhurried(ensure_home(settings)):
        with nullcontext() if frozen else locked(home):
            if not frozen:
                make_databases(home, own=(home / CONFIG).read_bytes() == configuration().read_bytes())
            opened = DagsterInstance.from_config(str(home))
        with opened, nullcontext() if frozen else KEPT.of(home), muted():
            yield opened


def require_usable(settings: Settings) -> None:
    """Make sure that Dagster's own processes find a history that they can use, and need not make one all at once.

    Raises:
        LakehouseError: as `instance`.
    """
    with instance(settings):
        return


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
        f"{PREFIX_ENV}LAKE": settings.lake_root,
        f"{PREFIX_ENV}ENGINE": settings.engine,
    }
    landings = {f"{PREFIX_ENV}LANDINGS__{name.upper()}": place for name, place in settings.landings.items()}
    if settings.landing is not None:
        landings[f"{PREFIX_ENV}LANDING"] = settings.landing
    return {**process_environment(), **own, **landings}
