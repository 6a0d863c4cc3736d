"""Try a rule on the rows that a silver table holds, on the embedded engine; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.engines.binding import words
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql import trial
from lakehouse_assets.storage.lake import Lake


@dataclass(frozen=True)
class Trial:
    """Hold what a rule would do: rows looked at, rows that break it, and some of these as typed values by column."""

    seen: int
    broken: int
    rows: list[dict[str, Any]]

    @property
    def share(self) -> float:
        """Return the share of rows that break the rule, 0 to 1; 0 of an empty table."""
        return self.broken / self.seen if self.seen else 0.0


def try_rule(lake: Lake, contract: Contract, rule: Rule, *, limit: int, zone: str) -> Trial:
    """Judge the rows of a silver table by one rule.

    Args:
        lake: where the table is.
        contract: the table.
        rule: of kind row.
        limit: how many rows that break it are returned.
        zone: the source time zone.

    Raises:
        TableMissing: the table is not there (yet).
        BadRequest: the predicate is no SQL, names a column that there is not, or one that cannot be tried.
        UnportableSql: it uses what does not mean the same on every engine.
    """
    import duckdb

    problem = trial.problem_of(contract, rule)
    if problem:
        raise BadRequest(message=problem)
    files = lake.delta_files(contract, lake.delta(contract))
    engine = DuckEngine(lake, zone=zone)
    try:
        engine.show_files(relation_of(contract.catalog_name), contract, files)
        engine.view("__raw", trial.as_raw(contract))
        require_conditions(engine, [rule])
        (counts,) = engine.rows(trial.counted(contract, rule))
        rows = engine.rows(trial.shown(contract, rule, limit)) if counts["broken"] and limit else []
    except duckdb.Error as error:
        hint = trial.text_hint(contract, rule)
        raise BadRequest(message=f"the predicate is refused: {words(error, ())}{hint}") from error
    finally:
        engine.close()
    return Trial(int(counts["seen"]), int(counts["broken"]), rows)


def require_conditions(engine: DuckEngine, rules: Iterable[Rule]) -> None:
    """Refuse rules that are true or false only because this engine takes numbers for that; others do not.

    Args:
        engine: it has `__raw`, see `sql/trial.py`.
        rules: of kind row.

    Raises:
        BadRequest: a predicate gives something else.
    """
    import pyarrow as pa

    # A type is the same in every zone; by itself, a predicate on a local date is a statement of 50 MB in most of them.
    plain = DuckEngine(engine.lake)
    try:
        plain.register("__raw", engine.arrow("SELECT * FROM __raw LIMIT 0"))
        for rule in rules:
            given = plain.arrow(f"SELECT q.p FROM ({trial.alone(rule)}) AS q LIMIT 0").schema.field(0).type
            if not (pa.types.is_boolean(given) or pa.types.is_null(given)):
                told = f"a rule says when a row breaks it, which is true or false; this one gives {given}"
                raise BadRequest(message=told)
    finally:
        plain.close()
