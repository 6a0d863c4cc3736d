"""SIGKILL of the whole Dagster run at the start of each of its steps, and the run again at once."""

from __future__ import annotations

import pytest

from lakehouse_assets_tests.graph.test_job import STEPS
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.crashing import KILLED
from lakehouse_assets_tests.load.test_crash import contents
from lakehouse_assets_tests.operations.stopped import UNHARMED, stopped

SOME = {"ecommerce_silver", "gold__product_daily", "archive__ecommerce_files"}
KILLED_AT = (
    pytest.param(SOME, id="some steps"),
    pytest.param(STEPS - SOME, id="all others", marks=pytest.mark.nightly),  # the quick form is `some steps`
)


@pytest.mark.parametrize("steps", KILLED_AT)
def test_a_job_that_is_killed_at_any_step_ends_the_same_when_run_again(
    tmp_path_factory: pytest.TempPathFactory, steps: set[str]
) -> None:
    """The lease of the dead is taken over; tables, control tables, landing and archive are those of one clean run."""
    made = stopped(tmp_path_factory, "SIGKILL", steps)
    assert made.ended == ["-9 0"] * len(steps) + ["0 1"], made.told
    unharmed = contents(LakeDriver(made.folder / UNHARMED))
    assert unharmed["landed"] == []
    assert len(unharmed["archived"]) == len(KILLED)
    for step in steps:
        assert contents(LakeDriver(made.folder / step)) == unharmed, step
