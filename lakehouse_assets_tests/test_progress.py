"""What a run says of itself while it goes on: to whoever looks, in words, and where it may end."""

from __future__ import annotations

import threading

import pytest

from lakehouse_assets import interruption
from lakehouse_assets.progress import Counts, Progress, told


def test_files_bytes_and_rows_are_counted_by_any_thread() -> None:
    """Four threads count a thousand chunks each, and none is lost."""
    progress = Progress()
    progress.begin("silver")
    progress.doing("reading", files=4, size_bytes=8_000_000)

    def read() -> None:
        for _ in progress.reading([b"xx"] * 1000):
            progress.add(rows=3)
        progress.add(files=1)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = progress.now
    assert (now.files, now.bytes, now.rows) == (4, 8000, 12_000)
    assert str(now) == "silver: reading: 4 of 4 files, 8 of 8,000 kB, 12,000 rows"


class Sum:
    """Counts of other processes, as an accumulator of Spark sums them up."""

    def __init__(self) -> None:
        self.value = (0, 0, 0)

    def add(self, term: Counts) -> None:
        """Count more."""
        self.value = (self.value[0] + term[0], self.value[1] + term[1], self.value[2] + term[2])


def test_what_copies_count_elsewhere_is_counted_here() -> None:
    """A copy's counts are added once, and what is done next begins at nothing."""
    progress, counter = Progress(), Sum()
    progress.count_elsewhere(counter)
    progress.doing("reading", files=2)
    make, arguments = progress.__reduce__()
    copy = make(*arguments)
    copy.add(files=1, rows=30)
    progress.add(rows=4)
    assert (progress.now.files, progress.now.rows, copy.now.rows) == (1, 34, 30)
    progress.doing("writing")
    copy.add(rows=2)
    assert progress.now.rows == 2


def test_what_is_done_next_begins_at_nothing() -> None:
    """Its step stays, and with a new step nothing is known yet."""
    progress = Progress()
    progress.begin("silver")
    progress.add(rows=5)
    progress.doing("writing", rows=2000)
    assert str(progress.now) == "silver: writing: 2,000 rows"
    progress.begin("gold")
    assert str(progress.now) == "gold"


def test_whoever_counts_may_end_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more is begun or counted in a process that was asked to end; that a step begins is only noted."""
    progress = Progress()
    monkeypatch.setattr(interruption, "_wished", threading.Event())  # the wish of this test alone
    interruption.request()
    progress.begin("silver")
    with pytest.raises(interruption.Interrupted):
        progress.doing("reading")
    with pytest.raises(interruption.Interrupted):
        next(progress.reading([b"x"]))


def test_a_log_is_told_every_so_often_until_the_work_ends() -> None:
    """A line says what is done and for how long; before anything is done there is none."""
    progress, lines = Progress(), list[str]()
    heard = threading.Event()

    def say(line: str) -> None:
        lines.append(line)
        heard.set()

    with told(progress, say, seconds=0.01):
        assert not heard.wait(0.1)
        progress.doing("merging", rows=12)
        assert heard.wait(10)
    assert set(lines) == {"merging: 12 rows, for 0 s"}


def test_short_work_says_nothing() -> None:
    """It is over before the first line is due, and is not kept waiting."""
    progress, lines = Progress(), list[str]()
    with told(progress, lines.append, seconds=60):
        progress.doing("merging")
    assert lines == []
