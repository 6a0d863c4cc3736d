"""Note in a gold table which groups it lacks because a value of theirs does not fit, until they are built again.

The note is a property of the table that the commit of the rows sets, so that it holds what is true of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import orjson

KEPT_OUT = "lakehouse.kept-out"
"""Names the table property: sentences by value of the window, as JSON; empty when nothing is kept out any more."""
WHOLE = ""
"""Stands for the window's value in a table whose key does not hold its window."""


def sentences(properties: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is kept out of a table with these properties.

    >>> sentences({KEPT_OUT: '{"2025-04-01": ["date 2025-04-01, country DE"]}'}), sentences({})
    (('date 2025-04-01, country DE',), ())
    """
    return tuple(chain.from_iterable(_read(properties).values()))


def renewed(properties: Mapping[str, str], window: Iterable[Any] | None, found: Mapping[str, list[str]]) -> str | None:
    """Return the note after a build; None for a table that has none and needs none.

    Args:
        properties: of the table before the build.
        window: the values that were built; None when all were.
        found: what the build kept out, by value of the window as text.

    >>> renewed({KEPT_OUT: '{"a": ["x"], "b": ["y"]}'}, ["b", "c"], {"c": ["z"]})
    '{"a":["x"],"c":["z"]}'
    >>> renewed({KEPT_OUT: '{"b": ["y"]}'}, ["b"], {}), renewed({}, None, {})
    ('', None)
    """
    values = None if window is None else set(map(str, window))
    built = values and {*values, WHOLE}
    stays = {name: said for name, said in _read(properties).items() if values is not None and name not in (built or ())}
    noted = dict(sorted({**stays, **found}.items()))
    if not noted:
        return "" if properties.get(KEPT_OUT) else None
    return orjson.dumps(noted).decode()


def _read(properties: Mapping[str, str]) -> dict[str, list[str]]:
    noted: dict[str, list[str]] = orjson.loads(properties.get(KEPT_OUT) or "{}")
    return noted
