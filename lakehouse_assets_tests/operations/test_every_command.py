"""Every command, on a lake that cannot be written and on one whose files are broken: one sentence, or an answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse_assets.operations.cli import main
from lakehouse_assets_tests.operations.conftest import Shop

Ended = dict[str, tuple[int, str]]
READING = (
    "sql",
    "checks",
    "rejects list",
    "rejects show",
    "rejects pending",
    "plan",
    "cost",
    "status",
    "runs",
    "report",
)
WRITING = ("run", "optimize", "vacuum", "rebuild", "rejects replay", "backfill", "clone", "relocate")
INTERNALS = (
    "Traceback",
    "Error:",
    "sqlalchemy",
    "sqlite3",
    "deltalake",
    "pyiceberg",
    "dagster._",
    "<class",
    "Background on",
)


@pytest.fixture(scope="module")
def lake(shown: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of these tests' own."""
    copy = tmp_path_factory.mktemp("every") / "lake"
    shutil.copytree(shown.lake, copy)
    assert main(["relocate", "--lake", str(copy)]) == 0
    return copy


def every(lake: Path, *before: str) -> Ended:
    """How every command ends on this lake, in one process."""
    out = lake.with_name(f"{lake.name}.json")
    called = [sys.executable, "-m", "lakehouse_assets_tests.operations.every_command", str(lake), str(out)]
    env = os.environ | {"LAKEHOUSE_LANDING": str(lake.parent), "DAGSTER_HOME": ""}
    done = subprocess.run([*before, *called], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: (code, err) for name, (code, err) in json.loads(out.read_text()).items()}


@pytest.fixture(scope="module")
def frozen(lake: Path) -> Ended:
    """On a read-only mount, which holds for root too."""
    mount = f'mount --bind "{lake}" "{lake}" && mount -o remount,ro,bind "{lake}" && exec "$@"'
    return every(lake, "unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")


@pytest.fixture(scope="module")
def broken(lake: Path, frozen: Ended) -> Ended:
    """With garbage in the catalog, the history, the logs of Delta tables and the metadata of Iceberg tables."""
    assert frozen
    for pattern in ("catalog.db", "dagster/**/*.db", "**/_delta_log/*.json", "ecommerce_gold/*/metadata/*.json"):
        for file in lake.glob(pattern):
            file.write_bytes(b"garbage, and more of it")
    return every(lake)


@pytest.mark.parametrize("command", READING)
def test_what_only_reads_works_where_nothing_can_be_written(frozen: Ended, command: str) -> None:
    """Without a word on stderr."""
    assert frozen[command] == (0, "")


@pytest.mark.parametrize("command", WRITING)
def test_what_writes_says_in_one_sentence_that_it_cannot(frozen: Ended, command: str) -> None:
    """The sentence names the lake, not what the system calls it inside."""
    code, err = frozen[command]
    assert (code, err.count("\n")) == (1, 1)
    assert "cannot be written (Read-only file system); commands that only read work there" in err


def test_no_command_tells_more_than_a_sentence(frozen: Ended, broken: Ended) -> None:
    """But `checks`, which tells one for each table; none shows what libraries say among themselves."""
    for found in (frozen, broken):
        for name, (code, err) in found.items():
            assert code in {0, 1, 2}, name
            assert name == "checks" or err.count("\n") <= 1, (name, err)
            assert all(line.startswith("error: ") for line in err.splitlines()), (name, err)
            assert not any(word in err for word in INTERNALS), (name, err)


@pytest.mark.parametrize("command", ["sql", "checks", "rejects list", "run"])
def test_a_broken_lake_is_said_to_be_broken(broken: Ended, command: str) -> None:
    """Nothing is answered from it, and it is named."""
    code, err = broken[command]
    assert code == 1
    assert "cannot be " in err
