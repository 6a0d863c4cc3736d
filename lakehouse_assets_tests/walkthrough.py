"""Take a page apart, and run its commands and files in a folder as they stand.

A page holds console blocks, whose lines after `$ ` are commands and the others their output, and files: fenced blocks
under a comment that says `new: PATH`, `append: PATH` or `file: PATH`. Files of the last kind are real ones elsewhere.
"""

from __future__ import annotations

import doctest
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.docs import FILE_BLOCK

CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
PART = re.compile(rf"{FILE_BLOCK.pattern}|{CONSOLE.pattern}", re.DOTALL | re.MULTILINE)
LINES_LIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Written:
    """A file of a page has what the comment above says of it (`how`), its place, and its text."""

    how: str
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command of a page has a line and the output shown below it, where `...` stands for anything."""

    line: str
    shown: str


def parts(page: str) -> Iterator[Written | Command]:
    """Yield the files and commands of a page in their order."""
    for found in PART.finditer(page):
        if found["how"]:
            yield Written(found["how"], found["path"], found["text"])
        else:
            yield from commands(found[0])


def commands(page: str) -> list[Command]:
    """Return every command of the console blocks of a page."""
    blocks = (re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] for block in CONSOLE.findall(page))
    return [Command(part.partition("\n")[0], part.partition("\n")[2]) for block in blocks for part in block]


def walk(page: str, folder: Path, session: Path, environment: Mapping[str, str] | None = None) -> int:
    """Write and run everything in a folder, as one shell session would; return how many commands there were.

    Args:
        page: its text.
        folder: where it is walked through.
        session: a file that keeps what is exported from one command to the next.
        environment: variables beside those of this process.
    """
    bin_folder = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "COLUMNS": "120", **(environment or {})}
    walked = 0
    with _nothing_left(session):
        for part in parts(page):
            if isinstance(part, Written):
                _write(part, folder)
            else:
                walked += 1
                run(part, folder, session, env)
    return walked


@contextmanager
def _nothing_left(session: Path) -> Iterator[None]:
    """End the simulator whose process id a page has exported, where the page did not come to the line that ends it."""
    try:
        yield
    except BaseException:
        found = re.search(r'^declare -x SIMULATOR="(\d+)"', session.read_text("utf-8"), re.MULTILINE)
        with suppress(ProcessLookupError):
            if found is not None:
                os.kill(int(found[1]), signal.SIGTERM)
        raise


def _write(part: Written, folder: Path) -> None:
    if part.how == "file":
        return
    target = folder / part.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a" if part.how == "append" else "w", encoding="utf-8") as file:
        file.write(part.text)


def run(command: Command, folder: Path, session: Path, env: Mapping[str, str]) -> None:
    """Run one command and assert that it succeeds and prints what the page shows."""
    script = f"[ -f {session} ] && . {session}\n{command.line}\nended=$?; export -p > {session}; exit $ended"
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, f"{command.line}\n{printed}"
    assert doctest.OutputChecker().check_output(command.shown, printed, LINES_LIKE), f"{command.line}\n{printed}"
