"""The lease in a real store, with real processes: one holder, dead ones replaced, stale ones stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse_assets.core.lease import Process
from lakehouse_assets.errors import BadRequest, FenceLost, LeaseHeld
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.lease import Lease, lease_key, started_of, this_process
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store

ELSEWHERE = Process("another-host", 1, "boot/1")

HOLD = """
import sys, time
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.errors import LeaseHeld
try:
    Lease(open_store(sys.argv[1]), "ecommerce").acquire(sys.argv[2])
    print("got it", flush=True)
    time.sleep(30)
except LeaseHeld as error:
    print(error, flush=True)
"""


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = datetime(2025, 4, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """A lake."""
    return open_store(str(tmp_path) if request.param == "folder" else f"{request.getfixturevalue('s3')}/lake")


@pytest.fixture
def children(store: ObjectStore) -> Iterator[list[subprocess.Popen[str]]]:
    """Three processes that ask for one lease at once; stopped after the test."""
    commands = [[sys.executable, "-c", HOLD, store.uri, f"r{number}"] for number in range(3)]
    with ExitStack() as stack:
        started = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) for command in commands
        ]
        yield started
        for child in started:
            child.kill()


def stored(store: ObjectStore) -> dict[str, object]:
    """The lease as it lies in the lake."""
    return dict(json.loads(store.read(lease_key("ecommerce"))))


def test_the_second_run_hears_who_holds_it_and_since_when(store: ObjectStore) -> None:
    """A refused run is told holder, host, pid and time."""
    Lease(store, "ecommerce", clock=Clock(), process=ELSEWHERE).acquire("r1").stop()
    words = r"held by run `r1` \(another-host, pid 1\) since 2025-04-01T09:00:00\+00:00"
    with pytest.raises(LeaseHeld, match=words):
        Lease(store, "ecommerce", clock=Clock()).acquire("r2")


def test_pipelines_do_not_block_each_other(store: ObjectStore) -> None:
    """Each pipeline has a lease of its own."""
    with Lease(store, "ecommerce").acquire("r1"), Lease(store, "marketing").acquire("r2") as other:
        other.check()


def test_release_keeps_the_fence_growing(store: ObjectStore) -> None:
    """The next run gets the next fence, as a released lease remembers the last."""
    fences = []
    for run in ("r1", "r2", "r2"):
        with Lease(store, "ecommerce").acquire(run) as lease:
            fences.append(lease.fence)
    assert fences == [1, 2, 3]
    assert stored(store)["released_at"] is not None


def test_a_run_is_reentrant(store: ObjectStore) -> None:
    """A later step of the run shares fence and hold, and leaving it does not end the run's hold."""
    with Lease(store, "ecommerce").acquire("r1") as outer:
        with Lease(store, "ecommerce").acquire("r1") as inner:
            assert inner.fence == outer.fence == 1
        outer.check()


def test_any_step_can_end_the_hold(store: ObjectStore) -> None:
    """The last step releases what the first acquired; afterwards nobody may commit."""
    first = Lease(store, "ecommerce").acquire("r1")
    first.stop()
    Lease(store, "ecommerce").acquire("r1").release()
    with pytest.raises(FenceLost, match="to `nobody: it was released`"):
        first.check()


def test_an_expired_holder_is_replaced_and_cannot_commit(store: ObjectStore) -> None:
    """After 120 s without a sign of life another run takes over, and the stale one is stopped."""
    clock = Clock()
    stale = Lease(store, "ecommerce", clock=clock, process=ELSEWHERE).acquire("r1")
    clock.advance(120)
    with Lease(store, "ecommerce", clock=clock).acquire("r2") as lease:
        assert lease.fence == 2
        for act in (stale.check, stale.renew):
            with pytest.raises(FenceLost, match="run `r1` lost the lease of `ecommerce` to `r2`"):
                act()
        stale.release()
        lease.check()


def test_a_stale_hold_of_the_same_run_cannot_commit(store: ObjectStore) -> None:
    """A run that lost the lease and got it again has a new fence; its old hold stays lost."""
    clock = Clock()
    stale = Lease(store, "ecommerce", clock=clock, process=ELSEWHERE).acquire("r1")
    clock.advance(120)
    Lease(store, "ecommerce", clock=clock).acquire("r2").release()
    with Lease(store, "ecommerce", clock=clock).acquire("r1"), pytest.raises(FenceLost):
        stale.check()


def test_a_renewed_holder_does_not_expire(store: ObjectStore) -> None:
    """A sign of life starts the 120 s anew."""
    clock = Clock()
    holder = Lease(store, "ecommerce", clock=clock, process=ELSEWHERE).acquire("r1")
    for _ in range(3):
        clock.advance(100)
        holder.renew()
    with pytest.raises(LeaseHeld):
        Lease(store, "ecommerce", clock=clock).acquire("r2")
    holder.stop()


def test_the_background_thread_renews(store: ObjectStore) -> None:
    """While a lease is held its sign of life gets younger by itself."""
    with Lease(store, "ecommerce", renew_seconds=0.02).acquire("r1"):
        before = stored(store)["renewed_at"]
        deadline = time.monotonic() + 5
        while stored(store)["renewed_at"] == before and time.monotonic() < deadline:
            time.sleep(0.02)
        assert str(stored(store)["renewed_at"]) > str(before)


