"""The history is made once, read where nothing can be written, and named when it cannot be used."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lakehouse_assets.errors import DiskFull, StateDamaged
from lakehouse_assets.operations import history, history_files
from lakehouse_assets.settings import read_settings
from lakehouse_assets_tests.operations.conftest import Cli, Shop

OPEN = """
import sys
from lakehouse_assets.operations import history
from lakehouse_assets.settings import read_settings
import dagster, sqlalchemy
settings = read_settings(lake=sys.argv[1])
print(flush=True)
sys.stdin.readline()
with history.instance(settings) as opened:
    opened.get_runs(limit=1)
"""


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The history lies in the lake, whatever this machine has set."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


def versions(home: Path) -> list[int]:
    """How many versions each database of a history says that it has."""
    found = []
    for name in history_files.DATABASES:
        with closing(sqlite3.connect(home / name)) as db:
            found.append(db.execute("SELECT count(*) FROM alembic_version").fetchone()[0])
    return found


def test_any_number_of_first_commands_make_one_history(tmp_path: Path) -> None:
    """Four processes that open a new lake's history in the same moment find it whole, and so does everybody later."""
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    for child in children:
        assert child.stdout
        child.stdout.readline()
    for child in children:
        assert child.stdin
        child.stdin.write(b"\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=120)
    assert [child.returncode for child in children] == [0, 0, 0, 0]
    assert versions(tmp_path / "dagster") == [1, 1, 1]


def test_a_process_killed_while_it_makes_the_history_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is in its place before it is whole; what is left beside it is removed by the next command."""
    settings = read_settings(lake=tmp_path)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", kill)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt), history.instance(settings):
            pass
    home = tmp_path / "dagster"
    assert not [name for name in history_files.DATABASES if (home / name).exists()]
    with history.instance(settings) as opened:
        assert opened.get_runs() == []
    assert [path.name for path in home.iterdir() if path.name.startswith(".new-")] == []


def spoil(file: Path) -> None:
    """Write something else over a database."""
    file.write_bytes(b"no database at all\n" * 100)


def two_heads(file: Path) -> None:
    """Do what two processes did that made one history at the same time."""
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("INSERT INTO alembic_version VALUES ('567bc23fd1ac')")


@pytest.mark.parametrize("name", history_files.DATABASES)
@pytest.mark.parametrize("damage", [spoil, two_heads])
@pytest.mark.parametrize("command", ["run", "checks"])
def test_a_spoilt_history_is_one_sentence_and_tables_can_be_read(
    cli: Cli, shown: Shop, tmp_path: Path, name: str, damage: Callable[[Path], None], command: str
) -> None:
    """It names the file and the way out, which works."""
    lake = tmp_path / "lake"
    shutil.copytree(shown.lake, lake)
    assert cli("relocate", "--lake", lake).code == 0
    damage(lake / "dagster" / name)
    result = cli(command, "--lake", lake)
    assert (result.code, result.err.count("\n")) == (1, 1), result.err
    assert f"error: the run history `{lake / 'dagster' / name}` cannot be used: " in result.err
    assert f"move the folder `{lake / 'dagster'}` away" in result.err
    assert cli("sql", "SELECT count(*) FROM delta_lakehouse.clean_orders", "--lake", lake).code == 0
    (lake / "dagster").rename(tmp_path / "away")
    assert cli("run", "--lake", lake).code == 0


def test_a_history_that_somebody_holds_is_one_sentence(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says to try again."""
    settings = read_settings(lake=tmp_path)
    with history.instance(settings):
        pass
    file = tmp_path / "dagster/history/runs.db"
    monkeypatch.setattr(history_files, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        result = cli("checks", "--lake", tmp_path)
    assert result.code == 1
    assert result.err == f"error: the run history `{file}` is held by another process; try again when that has ended\n"


def test_a_wrong_configuration_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    """Somebody has edited it."""
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster/dagster.yaml").write_text("run_monitoring: {no_such: 1}\n")
    result = cli("run", "ecommerce", "--lake", tmp_path)
    assert (result.code, result.err.count("\n")) == (1, 1), result.err
    assert f"`{tmp_path}/dagster/dagster.yaml` cannot be used: " in result.err
    assert "correct it, or remove it" in result.err


def not_writable(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the system say of a folder that it cannot be written; for root it is true on a read-only mount alone."""
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: folder not in (Path(path), *Path(path).parents) and real(path, mode)
    )


def not_opened(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let SQLite refuse a folder's databases, as it does where it cannot write, unless they are said not to change."""
    real = sqlite3.connect

    def connect(database: object, *rest: object, **options: object) -> sqlite3.Connection:
        if "immutable=1" not in str(database) and str(folder) in str(database):
            raise sqlite3.OperationalError("unable to open database file")
        return real(database, *rest, **options)  # type: ignore[call-overload, no-any-return] # as called

    monkeypatch.setattr(sqlite3, "connect", connect)
    monkeypatch.setattr("sqlite3.dbapi2.connect", connect)


def test_who_may_only_read_sees_the_checks(cli: Cli, shown: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those that who may write sees; nothing is written, not even beside the databases."""
    before = cli("checks", *shown.at, "--format", "json")
    files = sorted(shown.lake.rglob("*"))
    not_writable(monkeypatch, shown.lake / "dagster")
    not_opened(monkeypatch, shown.lake / "dagster")
    after = cli("checks", *shown.at, "--format", "json")
    assert (after.code, after.out) == (before.code, before.out)
    assert sorted(shown.lake.rglob("*")) == files


def test_a_history_whose_writer_was_killed_is_read_with_its_log(tmp_path: Path) -> None:
    """What is in the log beside a database counts, though it cannot be merged into it there."""
    home = tmp_path / "dagster/history"
    home.mkdir(parents=True)
    writer = sqlite3.connect(home / "runs.db")
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (a)")
    writer.commit()
    shutil.copytree(home, tmp_path / "frozen")
    writer.close()
    from sqlalchemy import create_engine, text

    with history_files.as_it_is(tmp_path / "frozen"):
        engine = create_engine(f"sqlite:///{tmp_path}/frozen/runs.db")
        with engine.connect() as db:
            assert db.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
        engine.dispose()


def test_who_may_only_read_is_told_before_anything_begins(
    cli: Cli, shown: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command that writes says it in one sentence."""
    not_writable(monkeypatch, shown.lake)
    for command in ("run", "dev", "rejects replay"):
        result = cli(*command.split(), *shown.at)
        assert (result.code, result.err.count("\n")) == (1, 1)
        assert f"this user may not use `{shown.lake}` (Permission denied)" in result.err


@pytest.mark.parametrize(
    ("text", "kind"), [("database or disk is full", DiskFull), ("no such column: x", StateDamaged)]
)
def test_what_sqlite_says_while_the_history_is_used_is_told_too(tmp_path: Path, text: str, kind: type) -> None:
    """An event that cannot be stored ends the run."""
    with pytest.raises(kind, match=text), history_files.told(tmp_path):
        raise sqlite3.OperationalError(text)


def test_other_errors_are_not_the_historys(tmp_path: Path) -> None:
    """They pass as they are."""
    with pytest.raises(OSError, match="else"), history_files.told(tmp_path):
        raise OSError(errno.EIO, "something else")
