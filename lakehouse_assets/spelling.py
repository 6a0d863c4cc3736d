"""Say which name is meant by one that is misspelt, in the same words wherever a name is refused."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 10
"""How many names a sentence lists."""


def meant(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return which of the known names may be meant by one that is not among them.

    Args:
        name: as it was typed.
        known: the names that there are.
        otherwise: what is said where none is near; the first of the names themselves where it is empty.

    >>> meant("readngs", ["readings", "stations"]), meant("x", ["readings", "stations"])
    ('did you mean `readings`?', 'there are: readings, stations')
    """
    names = list(known)
    near = get_close_matches(name, names, 1)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"did you mean `{near[0]}`?" if near else otherwise or f"there are: {', '.join(names[:MOST_NAMES])}{more}"
