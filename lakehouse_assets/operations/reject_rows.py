"""Read rejected rows, count them by what became of them, and close them.

Elsewhere are the commands (`rejects`), the file in which rows are corrected (`correction_file`), and the replay itself
(`load.retry` reads the rows again in the same job).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.contracts.model import Kind
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.load.by_hand import CLOSING, Closing, note_closing
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.load.ledger import know_closing
from lakehouse_assets.sql.closings import closed_rows
from lakehouse_assets.sql.rejects import identity, open_where, selected_where
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    from lakehouse_assets.engines.protocol import Guard

STATUSES = ("open", "replayed", "corrected", "closed")
Grouping = Literal["code", "file"]

ROW_KINDS: tuple[Kind, ...] = ("reader", "row", "reference")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rejects:
    """Read the rejected rows of one pipeline in one lake."""

    pipeline: str
    lake: Lake

    def rows(self, where: str = "TRUE") -> list[dict[str, Any]]:
        """Return the rows that meet a predicate in SQL, ordered by file and line.

        Raises:
            TableMissing: the lake has no table of rejects yet.
        """
        rows = self._side("rejects").read(where).to_pylist()
        return sorted(rows, key=lambda row: (row["file"], row["line"], row["etag"]))

    def counts(self, selection: Mapping[str, str]) -> list[dict[str, Any]]:
        """Count the rows of a selection, open or not, by dataset, file, codes and status."""
        by = "dataset, file, codes, status"
        where = f"{selected_where(selection)} GROUP BY {by} ORDER BY {by}"
        rows: list[dict[str, Any]] = self._side("rejects").read(where, f"{by}, count(*) AS n").to_pylist()
        return rows

    def close(self, selection: dict[str, str], reason: str, guard: Guard) -> int:
        """Close the open rows of a selection for a reason, in one commit, and return how many they were.

        It is noted before, so that rejects that are made anew are closed again.

        Raises:
            TableMissing: the lake has no table of rejects yet.
            CommitConflict, FenceLost: somebody else writes; nothing was closed.
        """
        contract = self._side("rejects").contract
        self.lake.delta(contract)
        engine = DuckEngine(self.lake)
        try:
            engine.attach(contract)
            at = datetime.now(UTC).replace(tzinfo=None)
            rows = closed_rows(contract, selection, reason, at)
            (found,) = engine.rows(f"SELECT count(*) AS n FROM ({rows}) AS c")
            if found["n"]:
                closing = Closing(f"{CLOSING}-{uuid4()}", at, selection, reason, int(found["n"]))
                note_closing(self.lake, self.pipeline, closing)
                know_closing(self._side("run_ledger").contract, self.lake, closing, guard)
                engine.merge(contract, rows, updates=True, dates=None, guard=guard)
            return int(found["n"])
        finally:
            engine.close()

    def open_rows(self, selection: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the open rows of a selection (any of code, file, run)."""
        return self.rows(open_where(dict(selection)))

    def pending(self) -> set[tuple[Any, ...]]:
        """Return the identities of the rows that wait for a parent."""
        return {identity(row) for row in self._side("pending").read().to_pylist()}

    def _side(self, kind: str) -> ControlTable:
        return ControlTable(contracts(self.pipeline)[control_name(self.pipeline, kind)], self.lake)

    def columns(self, datasets: Iterable[str]) -> list[str]:
        """Return the landing columns of these datasets, each once."""
        known = contracts(self.pipeline)
        names = [column.name for dataset in sorted(set(datasets)) for column in known[f"landing.{dataset}"].columns]
        return list(dict.fromkeys(names))

    def codes(self) -> set[str]:
        """Return every code that a rejected row can carry; a code that only warns stands beside one that rejects."""
        known = contracts(self.pipeline).values()
        return {rule.code for contract in known for rule in contract.rules_of(*ROW_KINDS)}


def summary(counts: Iterable[Row], by: Grouping | None = None) -> list[dict[str, Any]]:
    """Count rows by status: per dataset, file and codes, or per code, or per file; most open ones first.

    A row with several codes counts for each of them.

    Args:
        counts: as of `Rejects.counts`.
        by: what they are counted by; None for dataset, file and codes together, in their order.
    """
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in counts:
        for names in _groups(row, by):
            group = groups.setdefault(tuple(names.values()), {**names, **dict.fromkeys(STATUSES, 0)})
            group[row["status"]] += row["n"]
    ordered = [groups[key] for key in sorted(groups)]
    return sorted(ordered, key=lambda group: -group["open"]) if by else ordered


def _groups(row: Row, by: Grouping | None) -> list[dict[str, str]]:
    if by == "code":
        return [{"code": code} for code in row["codes"].split(",")]
    names = ("dataset", "file") if by == "file" else ("dataset", "file", "codes")
    return [{name: row[name] for name in names}]


def what_became(before: Sequence[Row], still_open: Sequence[Row], pending: set[tuple[Any, ...]]) -> dict[str, int]:
    """Count how many of the replayed rows were accepted, rejected again, and set aside for a parent."""
    again = {identity(row) for row in still_open}
    replayed = [identity(row) for row in before]
    rejected = sum(row in again for row in replayed)
    waiting = sum(row in pending for row in replayed if row not in again)
    return {"accepted": len(replayed) - rejected - waiting, "rejected": rejected, "pending": waiting}
