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


class Progress:
    """Hold what a run is doing now; any thread may say so.

    Whoever says what is done may end there: `doing` and `add` raise `interruption.Interrupted` when that is asked for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = Doing()

    def __reduce__(self) -> tuple[type[Progress], tuple[()]]:
        """Go to another process as a new value, since nobody looks there; what is done comes back with its result."""
        return Progress, ()

    @property
    def now(self) -> Doing:
        """Return what is being done."""
        return self._now

    def begin(self, step: str) -> None:
        """Say which step of the run begins; this is called in the middle of a library, so work does not end here."""
        self._now = Doing(step=step, since=time.monotonic())

    def doing(self, what: str, *, files: int = 0, size_bytes: int = 0, rows: int = 0) -> None:
        """Say what is done from now on, and how much of it there is, where it is known."""
        interruption.check()
        all_of = {"all_files": files, "all_bytes": size_bytes, "all_rows": rows}
        self._now = Doing(what, **all_of, since=time.monotonic(), step=self._now.step)

    def add(self, *, files: int = 0, size_bytes: int = 0, rows: int = 0) -> None:
        """Count what is done."""
        interruption.check()
        with self._lock:
            now = self._now
            self._now = replace(now, files=now.files + files, bytes=now.bytes + size_bytes, rows=now.rows + rows)

    def reading(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the same chunks and count their bytes."""
        for chunk in chunks:
            self.add(size_bytes=len(chunk))
            yield chunk


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
