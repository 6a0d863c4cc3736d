"""Write and read the run ledger, which has one row per run and table.

Silver's rows say what a run touched, gold's say which runs and which version of its model a gold table has caught up
with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.affects import touched_columns
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.load.by_hand import BY_HAND, Closing
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.load.report import COUNTS, Affected
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from lakehouse_assets.load.state import LoadInput, TableLoad

ALL_TABLES = "(silver)"
"""Table name in the ledger row that says what a run touches; that row is written before any table of the run."""


class Ledger:
    """Write the ledger rows of one load."""

    def __init__(self, work: LoadInput) -> None:
        self._work = work
        self._table = ControlTable(work.controls["run_ledger"], work.lake)
        self._table.ensure()

    @property
    def windows(self) -> tuple[str, ...]:
        """Return the names of the pipeline's windows, in the order of the ledger's columns."""
        return tuple(touched_columns(self._table.contract))

    def plan(self, touched: Affected, guard: Guard) -> None:
        """Write what the run is about to touch; called before its first merge when it changes anything.

        A run may load twice, when a step of it is tried or executed again. What its earlier try merged is unchanged
        by now and yet touched, and gold must look again at a run that it has acknowledged already.
        """
        earlier = self._table.read(f"run_id = {literal(self._work.manifest.run_id).sql('duckdb')}").to_pylist()
        known = [row for row in earlier if row["kind"] == "acknowledgement"]
        self._table.remove(self._table.rows(known).select(list(self._table.contract.key)), guard)
        facts = {f"touched_{w}": _union(values, f"touched_{w}", earlier) for w, values in touched.items()}
        self._write([self._row(ALL_TABLES, "touched", "planned") | facts], guard)

    def close(self, loads: list[TableLoad], guard: Guard) -> None:
        """Write every table's counts; called after the last merge."""
        self._write([self._row(t.name, "load", "done") | asdict(t.report.counts) for t in loads], guard)

    def refuse(self, loads: list[TableLoad], guard: Guard) -> None:
        """Write the counts of a run that is refused for too many rejects; it touched nothing."""
        self._write([self._row(t.name, "load", "refused") | asdict(t.report.counts) for t in loads], guard)

    def _write(self, rows: list[dict[str, Any]], guard: Guard) -> None:
        self._table.sync(
            self._table.rows(rows), guard, compare=["status", *COUNTS, *(f"touched_{w}" for w in self.windows)]
        )

    def _row(self, table: str, kind: str, status: str) -> dict[str, Any]:
        run_id = self._work.manifest.run_id
        return {"run_id": run_id, "table_name": table, "kind": kind, "status": status, "as_of": self._work.as_of}


def _union(values: list[Any] | None, name: str, rows: list[dict[str, Any]]) -> list[Any] | None:
    """Return the values and those that a column of the rows lists, once each; None when any of them means all."""
    lists = [values, *(row[name] for row in rows if row["kind"] == "touched")]
    listed = [some for some in lists if some is not None]
    return sorted({value for some in listed for value in some}) if len(listed) == len(lists) else None


@dataclass(frozen=True)
class Backlog:
    """Hold what a gold table has not caught up with: the runs, and the values of its window (None for everything).

    Without a run there is nothing to look at, so the window is empty then.
    """

    runs: tuple[str, ...]
    window: tuple[Any, ...] | None


@dataclass(frozen=True)
class OpenLedger:
    """Read the run ledger as it is at one moment: it is opened once, however much is asked, and is never written.

    Attributes:
        contract: of the ledger.
        lake: where it is; maybe it has none yet.
    """

    contract: Contract
    lake: Lake

    @cached_property
    def table(self) -> DeltaTable | None:
        """Return the table; None where there is none yet."""
        return self.lake.find_delta(self.contract)

    def rows(self, where: str, columns: str) -> list[Any]:
        """Return rows that meet a predicate, none where there is no ledger yet."""
        if self.table is None:
            return []
        return list(ControlTable(self.contract, self.lake).read(where, columns, self.table).to_pylist())

    def backlog(self, gold: Contract) -> Backlog:
        """Return the runs that touched silver and that the gold table has not acknowledged, with all they touched.

        Args:
            gold: the gold table; its property `window_source` says which touched values are its window. Without one,
                any load means everything, also one that touched nothing but control tables.
        """
        source = gold.window_source
        known = f"SELECT run_id FROM held WHERE kind = 'acknowledgement' AND table_name = '{gold.name}'"
        kinds = "('touched')" if source else "('touched', 'load')"
        columns = f"run_id, {source}" if source else "run_id"
        rows = self.rows(f"kind IN {kinds} AND run_id NOT IN ({known})", columns)
        runs = tuple(sorted({row["run_id"] for row in rows}))
        if rows and (source is None or any(row[source] is None for row in rows)):
            return Backlog(runs, None)
        return Backlog(runs, tuple(sorted({value for row in rows for value in row[source]})))

    def loaded_tables(self) -> set[str]:
        """Return the names of the silver tables that some run has loaded to its end."""
        rows = self.rows("kind = 'load' AND status = 'done'", "DISTINCT table_name")
        return {str(row["table_name"]) for row in rows}

    def caught_up(self) -> dict[str, set[str]]:
        """Return by gold table what it has caught up with: `acknowledgement` for runs, `model` for versions."""
        found: dict[str, set[str]] = {}
        for row in self.rows("kind IN ('acknowledgement', 'model')", "DISTINCT table_name, kind"):
            found.setdefault(row["table_name"], set()).add(row["kind"])
        return found


