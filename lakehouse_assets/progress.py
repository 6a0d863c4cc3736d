"""Know what a run is doing, and how far it is, so that a person who waits sees it.

One value goes through the work: who reads, merges or builds says so, and counts what is done. Who shows it looks when
it likes: a terminal several times a second (`operations/terminal.py`), a log every few seconds (`told`). So nothing is
called while work goes on, and without anybody who looks, a count costs less than a microsecond.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from lakehouse_assets import interruption

UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes"))
LOG_SECONDS = 5.0
"""The pause between two lines of a log; work that takes less is told by what it has done."""


@dataclass(frozen=True)
class Doing:
    """Hold what is being done: words, what of how much is done (0 where nobody knows), and since when.

    Attributes:
        what: one verb or more, such as `reading`; empty before anything is done.
        step: name of the run's step that does it; empty where nobody knows.
        files, bytes, rows: done so far.
        all_files, all_bytes, all_rows: to be done.
        since: monotonic seconds.
    """

    what: str = ""
    files: int = 0
    bytes: int = 0
    rows: int = 0
    all_files: int = 0
    all_bytes: int = 0
    all_rows: int = 0
    since: float = 0.0
    step: str = ""

    @property
    def seconds(self) -> float:
        """Return how long it has been done."""
        return time.monotonic() - self.since

    def __str__(self) -> str:
        """Say it in words.

        >>> str(Doing("reading", files=2, all_files=30, bytes=1_500_000, all_bytes=298_000_000, rows=20_000))
        'reading: 2 of 30 files, 2 of 298 MB, 20,000 rows'
        """
        large = max(self.bytes, self.all_bytes)
        size, name = next((unit for unit in UNITS if large >= 10 * unit[0]), UNITS[-1])
        volume = round(self.bytes / size), round(self.all_bytes / size), name
        counts = ((self.files, self.all_files, "files"), volume, (self.rows, self.all_rows, "rows"))
        shown = [
            f"{done:,} of {of:,} {unit}" if done and of else f"{done or of:,} {unit}"
            for done, of, unit in counts
            if done or of
        ]
        return ": ".join(part for part in (self.step, self.what, ", ".join(shown)) if part)


Counts = tuple[int, int, int]
"""Files, bytes and rows."""


class Counter(Protocol):
    """Sum up what other processes count, such as an accumulator of Spark; it can be pickled."""

    @property
    def value(self) -> Counts:
        """Return what was counted so far, wherever it was; only this process may ask."""

    def add(self, term: Counts) -> None:
        """Count more."""


class Progress:
    """Hold what a run is doing now; any thread may say so.

    Whoever says what is done may end there: `doing` and `add` raise `interruption.Interrupted` when that is asked for.

    Args:
        elsewhere: sums up what is counted by copies in other processes, where nobody looks.
        is_copy: whether this is such a copy.
    """

    def __init__(self, elsewhere: Counter | None = None, *, is_copy: bool = False) -> None:
        self._lock = threading.Lock()
        self._now = Doing()
        self._is_copy = is_copy
        self._elsewhere, self._before = elsewhere, (0, 0, 0)
        self._watcher: Callable[[], object] | None = None

    def __reduce__(self) -> tuple[Callable[[Counter | None], Progress], tuple[Counter | None]]:
        """Go to another process as a copy."""
        return _copy, (self._elsewhere,)

    def count_elsewhere(self, counter: Counter | None) -> None:
        """Add what copies in other processes count from now on."""
        self._elsewhere, self._before = counter, (0, 0, 0)

    def watch(self, watcher: Callable[[], object] | None) -> None:
        """Have this called whenever something else is done, so that what is done in no time is seen; None ends it."""
        self._watcher = watcher

    @property
    def now(self) -> Doing:
        """Return what is being done."""
        now = self._now
        if self._elsewhere is None or self._is_copy:
            return now
        files, size_bytes, rows = (more - old for more, old in zip(self._elsewhere.value, self._before, strict=True))
        return replace(now, files=now.files + files, bytes=now.bytes + size_bytes, rows=now.rows + rows)

    def begin(self, step: str) -> None:
        """Say which step of the run begins; this is called in the middle of a library, so work does not end here."""
        self._set(Doing(step=step, since=time.monotonic()))

    def _set(self, doing: Doing) -> None:
        if self._elsewhere is not None and not self._is_copy:
            self._before = self._elsewhere.value
        self._now = doing
        if self._watcher is not None:
            self._watcher()

    def doing(self, what: str, *, files: int = 0, size_bytes: int = 0, rows: int = 0) -> None:
        """Say what is done from now on, and how much of it there is, where it is known."""
        interruption.check()
        all_of = {"all_files": files, "all_bytes": size_bytes, "all_rows": rows}
        self._set(Doing(what, **all_of, since=time.monotonic(), step=self._now.step))

    def add(self, *, files: int = 0, size_bytes: int = 0, rows: int = 0) -> None:
        """Count what is done."""
        interruption.check()
        with self._lock:
            now = self._now
            self._now = replace(now, files=now.files + files, bytes=now.bytes + size_bytes, rows=now.rows + rows)
        if self._is_copy and self._elsewhere is not None:
            self._elsewhere.add((files, size_bytes, rows))

    def reading(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the same chunks and count their bytes."""
        for chunk in chunks:
            self.add(size_bytes=len(chunk))
            yield chunk


def _copy(elsewhere: Counter | None) -> Progress:
    return Progress(elsewhere, is_copy=True)


@contextmanager
def told(progress: Progress, say: Callable[[str], object], seconds: float | None = None) -> Iterator[None]:
    """Say what is being done in this block every few seconds.

    Args:
        progress: what is being done.
        say: takes a line; it is called from another thread.
        seconds: the pause; `LOG_SECONDS` when None.
    """
    ended, pause = threading.Event(), LOG_SECONDS if seconds is None else seconds

    def tell() -> None:
        while not ended.wait(pause):
            now = progress.now
            if now.what:
                say(f"{now}, for {now.seconds:.0f} s")

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
