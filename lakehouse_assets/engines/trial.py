"""Try a rule on the rows that a silver table holds, on the embedded engine; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.engines.awkward import awkward_rows
from lakehouse_assets.engines.binding import words
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.engines.fitting import is_of_a_value, value_words
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql import trial
from lakehouse_assets.storage.lake import Lake

ROOM = (
    "read text by TRY_CAST or a parse_* macro, which give NULL for what they cannot read, and give numbers room by a "
    "CAST to BIGINT or DECIMAL(38, 0)"
)
"""Says what to write in the place of what fails on a value."""


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
    """Refuse rules that are neither true nor false where other engines judge, and those that fail on some text.

    This engine takes numbers for true and false; others do not.

    Args:
        engine: it has `__raw`, see `sql/trial.py`.
        rules: of kind row.

    Raises:
        BadRequest: a predicate gives something else, or fails on a value.
    """
    import duckdb
    import pyarrow as pa

    # A type is the same in every zone; by itself, a predicate on a local date is a statement of 50 MB in most of them.
    plain = DuckEngine(engine.lake)
    try:
        plain.register("__raw", awkward_rows(engine.arrow("SELECT * FROM __raw LIMIT 0").schema))
        for rule in rules:
            try:
                given = plain.arrow(trial.alone(rule)).schema.field(0).type
            except duckdb.Error as error:
                if not is_of_a_value(error):
                    raise
                raise BadRequest(message=f"it fails on values that may land: {value_words(error)}; {ROOM}") from error
            if not (pa.types.is_boolean(given) or pa.types.is_null(given)):
                told = f"a rule says when a row breaks it, which is true or false; this one gives {given}"
                raise BadRequest(message=told)
    finally:
        plain.close()
