"""Do work that is Python's in processes of their own, since threads of one process take turns at it.

A worker is started with the work, a value that can be pickled; it takes tasks from its standard input and answers on
its standard output, so it ends by itself when the process that started it is gone. Tasks are handed out in turn and
their answers taken in the same turn: a worker that is ahead waits with its answer, so few answers are held at a time.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from itertools import islice
from typing import IO, Any, Generic, TypeVar

from lakehouse_assets import interruption
from lakehouse_assets.errors import LibraryFailed
from lakehouse_assets.interruption import Duty
from lakehouse_assets.progress import Counts
from lakehouse_assets.settings import process_environment

Task = TypeVar("Task")
Answer = TypeVar("Answer")
LENGTH = struct.Struct(">Q")
AHEAD = 2
"""How many tasks a worker has at a time: it begins the next one while its answer is taken."""


class Tally:
    """Sum up files, bytes and rows that workers count; what arrives in a worker is that worker's own."""

    def __init__(self) -> None:
        self.value: Counts = (0, 0, 0)

    def add(self, term: Counts) -> None:
        """Count more."""
        files, size_bytes, rows = (old + more for old, more in zip(self.value, term, strict=True))
        self.value = files, size_bytes, rows

    def take(self) -> Counts:
        """Return what was counted since this was asked last."""
        value, self.value = self.value, (0, 0, 0)
        return value

    def __reduce__(self) -> tuple[Callable[[], Tally], tuple[()]]:
        return own_tally, ()


_OWN = Tally()


def own_tally() -> Tally:
    """Return the tally of this process."""
    return _OWN


class Each(Generic[Task, Answer]):
    """Do work for each item of a list; a value that can be pickled."""

    def __init__(self, work: Callable[[Task], Answer]) -> None:
        self._work = work

    def __call__(self, items: list[Task]) -> list[Answer]:
        """Return what the work gives for each item."""
        return [self._work(item) for item in items]


class Workers(Generic[Task, Answer]):
    """Hold processes that do one piece of work for many tasks.

    Args:
        work: what is done for a task; a value that can be pickled.
        count: how many processes do it.
        tally: sums up what they count.
    """

    def __init__(self, work: Callable[[Task], Answer], count: int, tally: Tally) -> None:
        self._work, self._count, self._tally = pickle.dumps(work), count, tally

    def answers(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        """Yield the answer of each task, in their order.

        Raises:
            LakehouseError: what the work raised; `LibraryFailed` when a worker died.
        """
        left = iter(tasks)
        with ExitStack() as stack:
            workers = [stack.enter_context(_process()) for _ in range(self._count)]
            stack.callback(_close, workers)
            duty = Duty(kill=partial(_kill, workers))
            stack.callback(duty.done)
            for worker in workers:
                send(_pipe(worker.stdin), self._work)
            due = deque[subprocess.Popen[bytes]]()
            for number, task in enumerate(islice(left, AHEAD * self._count)):
                due.append(_asked(workers[number % self._count], task))
            while due:
                worker = due.popleft()
                yield self._answer(worker)
                due.extend(_asked(worker, task) for task in islice(left, 1))

    def _answer(self, worker: subprocess.Popen[bytes]) -> Answer:
        told = receive(_pipe(worker.stdout))
        if told is None:
            interruption.check()  # which ends workers too
            problem = "it was ended, perhaps for want of memory"
            raise LibraryFailed(library="a process that works for this one", kind="no answer", problem=problem)
        answer, failure, counts = pickle.loads(told)  # noqa: S301 - our own worker wrote it
        self._tally.add(counts)
        if failure is not None:
            raise failure
        found: Answer = answer
        return found


def _kill(workers: list[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        worker.kill()


def _close(workers: list[subprocess.Popen[bytes]]) -> None:
    _kill(workers)
    for worker in workers:
        with suppress(BrokenPipeError):  # there may be a task in it that nobody will take
            _pipe(worker.stdin).close()


def _process() -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C of a terminal is for the process that started it, which ends it in turn.
    command = [sys.executable, "-m", "lakehouse_assets.engines.processes_worker"]
    environment = {**process_environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
    )


def _asked(worker: subprocess.Popen[bytes], task: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - of any type
    with suppress(BrokenPipeError):  # it is dead, which shows when its answer is due
        send(_pipe(worker.stdin), pickle.dumps(task))
    return worker


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - both were asked for
    return pipe


def send(pipe: IO[bytes], data: bytes) -> None:
    """Write one message: its length, and itself."""
    pipe.write(LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Read one message; None when the other side is gone."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None
