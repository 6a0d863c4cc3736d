"""A lake that was copied or moved is refused where it would write into another one, and made a lake of its own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from lakehouse_assets.graph.process import RunProcess
from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lease import started_of, this_host
from lakehouse_assets_tests.operations.conftest import SECOND, Cli, Result, Shop, put

GOLD = "SELECT date, sum(amount) AS amount FROM ecommerce_gold.daily_sales GROUP BY date ORDER BY date"
FIRST_DAY = "date,amount\n2025-04-01,30.50\n"
BOTH_DAYS = FIRST_DAY + "2025-04-02,5.25\n"
"""What `FIRST`, and `FIRST` and `SECOND`, sold: 10.00 + 20.50, and 5.25."""


def everything(folder: Path) -> dict[str, tuple[str, int]]:
    """Content and time of change of every file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f): (hashlib.sha256(f.read_bytes()).hexdigest(), f.stat().st_mtime_ns) for f in files}


def gold(cli: Cli, lake: Path, *more: str) -> Result:
    """Sales by day."""
    return cli("sql", GOLD, "--format", "csv", "--lake", lake, *more)


@pytest.fixture
def copied(shop: Shop) -> Shop:
    """A copy of the shop's lake beside it; the original is still there."""
    return Shop(Path(shutil.copytree(shop.lake, shop.lake.with_name("copy"))), shop.landing)


@pytest.fixture
def moved(shop: Shop) -> Shop:
    """The shop's lake under another name; there is nothing where it was."""
    return Shop(shop.lake.rename(shop.lake.with_name("renamed")), shop.landing)


def test_a_run_on_a_copy_is_refused_and_writes_nothing(cli: Cli, shop: Shop, copied: Shop) -> None:
    """Neither into the original, which its gold tables still name, nor into the copy; the sentence names both."""
    put(shop.landing, SECOND)
    before = everything(shop.lake.parent)
    refused = cli(*copied.run)
    assert everything(shop.lake.parent) == before
    assert refused.code == 2
    assert refused.err == (
        f"error: the lake `{copied.lake}` was copied or moved from `{shop.lake}`, where its gold tables still point; "
        f"`lakehouse relocate --lake {copied.lake}` makes it a lake of its own\n"
    )


def test_a_copy_becomes_a_lake_of_its_own(cli: Cli, shop: Shop, copied: Shop) -> None:
    """Relocated, it is read and loaded like any lake, and the original stays as it is, byte by byte."""
    original = everything(shop.lake)
    assert cli("relocate", *copied.at).code == 0
    assert gold(cli, copied.lake).out == FIRST_DAY
    put(shop.landing, SECOND)
    assert cli(*copied.run).code == 0
    assert everything(shop.lake) == original
    assert [gold(cli, lake).out for lake in (copied.lake, shop.lake)] == [BOTH_DAYS, FIRST_DAY]


def test_a_moved_lake_becomes_usable_again(cli: Cli, moved: Shop) -> None:
    """Gold is refused until it is relocated; then it is read and loaded, and nothing appears where it was."""
    assert gold(cli, moved.lake).code == 2
    assert cli("relocate", *moved.at).code == 0
    put(moved.landing, SECOND)
    assert cli(*moved.run).code == 0
    assert gold(cli, moved.lake).out == BOTH_DAYS
    assert not moved.lake.with_name("lake").exists()


def test_a_killed_run_of_the_original_is_told_in_the_copy(cli: Cli, shop: Shop) -> None:
    """The copied history calls it started; its end is noted where the copy is, and not where it began."""
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        begun = started_of(process.pid)
        process.kill()
    assert begun
    note = RunProcess(str(uuid4()), "ecommerce", str(shop.lake), this_host(), process.pid, begun)
    with history.instance(Settings(lake=shop.lake)) as instance:
        create_run_for_test(instance, "ecommerce", note.run_id, tags=note.tags, status=dg.DagsterRunStatus.STARTED)
    copy = Shop(Path(shutil.copytree(shop.lake, shop.lake.with_name("copy"))), shop.landing)
    original = everything(shop.lake)
    assert [cli(*command).code for command in (("relocate", *copy.at), copy.run)] == [0, 0]
    assert everything(shop.lake) == original
    assert (copy.lake / "runs/ecommerce" / note.run_id / "report.json").exists()
