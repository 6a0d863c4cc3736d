"""Runs that die, files that change under a run, and two runs at once: nothing is lost, nothing is doubled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.errors import CommitConflict, LandingChanged, LeaseHeld
from lakehouse_assets.load.ledger import backlog
from lakehouse_assets.load.run import LoadInput
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests import oracle
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.crashing import EARLIER, KILLED, NEXT_DAY, run
from lakehouse_assets_tests.load.drops import file_of

GOLD = ("daily_sales", "product_daily", "user_orders")
MOMENTS = {
    2: "the ledger said what is touched",
    4: "orders were merged",
    8: "items were merged",
    10: "rejects were written",
    14: "rows that wait no more were removed",
    18: "the first gold table was built and not acknowledged",
    20: "the first gold table was acknowledged and its version not told",
    29: "the last gold table was about to be written",
    36: "the files were watched and not yet moved",
    40: "a file was moved",
    53: "all files were moved and are still watched",
}
"""Of the 56 moments of a whole run (`crashing.Moments`), those after which something is half done."""
REPOSITORY = Path(__file__).parents[2]


def contents(lake: LakeDriver) -> dict[str, Any]:
    """Everything that a run is for: all tables without what names a run, landing, and names of archived files."""
    engine = lake.query()
    gold: dict[str, Any] = {}
    for name in GOLD:
        contract = lake.known[f"gold.{name}"]
        engine.show(contract)
        gold[name] = sorted(map(str, engine.rows(f"SELECT * FROM {contract.catalog_name}")))
    engine.close()
    archived = {key.rpartition("/")[2] for key in lake.value.store.look("archived/").keys}
    return {"gold": gold, "archived": archived, "landed": lake.landed.look().keys} | {
        "silver": lake.silver(), "rejects": lake.rejects(), "pending": lake.pending()
    }  # fmt: skip


def archived_by(lake: LakeDriver, run_id: str) -> list[str]:
    """Landing keys of what a run archived, read from `archived/<pipeline>/<dataset>/<date>/<run>/<etag>-<name>`."""
    found = (lake.root / "archived").rglob(f"{run_id}/*.csv")
    return sorted(f"{path.parts[-4]}/{path.name.split('-', 1)[1]}" for path in found)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one lake per moment, each left by a process that was killed at that moment."""
    base, lakes = tmp_path_factory.mktemp("base"), tmp_path_factory.mktemp("killed")
    lake = LakeDriver(base)
    lake.load(*EARLIER)
    shutil.rmtree(lake.landing)
    lake.drop(*KILLED)
    folders = [shutil.copytree(base, lakes / str(moment)) for moment in (*MOMENTS, 0)]
    command = [sys.executable, "-m", "lakehouse_assets_tests.load.crashing", *map(str, folders)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["-9"] * len(MOMENTS) + ["56"], done.stderr
    return lakes


@pytest.fixture(scope="module")
def clean(killed: Path) -> dict[str, Any]:
    """What a run leaves that nobody killed; the oracle agrees."""
    lake = LakeDriver(killed / "0")
    state = oracle.load(KILLED, oracle.load(EARLIER).state, NEXT_DAY).state
    assert lake.silver() == {n: {k: r.values for k, r in rows.items()} for n, rows in state.silver.items()}
    assert [lake.gold(n) for n in GOLD] == [getattr(oracle, n)(state) for n in GOLD]
    return contents(lake)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: MOMENTS[moment].replace(" ", "_"))
def test_a_killed_run_is_caught_up_by_the_next(killed: Path, clean: dict[str, Any], moment: int) -> None:
    """Run again at once, the lease of the dead is taken over and everything ends as if nothing had happened."""
    folder = killed / str(moment)
    run(folder, "again")
    lake = LakeDriver(folder)
    assert contents(lake) == clean
    ledger = lake.known["control.ecommerce_run_ledger"]
    assert {backlog(ledger, lake.value, lake.known[f"gold.{name}"]).runs for name in GOLD} == {()}


