"""Runs of the marketing pipeline that are killed at a chosen moment; a process of its own, started by `test_kills.py`.

Reads lines `LAKE AS_OF MOMENT` and answers each with how the run's process ended: 0, or the signal as a negative
number. Every run is a process of its own, forked from this one, which has imported what takes long, and kills itself at
the moment: `lists`, `facts`, `load`, `watermark`, `gold`, `export`, or never. Without Dagster: the services are what
its steps call, with the tasks that they declare.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from lakehouse_assets.affise.bronze import Bronze
from lakehouse_assets.compute.local import LocalServices
from lakehouse_assets.compute.tasks import ModelTask
from lakehouse_assets.core.request import parse_request
from lakehouse_assets.engines import delta, gold
from lakehouse_assets.graph.resource import open_services
from lakehouse_assets.marketing import pipeline
from lakehouse_assets.settings import read_settings
from lakehouse_assets.storage.folder import FolderStore


def die() -> None:
    """Kill this process, as nobody else could tell it apart from a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(where: Any, name: str, when: Callable[..., bool], *, after: bool = False) -> None:
    """Have this process die before a method's call for which something holds, or after it."""
    method = getattr(where, name)

    def call(*arguments: Any, **named: Any) -> Any:
        is_time = when(*arguments, **named)
        if is_time and not after:
            die()
        found = method(*arguments, **named)
        if is_time:
            die()
        return found

    setattr(where, name, call)


def prepare(moment: str) -> None:
    """Have this process die at a moment."""
    commits = iter(range(1000))
    if moment == "lists":  # a page of partners is there, and no manifest names it
        dying(Bronze, "write", lambda _self, endpoint, *_: endpoint.name == "partners", after=True)
    elif moment == "facts":  # likewise, in the middle of the slices
        dying(Bronze, "write", lambda _self, endpoint, *_: endpoint.name == "custom_totals", after=True)
    elif moment == "load":  # some of the tables have been written, and others have not
        dying(delta, "commit", lambda *_, **__: next(commits) == 6)
    elif moment == "watermark":  # silver is committed, and nobody knows up to when
        dying(LocalServices, "invoke", lambda _self, task: task.function == pipeline.WATERMARK.function)
    elif moment == "gold":  # gold is committed, and the ledger does not know
        dying(gold, "replace", lambda *_, **__: True, after=True)
    elif moment == "export":  # the copy is there, and the report is the old one
        dying(FolderStore, "put_chunks", lambda _self, key, *_, **__: key.endswith("latest.csv"))


def run(lake: str, as_of: str) -> None:
    """All that the job's steps do, but for checks."""
    here = open_services(read_settings(lake=Path(lake)), pipeline.PIPELINE, str(uuid4()))
    try:
        here.begin(parse_request({"as_of": as_of}))
        for task in (pipeline.PLAN, pipeline.PULL, pipeline.LISTS, pipeline.FACTS, pipeline.PAGES):
            here.invoke(task)
        here.run_job(pipeline.LOAD)
        here.invoke(pipeline.WATERMARK)
        for contract in pipeline.PIPELINE.layer("gold"):
            here.build(ModelTask("marketing", f"gold.{contract.name}"))
        here.invoke(pipeline.EXPORT)
    finally:
        here.close()


def ended(lake: str, as_of: str, moment: str) -> int:
    """How the process of one run ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            prepare(moment)
            run(lake, as_of)
            code = 0
        except Exception:  # noqa: BLE001 - whatever it is, it must not get into the loop of the parent
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for line in sys.stdin:
        print(ended(*line.split()), flush=True)  # noqa: T201 - read by the test
