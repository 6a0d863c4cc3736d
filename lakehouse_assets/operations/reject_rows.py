"""Read rejected rows, count them by what became of them, and close them.

Elsewhere are the commands (`rejects`), the file in which rows are corrected (`correction_file`), and the replay itself
(`load.retry` reads the rows again in the same job).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.contracts.model import Kind
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.errors import TableMissing
from lakehouse_assets.load.by_hand import CLOSING, Closing, note_closing
from lakehouse_assets.load.ledger import know_closing
from lakehouse_assets.load.soundness import missing
from lakehouse_assets.sql.rejects import open_where, selected_where
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from lakehouse_assets.engines.protocol import Guard

STATUSES = ("open", "replayed", "corrected", "superseded", "closed")
Grouping = Literal["code", "file"]

JSON_COLUMNS = ("fields", "parsed")
"""These columns of the rejects hold an object of JSON as text."""
ROW_KINDS: tuple[Kind, ...] = ("reader", "row", "reference")
BATCH_ROWS = 5_000
"""How many rows are Python values at once."""

Row = Mapping[str, Any]
Selection = Mapping[str, str]
"""Says which rows are meant: any of code, file, run."""


@dataclass(frozen=True)
class Rejects:
    """Read the rejected rows of one pipeline in one lake; all rows stay in an engine, or go by one after the other.

    Attributes:
        pipeline: its name.
        lake: where the rows are.
        limits: memory, threads and spill of `DuckEngine`, where they are not its own.
    """

    pipeline: str
    lake: Lake
    limits: Mapping[str, Any] = field(default_factory=dict)

    def contract(self, kind: str = "rejects") -> Contract:
        """Return the contract of the table of rejects, or of another control table."""
        return contracts(self.pipeline)[control_name(self.pipeline, kind)]

    @contextmanager
    def engine(self, *kinds: str) -> Iterator[DuckEngine]:
        """Open an engine that shows these control tables, beside the rejects, under their catalog names.

        Raises:
            TableMissing: the lake has no such table yet.
        """
        engine = DuckEngine(self.lake, **self.limits)
        try:
            for contract in map(self.contract, ("rejects", *kinds)):
                self.show(engine, relation_of(contract.catalog_name), contract)
            yield engine
        finally:
            engine.close()

    def show(self, engine: DuckEngine, name: str, contract: Contract, version: int | None = None) -> None:
        """Show a table under a name, as it is or as it was; unlike `attach` this makes none.

        Raises:
            TableMissing: there is none.
        """
        engine.show_files(name, contract, self.lake.delta_files(contract, self._table(contract, version)))

    def version(self) -> int:
        """Return the version of the table of rejects.

        Raises:
            TableMissing: the lake has none yet.
        """
        return self._table(self.contract()).version()

    def _table(self, contract: Contract, version: int | None = None) -> DeltaTable:
        """Open a table.

        Raises:
            TableMissing: there is none yet.
            TableDamaged: it is lost, although runs have written it.
        """
        try:
            return self.lake.delta(contract, version)
        except TableMissing:
            raise missing(contracts(self.pipeline), self.pipeline, self.lake, contract) from None

    def open_rows(self, engine: DuckEngine, selection: Selection, columns: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield the open rows of a selection, ordered by file and line.

        Args:
            engine: as `engine` opens it.
            selection: which rows.
            columns: of the table, in their order.
        """
        select = f"SELECT {', '.join(columns)} FROM {self.contract().catalog_name}"
        return rows_of(engine, f"{select} WHERE {open_where(dict(selection))} ORDER BY file, line, etag")

    def open_count(self, engine: DuckEngine, selection: Selection) -> dict[str, int]:
        """Count the open rows of a selection by dataset."""
        select = f"SELECT dataset, count(*) AS n FROM {self.contract().catalog_name}"
        return {r["dataset"]: r["n"] for r in engine.rows(f"{select} WHERE {open_where(dict(selection))} GROUP BY 1")}

    def counts(self, selection: Selection) -> list[dict[str, Any]]:
        """Count the rows of a selection, open or not, by dataset, file, codes and status."""
        by = "dataset, file, codes, status"
        with self.engine() as engine:
            select = f"SELECT {by}, count(*) AS n FROM {self.contract().catalog_name}"
            return engine.rows(f"{select} WHERE {selected_where(selection)} GROUP BY {by} ORDER BY {by}")

    def close(self, selection: Selection, reason: str, guard: Guard) -> int:
        """Close the open rows of a selection for a reason, in one commit, and return how many they were.

        It is noted before, so that rejects that are made anew are closed again.

        Raises:
            TableMissing: the lake has no table of rejects yet.
            CommitConflict, FenceLost: somebody else writes; nothing was closed.
        """
        contract, at = self.contract(), datetime.now(UTC)
        with self.engine() as engine:
            count = sum(self.open_count(engine, selection).values())
        if not count:
            return 0
        closing = Closing(f"{CLOSING}-{uuid4()}", at.replace(tzinfo=None), dict(selection), reason, count)
        note_closing(self.lake, self.pipeline, closing)
        know_closing(self.contract("run_ledger"), self.lake, closing, guard)
        values: dict[str, str | datetime] = {"status": "closed", "reason": reason, "replayed_at": at}
        return delta.update(contract, self.lake.delta(contract), open_where(dict(selection)), values, guard)

    def columns(self, datasets: Iterable[str]) -> list[str]:
        """Return the landing columns of these datasets, each once."""
        known = contracts(self.pipeline)
        names = [column.name for dataset in sorted(set(datasets)) for column in known[f"landing.{dataset}"].columns]
        return list(dict.fromkeys(names))

    def csv_columns(self) -> dict[str, list[str]]:
        """Return the landing columns of each dataset whose records are lines of CSV."""
        known = contracts(self.pipeline).items()
        return {c.name: [one.name for one in c.columns] for _, c in known if c.layer == "landing" and c.format == "csv"}

    def pending(self) -> list[dict[str, Any]]:
        """Count the rows that wait for a parent by dataset, file and codes, with when the first of them came (UTC)."""
        by = "dataset, file, codes"
        with self.engine("pending") as engine:
            select = f"SELECT {by}, count(*) AS n, min(first_seen) AS first_seen"
            return engine.rows(f"{select} FROM {self.contract('pending').catalog_name} GROUP BY {by} ORDER BY {by}")

    def codes(self) -> set[str]:
        """Return every code that a rejected row can carry; a code that only warns stands beside one that rejects."""
        known = contracts(self.pipeline).values()
        return {rule.code for contract in known for rule in contract.rules_of(*ROW_KINDS)}


def rows_of(engine: DuckEngine, sql: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query, some at a time."""
    for batch in engine.batches(sql, BATCH_ROWS):
        yield from batch.to_pylist()


def plain(row: Row) -> dict[str, Any]:
    """Return a row as JSON holds it: moments as `lakehouse sql` writes them, texts that are JSON as what they say."""
    import orjson

    from lakehouse_assets.operations.answers import json_value

    read = {name: orjson.loads(row[name]) for name in JSON_COLUMNS if row.get(name)}
    return {name: json_value(value) for name, value in row.items()} | read


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