ORDERS = file_of("orders", 1, ["1,o1,u1,2025-04-01T10:00,10.00,2025-04-01", "1,bad,u1,2025-04-01T10:00,x,2025-04-01"])
REPLACED = file_of("orders", 1, [f"1,o{n},u2,2025-04-02T10:00,3.00,2025-04-02" for n in (2, 4)], 9)
MORE = file_of("orders", 2, ["1,o3,u3,2025-04-02T10:00,4.00,2025-04-02"])


@dataclass
class Disturbed:
    """A landing where something happens when a file of orders was read the n-th time; others are read beside it."""

    inner: ManifestFiles
    happens: Callable[[], object]
    at: int = 1
    reads: int = 0

    def chunks(self, entry: FileEntry) -> Iterator[bytes]:
        """The bytes as they were, and then the disturbance."""
        yield from list(self.inner.chunks(entry))
        self.reads += entry.key == ORDERS.key
        if entry.key == ORDERS.key and self.reads == self.at:
            self.happens()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def disturbed(lake: LakeDriver, work: LoadInput, happens: Callable[[], object], at: int = 1) -> LoadInput:
    """The work with a landing in which something happens."""
    landing = ManifestFiles(open_store(str(lake.landing)), lake.value.store)
    return replace(work, landing=Disturbed(landing, happens, at))


@pytest.mark.parametrize("at", [1, 2])
def test_a_file_that_is_replaced_while_it_is_read_fails_the_try(tmp_path: Path, at: int) -> None:
    """In the first look at a file, or the second for its rejects: the next try leaves it to the next run."""
    lake = LakeDriver(tmp_path)
    work = lake.work(lake.drop(ORDERS, MORE))
    with pytest.raises(LandingChanged, match=r"orders/1.csv. changed while it was being read"):
        lake.loaded(disturbed(lake, work, lambda: lake.drop(REPLACED), at=at))
    assert lake.loaded(work).skipped_files == ["orders/1.csv"]
    assert "o3" in lake.silver()["orders"]
    lake.load(REPLACED)
    assert {"o2", "o3"} <= lake.silver()["orders"].keys()
    assert lake.rejects() == {}


def test_a_file_that_lands_in_the_middle_of_a_run_waits_for_the_next(tmp_path: Path) -> None:
    """The run reads, merges and archives its manifest and nothing else."""
    lake = LakeDriver(tmp_path)
    work = lake.work(lake.drop(ORDERS))
    lake.loaded(disturbed(lake, work, lambda: lake.drop(MORE)))
    assert lake.silver()["orders"].keys() == {"o1"}
    assert run(tmp_path, "next")["moved"] == 2
    assert archived_by(lake, "next") == ["orders/1.csv", "orders/2.csv"]
    assert lake.silver()["orders"].keys() == {"o1", "o3"}


def test_a_file_that_is_gone_before_it_is_read_is_left_to_the_next_run(tmp_path: Path) -> None:
    """It is skipped, even when it was there a moment ago, and the others are loaded."""
    lake = LakeDriver(tmp_path)
    work = disturbed(lake, lake.work(lake.drop(ORDERS, MORE)), (lake.landing / ORDERS.key).unlink)
    assert lake.loaded(work).skipped_files == ["orders/1.csv"]
    assert lake.silver()["orders"].keys() == {"o3"}


def test_a_file_that_is_in_the_work_twice_is_rejected_once(tmp_path: Path) -> None:
    """Two copies in the archive, of a run that died between copying and deleting, are one file."""
    lake = LakeDriver(tmp_path)
    (entry,) = lake.drop(ORDERS)
    copies = [replace(entry, archived=f"archived/{n}.csv") for n in "ab"]
    for copy in copies:
        lake.root.joinpath("archived").mkdir(parents=True, exist_ok=True)
        shutil.copy(lake.landing / entry.key, lake.root / str(copy.archived))
    lake.loaded(lake.work(copies, mode="reprocess", date="2025-04-06"))
    assert lake.silver()["orders"].keys() == {"o1"}
    assert lake.rows("SELECT count(*) AS n FROM delta_lakehouse.ecommerce_rejects") == [{"n": 1}]


