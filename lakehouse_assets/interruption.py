"""Know whether this process was asked to end, and what is to be given back when it does.

Belongs here: the wish, as a fact that work asks for at points where it may end, and the duties of whoever holds
something. Not here: signals, and who waits for the work (`operations/entry.py`). Without these nothing is ever wished.

Nothing is raised into the middle of work, since an error at any place may leave an import, a lock or a history half
done. Work asks `check` where it may end; a statement that takes long is stopped by the duty of the engine that runs it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from weakref import WeakValueDictionary

Do = Callable[[], object]


class Interrupted(BaseException):
    """End the work because the process was asked to end; no handler of errors takes it for one."""


class Duty:
    """Do what its holder owes when the process is asked to end, until `done`, or until nobody has the duty any more.

    Args:
        ask: asks work that goes on to end soon, such as a statement of an engine; called from another thread, again
            and again until the work has ended.
        clean: gives back what outlives the process, such as a lease or a folder, when the work did not end in time.
        kill: ends processes that would outlive this one; takes no time.
    """

    def __init__(self, ask: Do | None = None, clean: Do | None = None, kill: Do | None = None) -> None:
        self.ask, self.clean, self.kill = ask, clean, kill
        _duties[id(self)] = self

    def done(self) -> None:
        """Forget the duty: what it was for has ended."""
        _duties.pop(id(self), None)


_duties: WeakValueDictionary[int, Duty] = WeakValueDictionary()
_wished = threading.Event()
_grace: list[float] = []


def requested() -> bool:
    """Say whether the process was asked to end."""
    return _wished.is_set()


def check() -> None:
    """Go on, unless the process was asked to end.

    Raises:
        Interrupted: it was.
    """
    if _wished.is_set():
        raise Interrupted


@contextmanager
def gracefully(seconds: float) -> Iterator[None]:
    """Say that the work of this block ends by itself, so many seconds after it is asked to at most."""
    _grace.append(seconds)
    try:
        yield
    finally:
        _grace.pop()


def grace() -> float:
    """Return how many seconds the work that goes on may take to end; 0 where it need not be waited for."""
    return _grace[-1] if _grace else 0.0


def request() -> None:
    """Wish that the process ends, and ask all work that goes on."""
    _wished.set()
    _each("ask")


def clean() -> None:
    """Give back what outlives the process, the newest first, and end other processes."""
    _each("clean")
    kill()


def kill() -> None:
    """End processes that would outlive this one."""
    _each("kill")


def _each(what: str) -> None:
    for duty in reversed(list(_duties.values())):
        do: Do | None = getattr(duty, what)
        if do is not None:
            with suppress(Exception):  # one that cannot be met keeps no other one from being met
                do()
