"""Note which run an execution of a state machine makes, so that whoever hears of its end finds run and hold.

An execution that is stopped runs nothing more, and what is told of it names the execution only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from lakehouse_assets.errors import ObjectMissing
from lakehouse_assets.storage.objects import ObjectStore


@dataclass(frozen=True)
class Execution:
    """Hold what an execution makes.

    Attributes:
        arn: of the execution.
        pipeline, run_id: its run.
        fence: of the hold that its plan has taken.
        tick: the moment of the schedule's tick that it is for, ISO-8601; None without one.
        job: the job that the machine was made of; empty where it is not known.
    """

    arn: str
    pipeline: str
    run_id: str
    fence: int
    tick: str | None = None
    job: str = ""


def note(store: ObjectStore, execution: Execution) -> None:
    """Note an execution in the lake; one that plans again replaces its note."""
    store.put(_key(execution.arn), json.dumps(asdict(execution), indent=1).encode())


def noted(store: ObjectStore, arn: str) -> Execution | None:
    """Return what was noted of an execution; None for one that has planned nothing."""
    try:
        return Execution(**json.loads(store.read(_key(arn))))
    except ObjectMissing:
        return None


def _key(arn: str) -> str:
    return f"executions/{hashlib.sha256(arn.encode()).hexdigest()[:32]}.json"
