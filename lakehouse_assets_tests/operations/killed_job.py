"""The Dagster job that is killed when a step begins, and run again at once; started by `test_killed.py`.

`python killed_job.py FOLDER…` takes a lake per folder, whose name is the step at whose start the run's process kills
itself. Every run is a process of its own, forked from this one, which has imported all that takes long.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.operations.running import Asked, OnStep, run
from lakehouse_assets.settings import Settings


def killer(step: str) -> OnStep:
    """Ends this process, without any chance to tidy up, when the step begins."""

    def on_step(name: str, what: str) -> None:
        if (name, what) == (step, "START"):
            os.kill(os.getpid(), signal.SIGKILL)

    return on_step


def ended(folder: Path, on_step: OnStep | None) -> str:
    """What a run's process said, or the signal that ended it."""
    child = os.fork()
    if child == 0:
        settings = Settings(lake=folder / "lake", landing=folder / "landing", duckdb_threads=1)
        outcome = run(settings, Asked("ecommerce", RunRequest(max_reject_ratio=1.0)), on_step=on_step)
        os._exit(0 if outcome.report.status == "succeeded" else 1)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def main(folders: list[str]) -> None:
    """A killed run and its successor per folder; one line each says how the two ended."""
    build_definitions(Settings())
    for folder in map(Path, folders):
        print(ended(folder, killer(folder.name)), ended(folder, None), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(sys.argv[1:])