def test_the_background_thread_survives_a_storage_failure(tmp_path: Path) -> None:
    """A store that does not answer for a while ends neither thread nor hold."""
    store = FolderStore(tmp_path / "lake")
    with Lease(store, "ecommerce", renew_seconds=0.02).acquire("r1") as lease:
        aside = store.root.rename(store.root.with_name("unmounted"))
        time.sleep(0.1)
        aside.rename(store.root)
        before = stored(store)["renewed_at"]
        time.sleep(0.3)
        assert stored(store)["renewed_at"] != before
        lease.check()


def test_a_pid_used_again_is_a_dead_holder(store: ObjectStore) -> None:
    """A holder whose pid now belongs to a process with another start time is replaced at once."""
    here = this_process()
    Lease(store, "ecommerce", process=Process(here.host, here.pid, "boot/0")).acquire("r1").stop()
    with Lease(store, "ecommerce").acquire("r2") as lease:
        assert lease.fence == 2


def test_one_of_many_threads_gets_it(store: ObjectStore) -> None:
    """Of eight runs that ask at once, one gets the lease."""

    def ask(number: int) -> bool:
        try:
            Lease(store, "ecommerce").acquire(f"r{number}").stop()
        except LeaseHeld:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1
    assert stored(store)["fence"] == 1


def test_one_of_many_processes_gets_it(store: ObjectStore, children: list[subprocess.Popen[str]]) -> None:
    """Of three processes that ask at once, one gets the lease and the others hear of it."""
    heard = sorted(child.stdout.readline().strip() for child in children if child.stdout)
    assert heard[0] == "got it"
    assert all(f"held by run `{stored(store)['run_id']}`" in line for line in heard[1:])


def test_a_killed_holder_is_replaced_at_once(store: ObjectStore, children: list[subprocess.Popen[str]]) -> None:
    """A run killed by SIGKILL, not even reaped by its parent, does not block the next one."""
    answers = [child.stdout.readline().strip() for child in children if child.stdout]
    holder = children[answers.index("got it")]
    with pytest.raises(LeaseHeld):
        Lease(store, "ecommerce").acquire("next")
    holder.kill()
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    assert started_of(holder.pid) is None
    with Lease(store, "ecommerce").acquire("next") as lease:
        assert lease.fence == 2


def test_a_file_that_is_no_lease_is_named(store: ObjectStore) -> None:
    """A damaged lease is neither taken nor a traceback."""
    store.put(lease_key("ecommerce"), b"{}")
    with pytest.raises(BadRequest, match=r"`leases/ecommerce.json` in (file|s3)://.* is no lease; remove it"):
        Lease(store, "ecommerce").acquire("r1")


def execution(store: ObjectStore, clock: Clock, run_id: str = "r1") -> Lease:
    """The lease of an execution, taken for an hour by a function that is over."""
    taken = Lease(store, "ecommerce", clock=clock, process=ELSEWHERE).acquire(run_id, hold_seconds=3600)
    taken.leave()
    return taken


def test_branches_of_an_execution_join_its_hold(store: ObjectStore) -> None:
    """Side by side, without a write as long as the last sign of life is fresh, and none of them ends it."""
    clock = Clock()
    fence = execution(store, clock).fence
    before = stored(store)
    branches = [Lease(store, "ecommerce", clock=clock) for _ in range(3)]
    for branch in branches:
        branch.acquire("r1", fence=fence)
    for branch in branches:
        with branch:
            branch.check()
    assert stored(store) == before


def test_a_function_is_a_sign_of_life(store: ObjectStore) -> None:
    """It renews when it comes and when it leaves, and from then on the hold lasts its hour."""
    clock = Clock()
    fence = execution(store, clock).fence
    clock.advance(3000)
    with Lease(store, "ecommerce", clock=clock).acquire("r1", fence=fence):
        clock.advance(1000)
    clock.advance(3500)
    with pytest.raises(LeaseHeld):
        Lease(store, "ecommerce", clock=clock).acquire("r2")
    clock.advance(100)
    assert Lease(store, "ecommerce", clock=clock).acquire("r2").fence == fence + 1


@pytest.mark.parametrize(("run_id", "more"), [("r1", 1), ("r2", 0)])
def test_nobody_joins_a_hold_that_is_not_theirs(store: ObjectStore, run_id: str, more: int) -> None:
    """Another fence of the same run, and another run with the fence; nothing is taken instead."""
    fence = execution(store, Clock()).fence
    before = stored(store)
    with pytest.raises(FenceLost):
        Lease(store, "ecommerce").acquire(run_id, fence=fence + more)
    assert stored(store) == before


def test_a_hold_that_was_given_back_is_joined_by_nobody(store: ObjectStore) -> None:
    """Whoever ends a run gives it back once, and steps of it that go on are refused."""
    taken = execution(store, Clock())
    assert Lease(store, "ecommerce").give_back("r1", taken.fence)
    assert not Lease(store, "ecommerce").give_back("r1", taken.fence)
    with pytest.raises(FenceLost, match="nobody: it was released"):
        Lease(store, "ecommerce").acquire("r1", fence=taken.fence)


def test_an_expired_hold_that_nobody_took_goes_on(store: ObjectStore) -> None:
    """Its own execution was only slow; whoever had come in between would have another fence."""
    clock = Clock()
    fence = execution(store, clock).fence
    clock.advance(9000)
    with Lease(store, "ecommerce", clock=clock).acquire("r1", fence=fence) as lease:
        lease.check()
