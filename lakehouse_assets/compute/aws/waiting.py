"""Wait for what goes on in a service: pauses that grow and are never alike, a deadline, and a stop that is owed.

Used by Glue and Athena. Not here: which states there are, and what they mean.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from lakehouse_assets import interruption
from lakehouse_assets.errors import LakehouseError, ServiceUnavailable
from lakehouse_assets.interruption import Duty

Answer = TypeVar("Answer")
GROWS = 1.5
TICK = 0.5
"""The longest sleep at one go [s], so that a wish to end is heard."""


@dataclass(frozen=True)
class Pace:
    """Say how often is looked: the first pause and the longest one [s]."""

    first: float = 1.0
    longest: float = 10.0

    def pauses(self) -> Iterator[float]:
        """Yield pauses that grow up to the longest, each between half of it and all of it."""
        pause = min(self.first, self.longest)
        while True:
            yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads requests, keeps no secret
            pause = min(pause * GROWS, self.longest)


def rest(seconds: float) -> None:
    """Sleep so long, unless the process is asked to end.

    Raises:
        Interrupted: it is.
    """
    until = time.monotonic() + seconds
    while True:
        interruption.check()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, TICK))


def patiently(ask: Callable[[], Answer], pace: Pace, deadline: float, more: Callable[[LakehouseError], bool]) -> Answer:
    """Return what is answered, asked again as long as it is refused for reasons that pass.

    Args:
        ask: asks once.
        pace: how often.
        deadline: monotonic second from which on the refusal is the answer.
        more: whether a refusal that is no `ServiceUnavailable` passes too.
    """
    for pause in pace.pauses():
        try:
            return ask()
        except LakehouseError as error:
            passes = isinstance(error, ServiceUnavailable) or more(error)
            if not passes or time.monotonic() + pause > deadline:
                raise
        rest(pause)
    raise AssertionError  # pauses never end


@contextmanager
def stopped_unless_ended(stop: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Stop in a service what goes on there when this block ends before it was told that it ended there.

    The block is given what it calls to tell that. What cannot be stopped is left: the error that ended the block says
    more, and the fence of the lease keeps what goes on from committing.
    """
    duty = Duty(clean=stop)
    has_ended = False

    def ended() -> None:
        nonlocal has_ended
        has_ended = True

    try:
        yield ended
    finally:
        duty.done()
        if not has_ended:
            with suppress(LakehouseError):
                stop()
