"""Draw numbers that depend on nothing but what they are for: the seed, the purpose, and the place of a row.

There is no stream to follow, so the 300th row of an hour is known without the 299 before it. That is what lets a world
of two years be asked for one page.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]

# The odd constants and shifts of splitmix64 (Steele, Lea, Flood 2014), which passes the usual tests of randomness.
_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_MAJOR = np.uint64(0xD1B54A32D192ED03)
_UNIT = 2.0**-53


@cache
def key_of(seed: int, purpose: str) -> int:
    """Return the number that all draws of one purpose start from."""
    return int.from_bytes(blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest(), "big")


def draws(seed: int, purpose: str, major: Ints, minor: Ints) -> Words:
    """Return 64 random bits for each row, which is named by two numbers such as an hour and an index within it."""
    words = major.astype(np.uint64) * _MAJOR + minor.astype(np.uint64) * _STEP + np.uint64(key_of(seed, purpose))
    return _mixed(_mixed(words))


def _mixed(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * _FIRST
    words = (words ^ (words >> np.uint64(27))) * _SECOND
    return words ^ (words >> np.uint64(31))


def below(words: Words, limit: int) -> Ints:
    """Return whole numbers from 0 to one less than the limit."""
    return ((words >> np.uint64(11)) % np.uint64(limit)).astype(np.int64)


def unit(words: Words) -> NDArray[np.float64]:
    """Return fractions from 0 up to, and without, 1."""
    return (words >> np.uint64(11)).astype(np.float64) * _UNIT


def weighted(words: Words, weights: tuple[float, ...]) -> Ints:
    """Return positions in the weights, each as often as its weight says."""
    steps = np.cumsum(weights)
    return np.searchsorted(steps / steps[-1], unit(words), side="right").astype(np.int64)


def one_in(many: int, words: Words) -> Bools:
    """Say for each row whether it is one of those that come once in so many."""
    return np.equal(below(words, many), 0)


def number(seed: int, purpose: str, place: int, limit: int) -> int:
    """Return one whole number below the limit, for things that are few."""
    return int(below(draws(seed, purpose, np.array([place]), np.array([0])), limit)[0])


def hex_id(epoch: int, tag: int, counter: int) -> str:
    """Return 24 hex digits that begin with the UTC second of the creation, as the ids of a document store do.

    >>> hex_id(1_700_000_000, 0xABC, 5)
    '6553f1000000000abc000005'
    """
    return f"{epoch:08x}{tag:010x}{counter:06x}"


def tag_of(seed: int, purpose: str) -> int:
    """Return the middle ten digits of the ids of one kind."""
    return key_of(seed, purpose) & 0xFFFFFFFFFF
