"""A pipeline run that is killed at a chosen moment; started as a process of its own by `test_crash.py`.

`python crashing.py FOLDER…` forks one child per folder; the folder's name is the moment at which the child kills
itself. Moments are counted before and after everything that a run leaves behind: commits, pieces of the run's folder,
archived files. Without Dagster: the services are what its steps call.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from lakehouse_assets.compute.local import LocalConfig, LocalServices
from lakehouse_assets.compute.tasks import ModelTask
from lakehouse_assets.core.request import parse_request
from lakehouse_assets.ecommerce.pipeline import ARCHIVE, LOAD, PIPELINE
from lakehouse_assets.engines import delta, gold
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.watch import WatchList
from lakehouse_assets_tests.load.drops import file_of
from lakehouse_assets_tests.oracle import File
from lakehouse_assets_tests.oracle.loading import SOME_DAY

NEXT_DAY = SOME_DAY + timedelta(days=1)
EARLIER: tuple[File, ...] = (
    file_of("products", 1, ["p1,1,Books,Atlas", "p2,2,Maps,Globe"]),
    file_of("orders", 1, ["1,o1,u1,2025-04-01T10:00,10.00,2025-04-01", "1,o2,u2,2025-04-01T10:00,5.01,2025-04-01"]),
    file_of(
        "order_items",
        1,
        ["i1,o1,u1,,p1,1,0,2025-04-01T10:00,2025-04-01", "i2,o3,u3,,p2,1,1,2025-04-02T10:00,2025-04-02"],
    ),
)
KILLED: tuple[File, ...] = (
    file_of("products", 2, ["p1,1,Renamed,Atlas", ",1,Books,Nameless"], 1),
    file_of("orders", 2, ["1,o1,u9,2025-04-03T10:00,11.00,2025-04-03", "1,o3,u3,2025-04-02T10:00,7.00,2025-04-02"], 1),
    file_of("orders", 3, ["1,bad,u1,2025-04-01T10:00,x,2025-04-01"], 2),
    file_of(
        "order_items",
        2,
        ["i3,o9,u1,,p1,2,0,2025-04-01T10:00,2025-04-01", "i4,o2,u2,,p2,1,1,2025-04-01T10:00,2025-04-01"],
        1,
    ),
)
"""A rename, an order that moves, a parent that frees a pending item, rejects, and an item that will wait."""


def services(root: Path | str, run_id: str) -> LocalServices:
    """The services of one run on the lake and landing below a folder, or a prefix of a bucket."""
    lake = open_lake(f"{root}/lake")
    config = LocalConfig(
        pipeline="ecommerce",
        lake=lake,
        landing=f"{root}/landing",
        zone="UTC",
        memory="500MB",
        threads=1,
        open_engine=lambda: DuckEngine(lake, threads=1),
    )
    return LocalServices(config, run_id)


def run(root: Path | str, run_id: str) -> dict[str, Any]:
    """All that the job's steps do, but for checks; what the archive did."""
    here = services(root, run_id)
    try:
        here.begin(parse_request({"as_of": NEXT_DAY, "max_reject_ratio": 1.0}))
        here.invoke(PIPELINE.plan)
        here.run_job(LOAD)
        for contract in PIPELINE.layer("gold"):
            here.build(ModelTask("ecommerce", f"gold.{contract.name}"))
        return here.invoke(ARCHIVE).values
    finally:
        here.close()


class Moments:
    """Counts what a run does to the world, and kills the process at one of them."""

    def __init__(self, deadly: int) -> None:
        self.deadly, self.passed = deadly, 0

    def watch(self, owner: object, name: str) -> None:
        """Let a moment pass before and after each call of a function."""
        real: Callable[..., Any] = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            self.tick()
            result = real(*args, **kwargs)
            self.tick()
            return result

        setattr(owner, name, watched)

    def tick(self) -> None:
        """One moment passes."""
        self.passed += 1
        if self.passed == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


def watched(deadly: int) -> Moments:
    """Moments around every effect of a run, in this process."""
    moments = Moments(deadly)
    for owner, name in [
        (delta, "commit"),
        (delta, "delete"),
        (gold, "replace"),
        (WatchList, "change"),
        (FolderStore, "take_from"),
        (FolderStore, "give"),
    ]:
        moments.watch(owner, name)
    moments.watch(Lease, "release")
    return moments


def main(folders: list[str]) -> None:
    """One killed child per folder, one after the other; says how each ended, and how many moments a whole run has."""
    for folder in map(Path, folders):
        child = os.fork()
        if child == 0:
            moments = watched(int(folder.name))
            run(folder, "killed")
            os._exit(min(moments.passed, 255))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(sys.argv[1:])
