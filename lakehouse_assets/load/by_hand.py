"""Note in the lake what people do to silver by hand, so that it can be told from what loads did when it is made anew.

Each note is a folder beside those of runs. A closing of rejects can be done again by its note. What a restore took out
of a table is not in the archive, so its note only says that the table was restored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from lakehouse_assets.core.shown import utc_shown
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.runs import RunFolder

CLOSING, RESTORE, REBUILD, FORGET = "close", "restore", "rebuild", "forget"
"""Begin the ids of what is done by hand; a note is the piece of this name in the folder of its id."""
BY_HAND = re.compile(rf"({CLOSING}|{RESTORE}|{REBUILD}|{FORGET})-[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}")
Note = TypeVar("Note")


@dataclass(frozen=True)
class Closing:
    """Hold one command that closed rejects.

    Attributes:
        run_id: its id, which begins with `CLOSING`.
        at: when, zone-less UTC; the rows that it closed hold the same moment.
        selection: which open rows it closed, any of code, file, run.
        reason: why.
        rows: how many they were.
    """

    run_id: str
    at: datetime
    selection: dict[str, str]
    reason: str
    rows: int


@dataclass(frozen=True)
class TableRestore:
    """Hold one restore of a silver table: its id, the table's bare name, of which moment, and when it was done."""

    run_id: str
    table: str
    as_of: datetime
    at: datetime

    @property
    def words(self) -> str:
        """Return what was done, in words that follow the table's name."""
        then, at = (utc_shown(moment) for moment in (self.as_of, self.at))
        return f"was restored to what it held at {then} (on {at})"


def note_closing(lake: Lake, pipeline: str, closing: Closing) -> None:
    """Write down a closing; do it before the rows are closed."""
    RunFolder(lake.store, pipeline, closing.run_id).keep(CLOSING, closing)


def note_restore(lake: Lake, pipeline: str, restore: TableRestore) -> None:
    """Write down a restore; do it before the table changes."""
    RunFolder(lake.store, pipeline, restore.run_id).keep(RESTORE, restore)


def closings(lake: Lake, pipeline: str) -> list[Closing]:
    """Return the noted closings, in their order."""
    return sorted(_notes(lake, pipeline, CLOSING, Closing), key=lambda closing: closing.at)


def restores(lake: Lake, pipeline: str) -> list[TableRestore]:
    """Return the noted restores, in their order."""
    return sorted(_notes(lake, pipeline, RESTORE, TableRestore), key=lambda restore: restore.at)


def _notes(lake: Lake, pipeline: str, piece: str, kind: type[Note]) -> Iterator[Note]:
    for key in lake.store.look(f"runs/{pipeline}/{piece}-").keys:
        run_id, _, name = key.removeprefix(f"runs/{pipeline}/").partition("/")
        note = RunFolder(lake.store, pipeline, run_id).report(piece, kind) if name == f"{piece}.json" else None
        if note is not None:
            yield note
