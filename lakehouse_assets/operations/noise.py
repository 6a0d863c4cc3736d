"""Keep off the terminal what libraries write there beside an error that is told in one sentence.

Dagster writes a line for each event that it cannot store. A Rust library that gives up writes where it did, straight to
the process's stderr, past Python; so that is set aside while a run goes on, and the rest of it written afterwards.
A process of Dagster's own is told by its environment what it is not to say.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

SUPERSEDED = "ignore:Function `dev_command` is superseded"
"""Leaves out Dagster's advice for another command of its own, as PYTHONWARNINGS spells it."""
EVENTS = ("Exception while writing logger call to event log", "(Background on this error at")
PANIC = re.compile(
    r"^\n?thread '[^'\n]*'[^\n]* panicked at [^\n]*\n(?:(?!note: |thread ')[^\n]*\n)*(?:note: [^\n]*\n?)?", re.MULTILINE
)


def without_advice(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that starts Dagster's services, without Dagster's advice to start others.

    >>> without_advice({"PYTHONWARNINGS": "error"})["PYTHONWARNINGS"]
    'error,ignore:Function `dev_command` is superseded'
    """
    own = environment.get("PYTHONWARNINGS")
    return {**environment, "PYTHONWARNINGS": f"{own},{SUPERSEDED}" if own else SUPERSEDED}


@contextmanager
def muted() -> Iterator[None]:
    """Leave out such text until the end of the block; do nothing where stderr is not the process's own."""
    own: TextIO = sys.stderr
    if own is not sys.__stderr__:
        yield
        return
    own.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as aside, os.fdopen(terminal, "w", 1, own.encoding, own.errors) as shown:
        os.dup2(aside.fileno(), 2)
        sys.stderr = Quiet(shown)  # it hands on everything else
        try:
            yield
        finally:
            sys.stderr = own
            os.dup2(terminal, 2)
            aside.seek(0)
            own.write(without_panics(aside.read().decode(errors="replace")))
            own.flush()


class Quiet:
    """Stand for a text stream, and leave out what Dagster says of each event that it cannot store."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the lines that are not Dagster's complaints."""
        if text.startswith(EVENTS):
            lines = text.splitlines(keepends=True)
            self._stream.write("".join(line for line in lines if not line.startswith(EVENTS)))
        else:
            self._stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


def without_panics(text: str) -> str:
    r"""Return the text without what Rust's panics write.

    >>> without_panics("a\nthread 'x' (7) panicked at b.rs:1:2:\nno\nstack backtrace:\n 0: y\nnote: run with z\nb\n")
    'a\nb\n'
    """
    return PANIC.sub("", text)
