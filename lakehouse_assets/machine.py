"""Know this machine: which folders can be used on it, and how much of its memory there is to take.

Belongs here: what follows from the machine alone. Not here: which folder or limit somebody has set (`settings.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MB, GB = 10**6, 10**9
ODD = frozenset("%#[]*?^|\\")
"""Holds characters that delta-rs, pyiceberg or SQLAlchemy take for something else: they fail, or write elsewhere."""
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Name the files that hold a container's memory limit: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory and
version 1."""


def usable_folder(value: Path, also: str = "") -> Path:
    """Return the folder that a name means: absolute, without links, `~` and `..`.

    Args:
        value: the name.
        also: what else than a folder is allowed, for the error.

    Raises:
        ValueError: it is no name of a local folder, or leads to one that not every library here could write into.
    """
    if ":/" in os.fspath(value):  # a URI would become folders of its parts' names
        raise ValueError(f"allowed is the name of a local folder{also}")
    try:
        meant = value.expanduser().resolve()
    except RuntimeError as error:  # links that lead round in a circle, or the home of an unknown user
        raise ValueError(f"allowed is a folder that can be found, but: {error}") from error
    odd = sorted({repr(c)[1:-1] for c in os.fspath(meant) if c in ODD or not c.isprintable()})
    if odd:
        raise ValueError(f"which means `{printable(os.fspath(meant))}`; allowed is a path without {' '.join(odd)}")
    return meant


def spare_folder(value: Path) -> Path:
    """Return the folder that a name means, where it is there or only its last part is to be made.

    Raises:
        ValueError: as `usable_folder`; or what it would lie in is no folder, or is `/`, where a typo would hide.
    """
    meant = usable_folder(value)
    above = meant.parent
    if not meant.is_dir() and (above == Path(meant.anchor) or not above.is_dir()):
        raise ValueError(f"allowed is a folder that is there, or a new one in such a folder below `{meant.anchor}`")
    return meant


def printable(text: str) -> str:
    r"""Return a text for people: what cannot be printed is escaped.

    >>> print(printable("a" + chr(9) + "b"))
    a\tb
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def default_memory(machine_bytes: int) -> str:
    """Return DuckDB's memory limit for a machine of this size: a quarter of it, between 800 MB and 8 GB.

    >>> default_memory(2 * GB), default_memory(16 * GB), default_memory(256 * GB)
    ('800MB', '4000MB', '8000MB')
    """
    return f"{min(max(machine_bytes // 4, 800 * MB), 8 * GB) // MB}MB"


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_memory(limits: Iterable[Path] = CGROUP_LIMITS) -> int:
    """Return the memory in bytes that this process may use: the machine's, or its container's where that has less.

    Args:
        limits: files in which a container's limit stands, in bytes; others, and files that are not there, say nothing.
    """
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in limits:
        with suppress(OSError, ValueError):  # `max` stands for no limit
            sizes.append(int(file.read_text("ascii")))
    return min(sizes)