def test_a_holder_that_stalls_between_fence_and_commit_does_not_double_a_key(tmp_path: Path) -> None:
    """Another run commits the same order meanwhile: the late one fails on the version it compared with."""
    lake = LakeDriver(tmp_path)
    work, calls = lake.work(lake.drop(ORDERS)), iter(range(9))

    def guard() -> None:
        if next(calls) == 1:  # the ledger is written, orders are about to be
            lake.load(ORDERS)

    with pytest.raises(CommitConflict):
        lake.loaded(work, guard)
    assert lake.rows("SELECT count(*) AS n FROM delta_lakehouse.clean_orders") == [{"n": 1}]


def test_a_replay_that_dies_between_the_side_tables_loses_no_row(tmp_path: Path) -> None:
    """The corrected row waits for its product before its reject is marked, so it is always in one of the two tables."""
    lake, calls = LakeDriver(tmp_path), iter(range(9))
    lake.load(file_of("order_items", 1, ["i1,o1,u1,,p1,1,maybe,2025-04-01T10:00,2025-04-01"]), max_reject_ratio=1.0)
    corrected = next(iter(lake.rows("SELECT * FROM delta_lakehouse.ecommerce_rejects")))
    text = f"_file,_line,_etag,id,order_id,user_id,product_id,reordered,order_timestamp,date\n{corrected['file']},"
    text += f"{corrected['line']},{corrected['etag']},i1,o1,u1,p1,1,2025-04-01T10:00,2025-04-01\n"
    (lake.root / "fix.csv").write_text(text)

    def guard() -> None:
        if next(calls) == 1:  # one control table is written, the other is about to be
            raise CommitConflict(table="side")

    with pytest.raises(CommitConflict):
        lake.load(mode="replay", selection={"corrected": "fix.csv"}, guard=guard)
    assert len(lake.pending()) == 1
    lake.load()
    assert (len(lake.pending()), lake.rejects()) == (1, {})


def test_a_run_that_is_tried_again_tells_gold_what_its_first_try_merged(tmp_path: Path) -> None:
    """After a lost race in the middle the second try finds orders unchanged; gold hears of them all the same."""
    lake, calls = LakeDriver(tmp_path), iter(range(9))
    work = lake.work(lake.drop(*EARLIER))

    def guard() -> None:
        if next(calls) == 3:
            raise CommitConflict(table="clean_orders_items")

    with pytest.raises(CommitConflict):
        lake.loaded(work, guard)
    lake.loaded(work)
    state = oracle.load(EARLIER).state
    assert [lake.gold(name) for name in GOLD] == [getattr(oracle, name)(state) for name in GOLD]


def test_a_run_that_loads_more_after_gold_acknowledged_it_is_looked_at_again(tmp_path: Path) -> None:
    """All steps of a run executed once more, with a file that landed meanwhile."""
    lake = LakeDriver(tmp_path)
    lake.load(ORDERS)
    assert len(lake.gold("user_orders")) == 1
    lake.runs -= 1
    lake.load(ORDERS, MORE)
    assert [row["user_id"] for row in lake.gold("user_orders")] == ["u1", "u3"]


HOLD = """
import sys, time
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
with Lease(open_store(sys.argv[1]), "ecommerce").acquire("first"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_hears_who_holds_the_pipeline_and_works_after_it(tmp_path: Path) -> None:
    """Two processes on one lake: refused with run, host, pid and since when; fine when the first has ended."""
    lake = LakeDriver(tmp_path)
    lake.drop(ORDERS)
    command = [sys.executable, "-c", HOLD, str(lake.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        since = Lease(lake.value.store, "ecommerce")._read()[0].acquired_at  # noqa: SLF001 - the file is the lease
        told = rf"held by run `first` \(.+, pid {first.pid}\) since {since:%Y-%m-%dT%H:%M:%S}"
        with pytest.raises(LeaseHeld, match=told):
            run(tmp_path, "second")
        first.communicate()
    assert run(tmp_path, "second")["moved"] == 1
    assert archived_by(lake, "second") == ["orders/1.csv"]
    assert lake.silver()["orders"].keys() == {"o1"}
