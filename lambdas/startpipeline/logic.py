"""Decide what a wake-up does: start the pipeline for what is ready in landing, come back later, or be done.

Events of S3 come at least once, late, and one per file. So none of them says what there is to do: landing is looked at,
and an execution is named after exactly the files that are ready, so that the same files are started once, however
many events tell of them. A name is refused for 90 days; files that a failed run left behind get another attempt's name.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from lakehouse_assets.core.arrivals import RETRIES, LandingSnapshot, identity
from lakehouse_assets.errors import BadRequest

ATTEMPTS = RETRIES + 1
"""How often the same files are started; then the next tick of a schedule takes them."""
OFTEN, SELDOM_SECONDS = 300, 900
"""Say after how many times a message comes seldom, and how seldom."""
PATIENCE = 10
"""For how many quiet periods files that are whole wait for others that are being written, to be loaded in one run."""
QUIET_PERIODS = 3
"""For how many quiet periods a message waits while a run goes on before it wakes again."""
GOING_ON = "RUNNING"

State = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]


@dataclass(frozen=True)
class Wake:
    """Hold what a message of the queue asks for.

    Attributes:
        pipeline: whose landing it is about.
        machine: ARN of the pipeline's machine.
        landing: URI.
        quiet_seconds: how long a file must have been left alone.
    """

    pipeline: str
    machine: str
    landing: str
    quiet_seconds: float

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a message's body.

        Raises:
            BadRequest: it is no message of the rule that wakes.
        """
        try:
            found = json.loads(text)
            quiet = float(found["quiet_seconds"])
            return cls(found["pipeline"], found["machine"], found["landing"], quiet)
        except (ValueError, KeyError, TypeError) as error:
            raise BadRequest(message=f"`{text[:200]}` is no message that wakes a pipeline") from error


@dataclass(frozen=True)
class Decision:
    """Say what is done.

    Attributes:
        start: name of the execution to start; None to start none.
        again: after how many quiet periods the message is to come again; None when it is done.
        why: in words, for the log.
    """

    start: str | None
    again: int | None
    why: str


def decide(pipeline: str, landing: LandingSnapshot, attempts: Mapping[int, State], *, is_running: bool) -> Decision:
    """Decide what a wake-up does.

    Args:
        pipeline: whose landing.
        landing: what is there now.
        attempts: how the executions stand that were named after the files that are ready, by attempt.
        is_running: whether any execution of the pipeline went on when they were listed. One that another wake-up has
            started since is among the attempts.
    """
    ready = landing.ready()
    if is_running or GOING_ON in attempts.values():
        return Decision(None, again=QUIET_PERIODS, why="a run goes on; what is there comes next")
    if not ready:
        # Empty files are never ready, and wait for somebody to write them, who will wake again.
        waits = any(entry.size_bytes for entry in landing.entries)
        return Decision(
            None, again=1 if waits else None, why="files are still being written" if waits else "nothing is in landing"
        )
    if _others_come(landing):
        return Decision(None, again=1, why="files are still being written; those that are whole wait for them")
    attempt = max(attempts, default=0) + 1
    if attempt > ATTEMPTS:
        return Decision(None, again=None, why=f"{len(ready)} files are left after {ATTEMPTS} runs; a tick takes them")
    # It comes again until its files are gone, and so sees whether the run left any.
    why = f"{len(ready)} files, attempt {attempt}"
    return Decision(name_of(pipeline, landing, attempt), again=QUIET_PERIODS, why=why)


def _others_come(landing: LandingSnapshot) -> bool:
    """Say whether files are being written beside those that are whole, none of which has waited for long."""
    ready = landing.ready()
    filled = [entry for entry in landing.entries if entry.size_bytes]
    oldest = max((landing.now - entry.modified).total_seconds() for entry in filled if identity(entry) in ready)
    return len(ready) < len(filled) and oldest < PATIENCE * landing.quiet_seconds


def name_of(pipeline: str, landing: LandingSnapshot, attempt: int) -> str:
    """Return the name of an execution: the same for the same files and attempt, and for nothing else."""
    text = json.dumps(sorted(landing.ready()))
    return f"{pipeline}-{hashlib.sha256(text.encode()).hexdigest()[:16]}-{attempt}"


def pause(decision: Decision, quiet_seconds: float, receives: int) -> int:
    """Return after how many seconds a message is to come again.

    A queue hands a message out 1,000 times at most: one that has come often comes seldom, and outlives every run.

    Args:
        decision: which says `again`.
        quiet_seconds: how long a file must have been left alone.
        receives: how often the message has come.
    """
    soon = math.ceil((decision.again or 0) * quiet_seconds)
    return soon if receives <= OFTEN else max(soon, SELDOM_SECONDS)


def failures(kept: list[str]) -> dict[str, Any]:
    """Return the answer by which the queue keeps messages; it forgets all others.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    return {"batchItemFailures": [{"itemIdentifier": message} for message in kept]}