def backlog(contract: Contract, lake: Lake, gold: Contract) -> Backlog:
    """Return what a gold table has not caught up with by the ledger of this contract; see `OpenLedger.backlog`."""
    return OpenLedger(contract, lake).backlog(gold)


@dataclass(frozen=True)
class Known:
    """Hold what the ledger knows of the past of silver.

    Attributes:
        loaded: runs that have loaded to the end, or were refused for their rejects.
        unfinished: runs that have begun to write silver and have not loaded it to the end.
        closings: of commands that closed rejects by hand, how many rows each of them closed.
    """

    loaded: frozenset[str] = frozenset()
    unfinished: frozenset[str] = frozenset()
    closings: Mapping[str, int] = field(default_factory=dict)


def known(contract: Contract, lake: Lake) -> Known:
    """Return what the ledger knows of the past of silver; nothing where there is no ledger."""
    rows = OpenLedger(contract, lake).rows("kind IN ('touched', 'load', 'closing')", "DISTINCT run_id, kind, rejected")
    of = {kind: {row["run_id"] for row in rows if row["kind"] == kind} for kind in ("touched", "load")}
    unfinished = frozenset(run for run in of["touched"] - of["load"] if not BY_HAND.fullmatch(run))
    closings = {row["run_id"]: int(row["rejected"]) for row in rows if row["kind"] == "closing"}
    return Known(frozenset(of["load"]), unfinished, closings)


def know_closing(contract: Contract, lake: Lake, closing: Closing, guard: Guard) -> None:
    """Say that rejects were closed by hand, and how many; done before they are."""
    table = ControlTable(contract, lake)
    table.ensure()
    row = {"run_id": closing.run_id, "table_name": "rejects", "kind": "closing", "status": "done", "as_of": closing.at}
    table.sync(table.rows([row | {"rejected": closing.rows}]), guard, compare=[])


def announce_everything(contract: Contract, lake: Lake, run_id: str, as_of: datetime, guard: Guard) -> None:
    """Say that everything is about to be touched, so that gold looks at all of silver again."""
    table = ControlTable(contract, lake)
    row = {"run_id": run_id, "table_name": ALL_TABLES, "kind": "touched", "status": "planned"}
    table.sync(table.rows([row | {"as_of": as_of.replace(tzinfo=None)}]), guard, compare=[])


def acknowledge(  # noqa: PLR0913, PLR0917 - one row, all its facts
    contract: Contract, lake: Lake, gold: Contract, runs: Iterable[str], by: str, as_of: datetime, guard: Guard
) -> None:
    """Say that the gold table has caught up with these runs."""
    table = ControlTable(contract, lake)
    rows = [_caught_up(run, gold, "acknowledgement", by, as_of) for run in runs]
    table.sync(table.rows(rows), guard, compare=[])


def know_version(  # noqa: PLR0913, PLR0917 - one row, all its facts
    contract: Contract, lake: Lake, gold: Contract, code: str, by: str, as_of: datetime, guard: Guard
) -> None:
    """Say that the gold table has been built with this version of its model (`ModelVersion.code`)."""
    table = ControlTable(contract, lake)
    rows = table.rows([_caught_up(code, gold, "model", by, as_of)])
    table.sync(rows, guard, compare=["as_of", "acknowledged_by"])


def _caught_up(with_what: str, gold: Contract, kind: str, by: str, as_of: datetime) -> dict[str, Any]:
    return {
        "run_id": with_what,
        "table_name": gold.name,
        "kind": kind,
        "status": "done",
        "as_of": as_of.replace(tzinfo=None),
        "acknowledged_by": by,
    }
