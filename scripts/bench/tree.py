"""Measure how much memory a process and all that it starts hold together, on Linux."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PAUSE = 0.05
"""Seconds between two looks."""
MEGABYTE = 1 << 20


def peak_of_tree(process: subprocess.Popen[bytes], counts: Callable[[str], bool] = bool) -> int:
    """Wait for a process and return the peak of the resident memory of its tree, in MB.

    Args:
        process: which has just begun.
        counts: whether a process of the tree counts, by its command line.
    """
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_resident(pid) for pid in _tree(process.pid) if counts(_command(pid))))
        time.sleep(PAUSE)
    return peak // MEGABYTE


def _tree(pid: int) -> list[int]:
    """Return a process and all that it and they have started, as far as they are still there."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of the program stands in brackets and may hold blanks; the parent is the second field after it.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def _resident(pid: int) -> int:
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
