"""Runs on a bucket that die, and two that begin at once: nothing is lost, nothing is doubled.

A run is killed when one of its changing requests has been done and before it hears so, whatever the request changes:
an object, a commit, the catalog.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lakehouse_assets.core.lease import EXPIRE_SECONDS
from lakehouse_assets.errors import LeaseHeld
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets_tests.emulator.proxy import Proxy, serving
from lakehouse_assets_tests.emulator.running import Emulator, variables_for
from lakehouse_assets_tests.load.crashing import EARLIER, KILLED, run
from lakehouse_assets_tests.load.test_crash import REPOSITORY, contents
from lakehouse_assets_tests.s3_lake import S3LakeDriver

CHANGES, PLACES = "PUT|POST|DELETE", "/lake-bucket/|^/$"
"""What is counted: requests that may change S3, and all that the catalog is asked."""
RUN = "import sys; from lakehouse_assets_tests.load.crashing import run; run(sys.argv[1], sys.argv[2])"
PARTS = 8
MOMENTS = (
    pytest.param((3,), id="one moment"),
    # The quick form is `one moment`; `test_crash.py` kills at each kind of moment in a folder.
    pytest.param(tuple(part for part in range(PARTS) if part != 3), id="all", marks=pytest.mark.nightly),
)
"""In which of so many equal parts of all its requests a run is killed."""


def begun(bucket: str, name: str, monkeypatch: pytest.MonkeyPatch) -> S3LakeDriver:
    """A lake that has loaded its first files, with more in landing, beside others in one catalog."""
    monkeypatch.setenv("LAKEHOUSE_DATABASE_PREFIX", f"{name}_")
    lake = S3LakeDriver(f"{bucket}/{name}")
    lake.load(*EARLIER)
    for found in lake.landed.list():
        lake.landed.delete(found.key, if_match=found.etag)
    lake.drop(*KILLED)
    return lake


def started(place: str, proxy: Proxy) -> subprocess.Popen[bytes]:
    """A run in a process of its own, whose requests pass a proxy."""
    environment = {**os.environ, **variables_for(proxy.url)}
    command = [sys.executable, "-c", RUN, place, "killed"]
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.DEVNULL)


@pytest.mark.slow
@pytest.mark.parametrize("parts", MOMENTS)
def test_a_run_that_is_killed_at_any_request_ends_the_same_when_run_again(
    emulator: Emulator, s3: str, monkeypatch: pytest.MonkeyPatch, parts: tuple[int, ...]
) -> None:
    """The lease of the dead is taken over; tables, control tables, landing and archive are those of one clean run."""
    with serving(emulator.url) as proxy:
        lake = begun(s3, "none", monkeypatch)
        counted = proxy.fail("kill", CHANGES, PLACES, times=0)
        assert started(f"{s3}/none", proxy).wait() == 0
        unharmed, requests = contents(lake), counted.seen
        assert (unharmed["landed"], len(unharmed["archived"])) == ([], len(KILLED))
        assert requests > 40
        for part in parts:
            lake = begun(s3, f"at_{part}", monkeypatch)
            deadly = proxy.fail("kill", CHANGES, PLACES, after=part * requests // PARTS + 3)
            child = started(f"{s3}/at_{part}", proxy)
            proxy.victim = child.pid
            assert child.wait() == -9, deadly
            run(f"{s3}/at_{part}", "again")
            assert contents(lake) == unharmed, deadly


def test_two_processes_race_for_one_pipeline(s3: str) -> None:
    """One of four gets the lease of a bucket and the others hear who has it; its death gives it to the next at once."""
    code = (
        "import sys, time; from lakehouse_assets.storage.lease import Lease\n"
        "from lakehouse_assets.storage.opening import open_store\n"
        "try: Lease(open_store(sys.argv[1]), 'ecommerce').acquire(sys.argv[2])\n"
        "except Exception as error: print(type(error).__name__, flush=True); sys.exit()\n"
        "print('got it', flush=True); time.sleep(60)"
    )
    place = f"{s3}/lake"
    commands = [[sys.executable, "-c", code, place, f"r{number}"] for number in range(4)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    try:
        told = [(child.stdout.readline().strip(), child) for child in children]  # type: ignore[union-attr]
        assert sorted(word for word, _ in told) == ["LeaseHeld"] * 3 + ["got it"]
        with pytest.raises(LeaseHeld):
            Lease(Lake(place).store, "ecommerce").acquire("late")
        (holder,) = (child for word, child in told if word == "got it")
        os.kill(holder.pid, 9)
        holder.wait()
        assert EXPIRE_SECONDS > 60
        with Lease(Lake(place).store, "ecommerce").acquire("next") as lease:
            assert lease.fence == 2
    finally:
        for child in children:
            child.kill()
            child.wait()
            child.stdout.close()  # type: ignore[union-attr]
