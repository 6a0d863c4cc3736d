"""Start the `lakehouse` command, and end it when the process is asked to.

The command works in a thread of its own; this one waits for it and for signals. So no library meets an error in the
middle of its work, and Dagster, which handles signals in the main thread only, leaves them to us. The first signal
asks the work to end (`interruption`) and waits as long as the work says that it may take; then, or at a second signal,
the process ends whatever it does. That is safe at any moment: every commit is whole or not there, see
docs/decisions/0004-crash-safety.md. The exit code is 128 and the signal's number.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from lakehouse_assets import interruption

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CLEAN_SECONDS = 3.0
"""How long giving back may take: a store may not answer."""
ASK_SECONDS = 0.2
"""The pause between two times that work is asked to end."""
ENDED = 0
"""The byte that says that the work has ended; a signal's byte is its number."""
COLLECTED_AT = (100_000, 50, 100)
"""How many objects Python's collector of cycles waits for, by generation. A command makes a million that stay, most of
them while it imports; by default (700, 10, 10) a seventh of a short command's time goes into looking at them again.
"""
SHOW_CURSOR = "\r\x1b[K\x1b[?25h"
"""Clears a line of progress and shows the cursor, which a bar hides (https://vt100.net/docs/vt510-rm/DECTCEM.html)."""


def main() -> int:
    """Run the command line and return its exit code."""
    # What serves until it is ended hears every signal, also started by `nohup` or in the background of a script.
    return Watch(always=sys.argv[1:2] == ["dev"]).run(_command)


def _command() -> int:
    gc.set_threshold(*COLLECTED_AT)
    from lakehouse_assets.operations import cli, terminal

    terminal.make_ready()
    try:
        return cli.main()
    finally:
        gc.freeze()  # the collection at the end of a process would find nothing that its end does not free


class Watch:
    """Wait for work that goes on in another thread, and for signals that ask the process to end.

    Args:
        always: whether an interrupt ends it also where whoever started it ignores that.
    """

    def __init__(self, *, always: bool = False) -> None:
        self._code = 0
        self._error: BaseException | None = None
        self._stderr = os.dup(2)  # a run sends its own stderr elsewhere
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        # The handler in C writes the signal's number at once, whatever the work does and in whichever thread.
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in SIGNALS:
            # What is ignored from the start (`nohup`, a job in the background of a script) stays so.
            heard = {signal.SIGTERM, signal.SIGINT} if always else {signal.SIGTERM}
            if number in heard or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _noted)

    def run(self, work: Callable[[], int]) -> int:
        """Return what the work returns; end the process when a signal comes first."""
        threading.Thread(target=self._work, args=(work,), name="command", daemon=True).start()
        first = self._next(None)
        if first:
            self._end(first)
        for number in SIGNALS:
            if signal.getsignal(number) is _noted:
                signal.signal(number, _leave)
        signal.set_wakeup_fd(-1)
        if self._error is not None:
            raise self._error
        return self._code

    def _work(self, work: Callable[[], int]) -> None:
        # Ctrl-C goes to the terminal's whole group; processes that the work starts inherit this, and end with it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._code = work()
        except BaseException as error:  # noqa: BLE001 - it goes on in the main thread
            self._error = error
        os.write(self._write, bytes([ENDED]))

    def _next(self, until: float | None) -> int | None:
        """Return the next signal, or ENDED, or None at the time (monotonic seconds) when nobody waits any longer."""
        left = None if until is None else max(0.0, until - time.monotonic())
        ready, _, _ = select.select([self._read], [], [], left)
        return os.read(self._read, 1)[0] if ready else None

    def _end(self, number: int) -> NoReturn:
        """End the process with the signal's exit code: soon, or at once when a second one comes."""
        until = time.monotonic() + interruption.grace()
        threading.Thread(target=_ask, daemon=True).start()
        if interruption.grace() and os.isatty(self._stderr):
            self._tell("ending; once more ends it at once")
        came = self._next(until)
        if came is None:
            giving = threading.Thread(target=self._give_back, daemon=True)
            giving.start()
            came = self._next(time.monotonic() + CLEAN_SECONDS)
        if came:
            number = came
        interruption.kill()
        self._tell("error: interrupted")
        os._exit(128 + number)

    def _give_back(self) -> None:
        interruption.clean()
        os.write(self._write, bytes([ENDED]))

    def _tell(self, words: str) -> None:
        shown = SHOW_CURSOR if os.isatty(self._stderr) else ""
        with suppress(OSError):  # the terminal may be gone
            os.write(self._stderr, f"{shown}{words}\n".encode())


def _ask() -> NoReturn:
    """Ask again and again: work that is asked to end may begin another long statement before it notices."""
    while True:
        interruption.request()
        time.sleep(ASK_SECONDS)


def _noted(number: int, frame: object) -> None:
    """Do nothing: the watch reads the signal's number from its pipe."""


def _leave(number: int, frame: object) -> None:  # noqa: ARG001 - as above
    """End the process, which has nothing left to do but to end."""
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
