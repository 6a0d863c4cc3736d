"""Hold back: how fast an API is asked (a token bucket), and how much a run may ask at all (a budget)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lakehouse_assets import interruption
from lakehouse_assets.affise.errors import BudgetSpent

NAP_SECONDS = 0.2
"""How long a wait goes on at most before it looks whether the process was asked to end."""


def nap(seconds: float) -> None:
    """Wait so long; this ends when the process is asked to end.

    Raises:
        Interrupted: it was asked to.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        interruption.check()
        time.sleep(min(left, NAP_SECONDS))


@dataclass
class TokenBucket:
    """Let `rate` requests a second pass, and `burst` at once after a pause; threads may share it.

    Attributes:
        rate: tokens that come in a second.
        burst: tokens that are kept at most.
        first: tokens at the beginning, as many as are kept by default; none where one bucket follows another.
        clock: monotonic seconds.
        sleep: waits.
    """

    rate: float
    burst: float = 5.0
    first: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = nap
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._tokens, self._at = self.burst if self.first is None else self.first, self.clock()

    def take(self) -> None:
        """Take one token, and wait for it where there is none: tokens are promised in the order of the callers."""
        with self._lock:
            now = self.clock()
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate) - 1
            self._at = now
            wait = -self._tokens / self.rate
        if wait > 0:
            self.sleep(wait)


@dataclass
class Budget:
    """Count what a run asks, so that neither a mistake nor an outage makes it ask without end.

    Attributes:
        requests: how many requests the run may make, tries included.
        retries: how many of them may be further tries; an API that is down is not asked much more often.
        made: requests made.
        retried: tries made again.
        whole: the budget of which this one is a part, which counts what one call asks.
    """

    requests: int
    retries: int
    made: int = 0
    retried: int = 0
    whole: Budget | None = None

    def spend(self, api: str) -> None:
        """Count one request.

        Raises:
            BudgetSpent: the run may make no more.
        """
        if self.whole is not None:
            self.whole.spend(api)
        elif self.made >= self.requests:
            raise BudgetSpent(requests=self.made, api=api)
        self.made += 1

    def may_retry(self) -> bool:
        """Count one more try, and say whether it may be made."""
        self.retried += 1
        return self.retried <= self.retries if self.whole is None else self.whole.may_retry()

    def part(self) -> Budget:
        """Return a budget that counts by itself and spends of this one."""
        return Budget(self.requests, self.retries, whole=self)
