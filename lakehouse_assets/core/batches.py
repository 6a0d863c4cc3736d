"""Take a stream apart into lists of some items each, so that only as many are held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items, at most so many at a time; nothing where there is none.

    >>> list(in_batches("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def by_size(items: Iterable[Item], size_of: Callable[[Item], int], enough: int) -> Iterator[list[Item]]:
    """Yield the items, as many at a time as have enough bytes together; an item is never divided.

    >>> list(by_size([3, 3, 1], int, 5))
    [[3, 3], [1]]
    """
    some: list[Item] = []
    size = 0
    for item in items:
        some.append(item)
        size += size_of(item)
        if size >= enough:
            yield some
            some, size = [], 0
    if some:
        yield some
