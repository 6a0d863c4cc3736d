"""Work that tests give to processes; a process finds it by its module."""

from __future__ import annotations

import os
import signal

from lakehouse_assets.engines.processes import Tally
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.progress import Progress


def whose(number: int) -> tuple[int, int]:
    """The number, and the process that was asked."""
    return number, os.getpid()


def refuse_three(number: int) -> int:
    """The number, unless it is three."""
    if number == 3:
        raise BadRequest(message="three is refused")
    return number


def die_at_three(number: int) -> int:
    """The number; three ends the process as a system without memory does."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def chat(number: int) -> int:
    """The number, after some words on standard output, as libraries say them."""
    print("a library says", number, flush=True)  # noqa: T201 - it is what is tried
    return number


class Counting:
    """Count as many rows as the number says."""

    def __init__(self, tally: Tally) -> None:
        self.progress = Progress()
        self.progress.count_elsewhere(tally)

    def __call__(self, number: int) -> None:
        """Count."""
        self.progress.add(rows=number)
