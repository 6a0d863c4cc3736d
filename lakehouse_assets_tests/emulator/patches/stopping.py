"""Which part of an execution has been given up: what was stopped, and branches beside one that failed.

AWS ends their `.sync` jobs then; a job whose task timed out goes on.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

STOPPED = "\x1estopped"
"""Name of the error by which a part that was given up ends; nothing catches it and nobody sees it."""
PIECE_SECONDS = 0.1


@dataclass
class Part:
    """A part of an execution that ends as one: the whole of it, branches beside each other, or one task.

    Attributes:
        execution: MiniStack's record of it.
        beside: the part that this one belongs to.
        given_up: whether it is to end, with its jobs.
        left_alone: whether nobody waits for it any more, since it took too long; its jobs go on.
    """

    execution: dict[str, Any]
    beside: Part | None = None
    given_up: bool = False
    left_alone: bool = False

    def is_given_up(self) -> bool:
        """Say whether this part, or one that it belongs to, is to end."""
        above = self.beside.is_given_up() if self.beside else self.execution["status"] != "RUNNING"
        return self.given_up or self.left_alone or above

    def is_aborted(self) -> bool:
        """Say whether jobs end with it."""
        if self.left_alone:
            return False
        return self.given_up or (self.beside.is_aborted() if self.beside else self.execution["status"] == "ABORTED")


CURRENT: ContextVar[Part | None] = ContextVar("current", default=None)


def pause(seconds: float) -> bool:
    """Wait, but no longer than the current part goes on; say whether it does."""
    end, part = time.monotonic() + seconds, CURRENT.get()
    while not (part and part.is_given_up()):
        left = end - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(left, PIECE_SECONDS))
    return False
