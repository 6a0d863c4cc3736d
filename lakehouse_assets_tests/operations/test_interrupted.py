"""Ctrl-C and SIGTERM in the middle of a run, a question, the UI's services: they end, and leave nothing half done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.test_crash import contents
from lakehouse_assets_tests.operations.stopped import UNHARMED, stopped
from lakehouse_assets_tests.ui.services import free_port

STEPS = (
    pytest.param(("ecommerce_silver", "archive__ecommerce_files"), id="some steps"),
    # The quick form is `some steps`.
    pytest.param(("bronze__ecommerce_manifest", "gold__daily_sales"), id="others", marks=pytest.mark.nightly),
)


@pytest.fixture(scope="module", params=STEPS)
def lakes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A folder with a lake per step, interrupted there and run again; behind them one that nothing happened to."""
    steps: tuple[str, ...] = request.param
    made = stopped(tmp_path_factory, "SIGINT", steps)
    assert made.ended == ["130 0"] * len(steps) + ["0 1"], made.told
    assert made.told == "error: interrupted\n" * len(steps)
    return [made.folder / name for name in (*steps, UNHARMED)]


def test_a_run_that_is_interrupted_at_any_step_ends_the_same_when_run_again(lakes: list[Path]) -> None:
    """Tables, control tables, landing and archive are those of one clean run."""
    *interrupted, unharmed = (contents(LakeDriver(folder)) for folder in lakes)
    assert interrupted == [unharmed] * len(interrupted)


def test_an_interrupted_run_is_cancelled_and_nobody_is_told(lakes: list[Path]) -> None:
    """Dagster calls it cancelled, its report interrupted, and no message says that it failed."""
    for folder in lakes[:-1]:
        is_cancelled(folder / "lake")


def is_cancelled(lake: Path) -> None:
    """Assert it of the first run of a lake whose second one succeeded."""
    with history.instance(Settings(lake=lake)) as instance:
        statuses = {run.run_id: run.status.value for run in instance.get_runs()}
    assert sorted(statuses.values()) == ["CANCELED", "SUCCESS"]
    cancelled = next(run for run, status in statuses.items() if status == "CANCELED")
    report = json.loads((lake / "runs" / "ecommerce" / cancelled / "report.json").read_text())
    assert (report["status"], report["failure"]["error"]) == ("failed", "Interrupted")
    assert not list(lake.glob("notifications/*/*run_failed*"))


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The installed command as a process, which ends with the test whatever becomes of that."""
    command = [str(Path(sys.executable).with_name("lakehouse")), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_interrupted_load_gives_its_lease_back(tmp_path: Path) -> None:
    """Two million orders are being read: the statement is stopped, and the lease is free for the next run."""
    orders = tmp_path / "landing" / "orders" / "many.csv"
    orders.parent.mkdir(parents=True)
    with orders.open("w") as file:
        file.write("order_num,order_id,user_id,order_timestamp,total_amount,date\n")
        file.writelines(f"1,{n},7,2025-04-01T10:00:00,1.25,2025-04-01\n" for n in range(2_000_000))
    lake = tmp_path / "lake"
    with started("run", "ecommerce", "--lake", str(lake), "--landing", str(tmp_path / "landing")) as run:
        wait_until(lambda: list(lake.glob("runs/*/*/plan.json")))
        time.sleep(1)
        run.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        assert (run.wait(), *run.communicate()) == (143, "", "error: interrupted\n")
        assert time.monotonic() - asked < 10
    assert json.loads((lake / "leases" / "ecommerce.json").read_text())["released_at"]
    assert orders.exists()


def test_a_question_that_is_interrupted_ends_at_once(tmp_path: Path) -> None:
    """A hundred thousand million pairs would take minutes to count."""
    many = "UNNEST(sequence(1, 300000))"
    query = f"SELECT count(*) FROM {many} AS a(x) CROSS JOIN {many} AS b(y) WHERE a.x * b.y % 7 = 1"
    with started("sql", query, "--lake", str(tmp_path)) as run:
        time.sleep(3)
        run.send_signal(signal.SIGINT)
        asked = time.monotonic()
        assert (run.wait(), *run.communicate()) == (130, "", "error: interrupted\n")
        assert time.monotonic() - asked < 5


@pytest.mark.slow
def test_dev_ends_with_all_its_services(tmp_path: Path) -> None:
    """The webserver, the daemon and the code server end with it; for an interrupt see `test_dev.py`."""
    port = str(free_port())
    with started("dev", "--lake", str(tmp_path / "lake"), "--port", port) as run:
        wait_until(lambda: len(with_argument(port)) > 2)  # ours, Dagster's and the webserver
        run.send_signal(signal.SIGTERM)
        _, err = run.communicate(timeout=60)
        assert run.returncode == 143
    assert "Traceback" not in err
    assert "SupersessionWarning" not in err
    assert with_argument(port) == []


def with_argument(argument: str) -> list[int]:
    """The processes of this machine that were started with an argument."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if argument.encode() in words:
            found.append(int(path.parent.name))
    return found


def wait_until(happens: Any) -> None:
    """Wait until a condition is met, a minute at most."""
    deadline = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)
