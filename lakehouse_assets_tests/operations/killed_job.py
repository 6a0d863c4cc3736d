"""The Dagster job that gets a signal when a step begins, and is run again at once; started by the tests of killed runs.

`python killed_job.py SIGNAL FOLDER…` takes a lake per folder, whose name is the step at whose start the run's process
sends itself the signal. Every run is a process of its own, forked from this one, which has imported what takes long.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from lakehouse_assets import interruption
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.operations.entry import Watch
from lakehouse_assets.operations.running import Asked, Watched, run
from lakehouse_assets.settings import Settings


class Killer(Watched):
    """Sends this process a signal when the step begins."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__()
        self.step, self.number = step, number

    def on_step(self, step: str, what: str) -> None:
        """Send it."""
        if (step, what) == (self.step, "START"):
            os.kill(os.getpid(), self.number)
            # The process learns of it in another thread; on a busy machine the step would be over by then.
            while not interruption.requested():
                time.sleep(0.01)


def ended(folder: Path, watched: Watched | None) -> str:
    """What a run's process said, or the signal that ended it."""

    def work() -> int:
        settings = Settings(lake=folder / "lake", landing=folder / "landing", duckdb_threads=1)
        outcome = run(settings, Asked("ecommerce", RunRequest(max_reject_ratio=1.0)), watched=watched)
        return 0 if outcome.report.status == "succeeded" else 1

    child = os.fork()
    if child == 0:
        os._exit(Watch().run(work))
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def main(number: int, folders: list[str]) -> None:
    """A run that gets a signal and its successor per folder; one line each says how the two ended."""
    build_definitions(Settings())
    for folder in map(Path, folders):
        print(ended(folder, Killer(folder.name, number)), ended(folder, None), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(signal.Signals[sys.argv[1]], sys.argv[2:])
