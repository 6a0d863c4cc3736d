"""The emulator of the tests ends with whoever started it, also where that is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from lakehouse_assets_tests.emulator.running import Emulator

START = (
    "import time; from lakehouse_assets_tests.emulator.running import running\n"
    "with running() as emulator: print(emulator.pid, flush=True); time.sleep(60)"
)


def is_alive(pid: int) -> bool:
    """Whether a process runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_killed_test_run_leaves_no_emulator(emulator: Emulator) -> None:
    """Within seconds; that of this run goes on."""
    with subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, text=True) as child:
        pid = int(child.stdout.readline())  # type: ignore[union-attr]
        assert is_alive(pid)
        os.kill(child.pid, 9)
    deadline = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert (is_alive(pid), is_alive(emulator.pid)) == (False, True)
