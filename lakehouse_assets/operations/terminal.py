"""Write what commands say to a terminal: results on stdout, everything else on stderr.

What a report says is not decided here; every command builds its own lines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


PIPE_WIDTH = 400
"""A table that goes into a file or a pipe is at most this many characters wide."""


def out() -> Console:
    """Return the console of results on stdout; it is wider when they go into a file or a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def err() -> Console:
    """Return the console of progress and complaints on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print one line of a result as it is; brackets in it are no markup."""
    sys.stdout.write(f"{text}\n")


def command() -> str:
    """Return the command as the user can type it here: its name where that is on the path, else where it lies."""
    import shutil

    found, own = shutil.which("lakehouse"), Path(sys.argv[0])
    if found or own.name != "lakehouse":
        return "lakehouse"
    return os.path.relpath(own.absolute())


def complain(problem: str) -> None:
    """Print a problem as one sentence on stderr."""
    sys.stderr.write(f"error: {' '.join(problem.split())}\n")


def forget_stdout() -> None:
    """Discard what is still buffered for stdout, without complaint, once nobody reads it any more (`… | head`)."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    """Print a table on stdout; columns named in `right` are numbers. None is shown as an empty field."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE, pad_edge=False)
    for name in columns:
        shown.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text("" if value is None else str(value)) for value in row))
    console = out()
    console.print(shown)


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on stderr until done; each call of the yielded function is one step."""
    from rich.progress import Progress

    console = err()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send to stderr whatever libraries and child processes write to stdout meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
