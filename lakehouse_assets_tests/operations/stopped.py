"""Lakes whose run gets a signal when a step begins, and is run again: for tests of killed and of interrupted runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.crashing import EARLIER, KILLED
from lakehouse_assets_tests.load.test_crash import REPOSITORY

UNHARMED = "none"
"""No step has this name, so its run gets no signal, and the one after it finds nothing to do."""


@dataclass(frozen=True)
class Stopped:
    """A folder with a lake per step and one that nothing happened to, and what the two runs of each said."""

    folder: Path
    ended: list[str]
    told: str


def stopped(factory: pytest.TempPathFactory, signal: str, steps: Collection[str]) -> Stopped:
    """Make such lakes, each of them stopped by this signal."""
    base, folder = factory.mktemp("base"), factory.mktemp("steps")
    lake = LakeDriver(base)
    lake.load(*EARLIER)
    shutil.rmtree(lake.landing)
    lake.drop(*KILLED)
    copies = [str(shutil.copytree(base, folder / step)) for step in (*steps, UNHARMED)]
    command = [sys.executable, "-m", "lakehouse_assets_tests.operations.killed_job", signal, *copies]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=240, check=True)
    return Stopped(folder, done.stdout.splitlines(), done.stderr)
