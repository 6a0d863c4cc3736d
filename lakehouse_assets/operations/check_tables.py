"""Ask the tables themselves: every check that is a query, of whole tables, as they are now; nothing is written.

What only a load can answer (that its counts add up, what it rejected) is no question to a table and is not asked. Not
here: the latest results of runs (`check_results`), and how results are printed (`check_formats`, `check_html`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from lakehouse_assets.contracts import Contract, Rule, contracts
from lakehouse_assets.contracts.checks import WHOLE, assertion_sql, in_words
from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.engines.connection import limits_of
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.engines.exhaustion import damaged, exhausted
from lakehouse_assets.engines.time_travel import files_at
from lakehouse_assets.errors import LakehouseError, TableMissing
from lakehouse_assets.load.failing import failing
from lakehouse_assets.operations.check_results import CheckState, unreadable
from lakehouse_assets.progress import Progress
from lakehouse_assets.settings import Settings
from lakehouse_assets.sql.models import tables_read
from lakehouse_assets.storage.lake import lake_of

Failing = tuple[int, list[dict[str, Any]]]
"""How many rows a check finds, and the first of them."""


def ask_states(settings: Settings, names: Iterable[str], progress: Progress) -> list[CheckState]:
    """Return the answers to all checks of these pipelines that are queries, sorted by table and name.

    Args:
        settings: whose lake.
        names: of the pipelines.
        progress: where it is said which check is asked.
    """
    names = tuple(names)
    states = [state for name in names for state in _pipeline_states(settings, name, progress)]
    return sorted([*states, *unreadable(settings, names, states)], key=lambda state: (state.table, state.check))


def _pipeline_states(settings: Settings, name: str, progress: Progress) -> list[CheckState]:
    from lakehouse_assets.pipelines import pipeline_of

    zone, now = pipeline_of(name).zone_in(settings), datetime.now(UTC)
    clock: dict[str, Any] = {"as_of": now.replace(tzinfo=None), **WHOLE}
    if settings.target == "aws":
        # What talks to AWS is imported where AWS is the target.
        from lakehouse_assets.operations.athena import rows_of

        rows = rows_of(settings, zone)
        return _states(name, progress, _Asked(lambda sql: failing(lambda one: rows(one, clock), sql), now))
    engine = DuckEngine(lake_of(settings), zone=zone, **limits_of(settings))
    try:
        tables = _Tables(engine, stored_tables(contracts(name).values()), clock)
        return _states(name, progress, _Asked(tables.failing, now))
    finally:
        engine.close()


def _states(name: str, progress: Progress, asked: _Asked) -> list[CheckState]:
    found = []
    for contract, rule in _asked(contracts(name).values()):
        progress.doing(f"checking {contract.name}.{rule.code}")
        found.append(asked.state(contract, rule))
    return found


def _asked(known: Iterable[Contract]) -> list[tuple[Contract, Rule]]:
    """Return the checks that are queries: assertions, and the set rules that a load asks of its tables."""
    return [(contract, rule) for contract in known for rule in (*contract.rules_of("load"), *contract.assertions)]


@dataclass(frozen=True)
class _Asked:
    """Answer checks: `failing` counts the rows that a statement finds and returns the first of them."""

    failing: Callable[[str], Failing]
    now: datetime

    def state(self, contract: Contract, rule: Rule) -> CheckState:
        """Return the answer to one check."""
        from lakehouse_assets.graph.metadata import asset_key

        sql = assertion_sql(contract, rule)
        severity = "WARN" if rule.verdict == "warn" else "ERROR"
        blocking = rule.verdict == "fail"
        table = "/".join(asset_key(contract).path)
        state = CheckState(table, rule.code, "never run", rule.description, blocking, severity=severity)
        facts: dict[str, Any] = {"at": self.now, "sql": sql}
        try:
            count, rows = self.failing(sql)
        except TableMissing:
            return state
        except LakehouseError as error:
            return CheckState(**asdict(state) | facts | {"status": "errored", "description": str(error)})
        sample = [{name: "NULL" if value is None else str(value) for name, value in row.items()} for row in rows]
        facts |= {"passed": not count, "failing": count, "sample": sample}
        facts["description"] = in_words(rule, sample) or rule.description
        return CheckState(**asdict(state) | facts | {"status": "failed" if count else "passed"})


@dataclass
class _Tables:
    """Ask the tables of a pipeline on the embedded engine; each is opened at its first read, and none is made."""

    engine: DuckEngine
    stored: dict[str, Contract]
    clock: dict[str, Any]
    shown: set[str] = field(default_factory=set)

    def failing(self, sql: str) -> Failing:
        """Count the rows that a statement finds, and return the first of them.

        Raises:
            TableMissing: a table that it reads is not there yet.
            LakehouseError: it cannot be read, or memory or disk are too small.
        """
        used = tables_read(sql)
        try:
            for name in (table for table in used if table not in self.shown):
                contract = self.stored[name]
                files = files_at(contract, self.engine.lake, None)
                self.engine.show_files(relation_of(name), contract, files.rows, deletes=files.deletes)
                self.shown.add(name)
            return failing(lambda statement: self.engine.rows(statement, self.clock), sql)
        except duckdb.Error as error:
            known = exhausted(error) or damaged(error, used)
            if known is None:
                raise
            raise known from error
