r"""Show text of strangers to people: names of files and columns may hold what cannot be seen, or go on for ever."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice

MOST_NAMES, MOST_CHARACTERS = 10, 60
"""How many names a sentence lists, and how long each of them is at most."""


def visible(text: str) -> str:
    r"""Return a text in which every character can be seen; controls, odd blanks and marks are backslash escapes.

    >>> print(visible("station\u200b\x1b[2J"))
    station\u200b\x1b[2J
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def name_shown(name: str) -> str:
    """Return one name as people can tell it from others: visible, not too long, and quoted where it is blank.

    >>> name_shown(""), name_shown("x" * 100)[55:]
    ('""', 'xxxxx...')
    """
    cut = name if len(name) <= MOST_CHARACTERS else f"{name[:MOST_CHARACTERS]}..."
    return visible(cut) if cut.strip() else f'"{visible(cut)}"'


def clipped(text: str, most: int) -> str:
    """Return a text of so many characters at most; one that is cut ends with dots.

    >>> clipped("a long text", 9), clipped("short", 9)
    ('a long...', 'short')
    """
    return text if len(text) <= most else f"{text[: most - 3].rstrip()}..."


def listed(names: Iterable[str], count: int | None = None) -> str:
    """Return the first names, and how many more there are.

    Args:
        names: at least the first of them.
        count: how many there are in all; None when these are all.

    >>> listed(["a", "b"]), listed(["a"], 3), listed(map(str, range(12)))[-15:]
    ('a, b', 'a and 2 more', '8, 9 and 2 more')
    """
    known = list(names)
    more = (len(known) if count is None else count) - min(len(known), MOST_NAMES)
    shown = ", ".join(name_shown(name) for name in islice(known, MOST_NAMES))
    return f"{shown} and {more:,} more" if more > 0 else shown


def utc_shown(moment: datetime, precision: str = "seconds") -> str:
    """Return a moment (zone-aware) as people read it.

    >>> utc_shown(datetime(2025, 4, 3, 12, tzinfo=UTC))
    '2025-04-03 12:00:00 UTC'
    """
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(' ', precision)} UTC"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
