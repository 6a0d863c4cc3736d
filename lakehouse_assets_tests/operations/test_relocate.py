"""A lake that was copied or moved is refused where it would write into another one, and made a lake of its own."""

from __future__ import annotations

import hashlib
import json
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
from lakehouse_assets.storage.lease import Lease, started_of, this_host
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.operations.conftest import FIRST, SECOND, Cli, Result, Shop, put

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


@pytest.mark.parametrize("command", ["optimize", "vacuum --delete", "rejects replay", "dev --port 1"])
def test_what_would_write_is_refused(cli: Cli, shop: Shop, copied: Shop, command: str) -> None:
    """Before it writes anything, into the copy or the original."""
    before = everything(shop.lake.parent)
    refused = cli(*command.split(), *copied.at)
    assert (refused.code, f"moved from `{shop.lake}`" in refused.err) == (2, True)
    assert everything(shop.lake.parent) == before


def test_corrections_of_a_refused_replay_are_not_kept(cli: Cli, shop: Shop, copied: Shop) -> None:
    """They would lie in the folder of a run that never was."""
    corrected = shop.lake.with_name("corrected.csv")
    corrected.write_text(cli("rejects", "show", "--format", "csv", *shop.at).out.replace("ten", "10.00"), "utf-8")
    before = everything(copied.lake)
    assert cli("rejects", "replay", "--with", corrected, *copied.at).code == 2
    assert everything(copied.lake) == before


def test_what_only_looks_at_silver_answers(cli: Cli, copied: Shop) -> None:
    """Delta tables, rejects and checks hold nothing absolute; gold does, and says so."""
    silver = cli("sql", "SELECT count(*) AS n FROM delta_lakehouse.clean_orders", "--format", "csv", *copied.at)
    assert silver.out == "n\n2\n"
    assert "amount_invalid" in cli("rejects", "list", *copied.at).out
    assert "daily_sales" in cli("checks", *copied.at).out
    assert gold(cli, copied.lake).code == 2


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


def test_a_run_that_goes_on_is_not_disturbed(cli: Cli, copied: Shop) -> None:
    """Whoever holds the pipeline has the lake; nothing is relocated meanwhile."""
    with Lease(open_store(str(copied.lake)), "ecommerce").acquire("some-run"):
        refused = cli("relocate", *copied.at)
    assert (refused.code, "some-run" in refused.err) == (1, True)
    assert gold(cli, copied.lake).code == 2
    assert cli("relocate", *copied.at).code == 0


def test_what_was_done_is_told(cli: Cli, shop: Shop, copied: Shop) -> None:
    """Each gold table with where it was made; a second time there is nothing to do."""
    first, second = (cli("relocate", *copied.at) for _ in range(2))
    told = " ".join(first.out.split())
    for table in ("daily_sales", "product_daily", "user_orders"):
        assert f"ecommerce_gold.{table} {shop.lake}" in told
    assert f"The lake `{copied.lake}` is a lake of its own now." in told
    assert second.out == f"The lake `{copied.lake}` is where its tables say; nothing to do.\n"


def test_a_lake_without_gold_may_lie_anywhere(cli: Cli, tmp_path: Path) -> None:
    """Nothing is written into it, not even a lease."""
    result = cli("relocate", "--lake", tmp_path)
    assert (result.code, "nothing to do" in result.out) == (0, True)
    assert everything(tmp_path) == {}


def test_a_lake_is_where_it_is_by_any_name(cli: Cli, shop: Shop, tmp_path: Path) -> None:
    """A link to it, `..` and a slash at the end are the same place, for a run too."""
    (tmp_path / "link").symlink_to(shop.lake)
    put(shop.landing, SECOND)
    assert cli(*Shop(tmp_path / "link", shop.landing).run).code == 0
    for name in (f"{tmp_path}/link/", f"{shop.lake}/../lake", f"{tmp_path}/link/../lake"):
        assert gold(cli, Path(name)).out == BOTH_DAYS


def test_a_landing_in_the_lake_goes_with_it(cli: Cli, tmp_path: Path) -> None:
    """The manifest of a run names it below the lake, so that the run of a moved lake reads its own files."""
    lake = tmp_path / "lake"
    put(lake / "land-folder/Data", FIRST)
    assert cli("run", "ecommerce", "--lake", lake, "--max-reject-ratio", "1").code == 0
    (manifest,) = (json.loads(file.read_bytes()) for file in lake.glob("runs/ecommerce/*/manifest.json"))
    assert manifest["landing"] == "land-folder/Data"
