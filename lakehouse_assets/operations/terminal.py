r"""Write what commands say to a terminal: results on stdout, everything else on stderr.

What a report says is not decided here; every command builds its own lines. Whatever the terminal is, text for people
is right on it: characters that it does not have, and those that nobody can see, are backslash escapes; so no name of a
file moves a cursor. Data for programs (CSV, JSON, XML) is UTF-8 and goes out as it is.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lakehouse_assets.core.shown import visible

if TYPE_CHECKING:
    from rich.console import Console

    from lakehouse_assets.progress import Progress

PLAIN = {"✔": "+", "✘": "x", "…": "...", "─": "-"}
"""What is written for characters of our own on a terminal that does not have them."""
LONGEST_WORD = 40
"""A word up to this long, such as a name or an id, is never broken to make a table fit."""
GAP, CLOSE_GAP = 3, 2
"""These are how many characters there are between two columns."""
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


def make_ready() -> None:
    """Let stdout and stderr write what their encoding does not have, rather than fail."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Return what to write for characters that cannot be encoded, and where to go on, as `codecs` asks for it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    shown = (PLAIN.get(c) or c.encode("unicode_escape").decode("ascii") for c in found)
    return "".join(shown), error.end


def say(text: str) -> None:
    """Print lines for people; brackets in them are no markup."""
    sys.stdout.write(f"{_lines(text)}\n")


def data(text: str) -> None:
    """Write text for programs as it is, in UTF-8 whatever the terminal has."""
    if isinstance(sys.stdout, io.TextIOWrapper) and codecs.lookup(sys.stdout.encoding).name != "utf-8":
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)


def json_list(values: Iterable[object]) -> Iterator[str]:
    r"""Yield the pieces of an indented JSON list, one for each value as it comes.

    >>> "".join(json_list([{"a": 1}]))
    '[\n  {\n    "a": 1\n  }\n]\n'
    """
    import orjson

    before = "[\n"
    for value in values:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
        yield f"{before}  " + text.replace("\n", "\n  ")  # a line end within a text is an escape in JSON
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _lines(text: str) -> str:
    return "\n".join(visible(line) for line in text.split("\n"))


def command() -> str:
    """Return the command as the user can type it here: its name where that is on the path, else where it lies."""
    import shutil

    found, own = shutil.which("lakehouse"), Path(sys.argv[0])
    if found or own.name != "lakehouse":
        return "lakehouse"
    return os.path.relpath(own.absolute())


def complain(problem: str) -> None:
    """Print a problem as one sentence on stderr."""
    sys.stderr.write(f"error: {visible(' '.join(problem.split()))}\n")


def warn(sentence: str) -> None:
    """Print on stderr what keeps nobody from the rest; nothing of an empty sentence."""
    if sentence:
        sys.stderr.write(f"warning: {visible(' '.join(sentence.split()))}\n")


def forget_stdout() -> None:
    """Discard what is still buffered for stdout, without complaint, once nobody reads it any more (`… | head`)."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = (), close: bool = False
) -> None:
    """Print a table on stdout; columns named in `right` are numbers. None is shown as an empty field.

    One with many columns may have them `close` to each other, and has where it would not fit otherwise. Where it still
    is too wide, rows that share their first value stand below it, and if that does not help, each row is a block of
    lines, one per column. No name is broken.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console, cells = out(), [["" if value is None else _lines(str(value)) for value in row] for row in rows]
    least = _least(columns, cells)
    close = close or sum(least) + GAP * len(least) > console.width
    if sum(least) + (CLOSE_GAP if close else GAP) * len(least) > console.width:
        _narrow(columns, cells, least, right, console.width)
        return
    shown = Table(box=box.SIMPLE, pad_edge=False, collapse_padding=close)
    room = console.width - (CLOSE_GAP if close else GAP) * len(least)
    for name, wide in zip(columns, _fitted(columns, cells, least, room), strict=True):
        side: Literal["left", "right"] = "right" if name in right else "left"
        shown.add_column(Text(visible(name)), justify=side, overflow="fold", width=wide)
    for row in cells:
        shown.add_row(*(Text(cell) for cell in row))
    console.print(shown)


def _least(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    """Return how wide each column has to be, so that none of its words is broken but very long ones."""
    from rich.cells import cell_len

    words = [[word for text in texts for word in text.split()] for texts in zip(*cells, strict=True)] or [[]] * len(
        columns
    )
    longest = (max(map(cell_len, found), default=0) for found in words)
    return [max(min(wide, LONGEST_WORD), cell_len(name)) for wide, name in zip(longest, columns, strict=True)]


def _fitted(columns: Sequence[str], cells: Sequence[Sequence[str]], least: Sequence[int], room: int) -> list[int]:
    """Return how wide each column is: as wide as its widest line, or less where all together have not the room."""
    from rich.cells import cell_len

    lines = [[line for text in texts for line in text.split("\n")] for texts in zip(columns, *cells, strict=True)]
    widths = [max(wide, *map(cell_len, found)) for wide, found in zip(least, lines, strict=True)]
    while sum(widths) > room:
        most = max(range(len(widths)), key=lambda at: widths[at] - least[at])
        widths[most] = max(least[most], widths[most] - (sum(widths) - room))
        if widths == list(least):
            break
    return widths


def _narrow(
    columns: Sequence[str], cells: Sequence[Sequence[str]], least: Sequence[int], right: Sequence[str], width: int
) -> None:
    """Print a table that is too wide: below the values of its first column where they come again, else as blocks."""
    first = [row[0] for row in cells]
    if len(columns) < 3 or len(set(first)) == len(first) or sum(least[1:]) + CLOSE_GAP * len(least) > width:  # noqa: PLR2004 - it needs others than the first and a last
        _blocks(columns, cells)
        return
    for name in dict.fromkeys(first):
        sys.stdout.write(f"{name}\n")
        table(columns[1:], (row[1:] for row in cells if row[0] == name), right=right, close=True)


def _blocks(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len, set_cell_size

    wide = max(map(cell_len, columns), default=0)
    for number, row in enumerate(cells, 1):
        sys.stdout.write(f"{'─' * 3} {number}\n")
        for name, cell in zip(columns, row, strict=True):
            lines = cell.split("\n")
            first = f"{set_cell_size(visible(name), wide)}  {lines[0]}".rstrip()
            sys.stdout.write("\n".join([first, *(" " * (wide + 2) + line for line in lines[1:])]) + "\n")


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on stderr until done; each call of the yielded function is one step."""
    from rich.progress import Progress

    console = err()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def shown(progress: Progress) -> Iterator[None]:
    """Show in one line on stderr, where it is a terminal, what is being done, as long as the block lasts."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    if not sys.stderr.isatty():
        yield
        return
    # A run sends its own stderr into a log, and the line is for whoever waits.
    with open(os.dup(2), "w", encoding=sys.stderr.encoding, errors=sys.stderr.errors) as screen:  # noqa: PTH123 - no path
        console = Console(file=screen, highlight=False)
        if console.is_dumb_terminal:  # it cannot go back in a line
            yield
            return

        def line() -> Text:
            now = progress.now
            text = f"{now}, {now.seconds:.0f} s" if str(now) else "starting"
            return Text(visible(text), no_wrap=True, overflow="ellipsis" if console.encoding == "utf-8" else "crop")

        live = Live(
            console=console, get_renderable=line, transient=True, refresh_per_second=8,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        with live:
            progress.watch(live.refresh)
            try:
                yield
            finally:
                progress.watch(None)


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
