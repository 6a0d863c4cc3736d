"""Note what each call of a run asked and could not get: for the run's report, and so that all calls have one budget.

A note is one object below `bronze/affise-calls/<run>/`. Its figures stand in its name too, so that one list of names
tells what a run has asked so far. The notes go with silver's commit, as the note of the open run does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from lakehouse_assets.affise.limits import Budget
from lakehouse_assets.affise.notes import forget_note, note_bytes, noted
from lakehouse_assets.storage.objects import ObjectStore

if TYPE_CHECKING:
    from lakehouse_assets.affise.pull import Puller

FOLDER = "bronze/affise-calls/"
FIGURES = re.compile(r"\.(\d+)\.(\d+)\.json$")


@dataclass(frozen=True)
class Call:
    """Hold what one call did.

    Attributes:
        what: it pulled, such as `clicks of 2026-03-12`.
        requests: that it made, tries included.
        retried: how many of them were made again.
        pulled_again: slices that had to be pulled more than once, until their count was right.
        forgotten: names of hours that nobody has pulled and that the API has forgotten.
        warnings: what is not as it should be, in words.
    """

    what: str
    requests: int
    retried: int
    pulled_again: int = 0
    forgotten: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass
class Told:
    """Take what a call has to say while it goes on; attributes as of `Call`."""

    pulled_again: int = 0
    forgotten: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@contextmanager
def noting(puller: Puller, what: str) -> Iterator[Told]:
    """Note a call when it ends, also one that fails: what it has asked counts."""
    told, budget = Told(), puller.api.budget
    try:
        yield told
    finally:
        call = Call(what, budget.made, budget.retried, told.pulled_again, told.forgotten, told.warnings)
        name = f"{uuid4().hex[:12]}.{call.requests}.{call.retried}"
        puller.bronze.store.put(f"{FOLDER}{puller.bronze.run_id}/{name}.json", note_bytes(call))


def calls(store: ObjectStore, run_id: str) -> list[Call]:
    """Return the calls of a run that have ended, in the order of what they pulled."""
    found = (noted(store, key, Call) for key in store.look(f"{FOLDER}{run_id}/").keys)
    return sorted((one for one in found if one is not None), key=lambda one: one.what)


def left_of(budget: Budget, store: ObjectStore, run_id: str) -> Budget:
    """Return what is left of a run's budget for its next call; calls at the same time do not know of each other."""
    figures = [found.groups() for key in store.look(f"{FOLDER}{run_id}/").keys if (found := FIGURES.search(key))]
    made, retried = (sum(int(one[place]) for one in figures) for place in (0, 1))
    return Budget(budget.requests, budget.retries, made, retried)


def end(store: ObjectStore, run_ids: Iterable[str]) -> None:
    """Forget the calls of runs whose pages silver has."""
    for run_id in run_ids:
        for key in store.look(f"{FOLDER}{run_id}/").keys:
            forget_note(store, key)
