"""Remember which runs have pulled and whose pages silver may not have, so that the next run loads them too.

A run notes what it is about to pull before its first page, and the note goes with silver's commit. What a run that died
in between has made complete is loaded by the next one: the API may have forgotten it, and what was counted once is not
asked again. Pages that silver has already do no harm there, since it knows the newest version of each record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from lakehouse_assets.affise.notes import forget_note, note_bytes, noted
from lakehouse_assets.storage.objects import ObjectStore

FOLDER = "bronze/affise-open/"
"""Holds one note per open run; it is beside the endpoints' folders, which hold nothing but slices."""


@dataclass(frozen=True)
class OpenRun:
    """Note what a run pulls.

    Attributes:
        run_id: of the run.
        slices: endpoint and UTC day of each list and each slice.
    """

    run_id: str
    slices: tuple[tuple[str, date], ...]


def begin(store: ObjectStore, run: OpenRun) -> None:
    """Note what a run is about to pull; one that is repeated notes it again."""
    store.put(_key(run.run_id), note_bytes(run))


def opened(store: ObjectStore, run_id: str) -> OpenRun | None:
    """Return what an open run pulls; None for one that is not open."""
    return noted(store, _key(run_id), OpenRun)


def others(store: ObjectStore, run_id: str) -> list[OpenRun]:
    """Return the runs that are open, but for one, by id."""
    keys = (key for key in store.look(FOLDER).keys if key != _key(run_id))
    return [run for run in (noted(store, key, OpenRun) for key in keys) if run is not None]


def end(store: ObjectStore, run_ids: Iterable[str]) -> None:
    """Forget runs whose pages silver has."""
    for key in map(_key, run_ids):
        forget_note(store, key)


def _key(run_id: str) -> str:
    return f"{FOLDER}{run_id}.json"
