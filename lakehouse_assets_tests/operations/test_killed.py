"""SIGKILL of the whole Dagster run at the start of each of its steps, and the run again at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.graph.test_job import STEPS
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.crashing import KILLED
from lakehouse_assets_tests.load.test_crash import contents
from lakehouse_assets_tests.operations.stopped import UNHARMED, stopped


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one lake per step: killed there, and run again."""
    made = stopped(tmp_path_factory, "SIGKILL", STEPS)
    assert made.ended == ["-9 0"] * len(STEPS) + ["0 1"], made.told
    return made.folder


@pytest.fixture(scope="module")
def unharmed(lakes: Path) -> dict[str, Any]:
    """What one clean run leaves."""
    return contents(LakeDriver(lakes / UNHARMED))


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_job_that_is_killed_at_any_step_ends_the_same_when_run_again(
    lakes: Path, unharmed: dict[str, Any], step: str
) -> None:
    """The lease of the dead is taken over; tables, control tables, landing and archive are those of one clean run."""
    assert unharmed["landed"] == []
    assert len(unharmed["archived"]) == len(KILLED)
    assert contents(LakeDriver(lakes / step)) == unharmed
