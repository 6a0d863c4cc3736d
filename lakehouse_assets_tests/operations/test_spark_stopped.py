"""A run on Spark with a full disk, or that is interrupted, ends in one sentence, and the next one is whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import ORDERS, Cli, Shop
from lakehouse_assets_tests.operations.test_interrupted import started, wait_until

pytestmark = [pytest.mark.spark, pytest.mark.slow]
MANY = 300_000
SPARK = ("--engine", "spark")
MOUNT = "mount -t tmpfs -o size={size} tmpfs {folder} && {{ {fill} & exec {command}; }}"
FILL = "(until ls {begun}; do sleep 0.1; done; cat /dev/zero > {folder}/filler) > /dev/null 2>&1"
"""Fills the file system once the load has begun, by when Spark has brought its jars there."""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop in which a file of many orders has landed, whose keys come in no order."""
    found = Shop(tmp_path / "lake", tmp_path / "landing")
    file = found.landing / "orders" / "2025-04-02.csv"
    file.parent.mkdir(parents=True)
    with file.open("w") as out:
        out.write(ORDERS)
        keys = (n * 7919 % MANY for n in range(MANY))
        out.writelines(f"{n},order-{n},{n % 999},2025-04-02T10:00:00,1.50,2025-04-02\n" for n in keys)
    return found


def whole(shop: Shop, cli: Cli) -> None:
    """A run with everything it needs leaves every order in silver, once."""
    assert cli(*shop.run).code == 0
    asked = "SELECT count(*) AS n, count(DISTINCT order_id) AS orders FROM delta_lakehouse.clean_orders"
    assert cli("sql", asked, *shop.at, "--format", "csv").out == f"n,orders\n{MANY},{MANY}\n"


@pytest.mark.parametrize("size", ["4m", pytest.param("400m", marks=pytest.mark.nightly)])  # `4m` is the quick form
def test_a_full_disk_for_temporary_files_is_one_sentence(shop: Shop, cli: Cli, tmp_path: Path, size: str) -> None:
    """No room for Spark's jars, or for what a load spills, on a file system of its own; with room the run is whole."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system of their own")
    folder = tmp_path / "spark"
    folder.mkdir()
    command = " ".join([str(Path(sys.executable).with_name("lakehouse")), *map(str, shop.run), *SPARK])
    # The load makes the table of rejects first.
    fill = FILL.format(begun=f"{shop.lake}/*/ecommerce_rejects/_delta_log/*.json", folder=folder)
    text = MOUNT.format(size=size, folder=folder, command=command, fill=fill)
    environment = os.environ | {"SPARK_LOCAL_DIRS": str(folder)}
    limited = [unshare, "-rm", "sh", "-c", text]
    full = subprocess.run(limited, check=False, capture_output=True, text=True, env=environment)
    assert (full.returncode, said(full.stderr)[:30]) == (1, "error: no room left to write a"), full.stderr
    assert "No space left on device" in said(full.stderr)
    whole(shop, cli)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (signal.SIGINT, 130),
        # The quick form is the signal above; `test_interrupted.py` sends this one to the embedded engine.
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.nightly),
    ],
)
def test_an_interrupted_run_on_spark_ends_soon_and_gives_its_lease_back(
    shop: Shop, cli: Cli, sent: signal.Signals, code: int
) -> None:
    """While the executors read: the run ends within seconds, and so does the JVM that it has started."""
    with started(*map(str, shop.run), *SPARK) as run:
        wait_until(lambda: list(shop.lake.glob("runs/*/*/plan.json")))
        wait_until(lambda: children(run.pid))
        time.sleep(8)
        machines = children(run.pid)
        run.send_signal(sent)
        asked = time.monotonic()
        out, err = run.communicate()
        assert (run.returncode, out, said(err)) == (code, "", "error: interrupted"), err
        assert time.monotonic() - asked < 15
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in machines))
    assert json.loads((shop.lake / "leases" / "ecommerce.json").read_text())["released_at"]
    whole(shop, cli)


def said(err: str) -> str:
    """What the command said, which is one line below those that the JVM writes when it starts."""
    lines = err.splitlines()
    ours = [line for line in lines if line.startswith(("error:", "Traceback", "Exception", "  File"))]
    assert ours == lines[-1:], err
    return lines[-1]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], check=False, capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]
