"""Look after the SQLite files of Dagster's history.

They are made at once or not at all, read where nothing can be written, and named when one is spoilt, locked or full.
Dagster makes them table by table whenever an instance is opened, and two processes that do so at the same time, or one
that is killed meanwhile, leave a history that nobody can open again.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lakehouse_assets.errors import DiskFull, LakehouseError, ReadOnly, StateDamaged, StateLocked

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import Dialect

DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
"""Name the files that every history on this machine has; each run has one more beside the second."""
NEW = ".new-"
WAY_OUT = "put it back from a backup, or move the folder `{home}` away: the next command makes an empty history"
TABLES_STAY = "the tables of the lake do not need it"
BUSY_SECONDS = 5.0


def make_databases(home: Path, *, own: bool) -> None:
    """Make the databases of a new history beside their place and move them there; the caller holds the home's lock.

    Args:
        home: the home folder, with its configuration.
        own: whether the configuration is ours; another one may keep its history anywhere, and is left to Dagster.
    """
    from dagster import DagsterInstance

    for left in home.glob(f"{NEW}*"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    if not own or any((home / name).exists() for name in DATABASES):
        return
    new = home / f"{NEW}{uuid4().hex}"
    new.mkdir()
    try:
        shutil.copy(home / "dagster.yaml", new)
        with DagsterInstance.from_config(str(new)) as made:
            made.get_runs(limit=1)
        for name in ("history", "schedules"):
            (new / name).rename(home / name)
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def as_it_is(home: Path) -> Iterator[None]:
    """Open the databases of a home that cannot be written, without the files that SQLite makes beside them.

    A database whose last changes are in a log beside it, because its writer was killed, is read from a copy of both.
    """
    from sqlalchemy import Engine, event

    folder, copies = home.resolve(), Path(tempfile.mkdtemp(prefix="lakehouse-history-"))

    def connect(_: Dialect, __: object, arguments: list[Any], options: dict[str, Any]) -> sqlite3.Connection | None:
        file = Path(str(arguments[0]))
        if not file.is_relative_to(folder):
            return None
        log = file.with_name(f"{file.name}-wal")
        is_behind = log.exists() and log.stat().st_size > 0
        place = _copied(file, log, copies).as_uri() if is_behind else f"{file.as_uri()}?immutable=1"
        opened: sqlite3.Connection = sqlite3.connect(place, **options | {"uri": True})
        return opened

    event.listen(Engine, "do_connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)
        shutil.rmtree(copies, ignore_errors=True)


def _copied(file: Path, log: Path, copies: Path) -> Path:
    copy = copies / file.name
    if not copy.exists():
        shutil.copy(log, copies)
        shutil.copy(file, copy)
    return copy


@contextmanager
def told(home: Path) -> Iterator[None]:
    """Turn what SQLite, SQLAlchemy, Alembic or Dagster's configuration say of the history into one of our errors."""
    try:
        yield
    except Exception as error:
        known = history_error(home, error)
        if known is None:
            raise
        raise known from error


def history_error(home: Path, error: BaseException) -> LakehouseError | None:
    """Return the error that says what is wrong with the history; None when the error is not about it.

    Args:
        home: the home folder.
        error: what was raised while the history was in use.
    """
    library, text = type(error).__module__.partition(".")[0], str(error).splitlines()[0] if str(error) else ""
    config = home / "dagster.yaml"
    if type(error).__name__ in {"DagsterInvalidConfigError", "DagsterUnresolvableSymbolError"} or library == "yaml":
        way_out = f"correct it, or remove it: the next command writes the usual one; {TABLES_STAY}"
        return StateDamaged(what="the configuration of Dagster", file=config, problem=text, way_out=way_out)
    if library not in {"sqlite3", "sqlalchemy", "alembic"} and type(error).__name__ != "DagsterInstanceSchemaOutdated":
        return None
    file = next((file for file in databases(home) if problem_of(file)), home)
    problem = (problem_of(file) if file != home else None) or _without_prefix(text)
    if "locked" in problem or "busy" in problem:
        return StateLocked(what="the run history", file=file)
    if "readonly" in problem or "unable to open" in problem:
        return ReadOnly(place=file, problem=problem)
    if _is_no_room(error) or "full" in problem or shutil.disk_usage(home).free == 0:
        return DiskFull(place=f"the run history `{file}`", problem=problem)
    way_out = f"{WAY_OUT.format(home=home)}; {TABLES_STAY}"
    return StateDamaged(what="the run history", file=file, problem=problem, way_out=way_out)


def databases(home: Path) -> list[Path]:
    """Return the database files of a history, those of single runs last and newest first."""
    runs = sorted((home / "history/runs").glob("*.db"), key=lambda file: -file.stat().st_mtime)
    main = [home / name for name in DATABASES if (home / name).exists()]
    return [*main, *(file for file in runs if file not in main)]


def problem_of(file: Path) -> str | None:
    """Return what is wrong with a database file, None when it can be read and has one version."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as db:
            found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            versions = db.execute("SELECT count(*) FROM alembic_version").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    if found != "ok":
        return str(found)
    return None if versions == 1 else f"it has {versions} versions instead of one"


def _is_no_room(error: BaseException) -> bool:
    """Say whether SQLite could not write for want of room: a quota and a limit of a file's size are I/O errors to it.

    https://www.sqlite.org/rescode.html
    """
    code = getattr(getattr(error, "orig", error), "sqlite_errorname", None) or ""
    return code.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_SHM"))


def _without_prefix(text: str) -> str:
    """Return SQLAlchemy's message without the class that it begins with.

    >>> _without_prefix("(sqlite3.OperationalError) database or disk is full")
    'database or disk is full'
    """
    return text.partition(") ")[2] if text.startswith("(") else text
