"""Ask the marketing contracts' assertions of a lake, as a run does, and of tables that hold one row more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from lakehouse_assets.contracts.checks import WHOLE, assertion_sql
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.sql.models import levels
from lakehouse_assets_tests.marketing.lake import PACKAGE, Marketing

MODELS = {
    f"affise_data_fusion.{file.stem}": file.read_text("utf-8") for file in Path(str(PACKAGE / "sql")).glob("*.sql")
}
GOLD = tuple(name.partition(".")[2] for level in levels(MODELS) for name in level)
"""Every gold table, in the order in which they are built."""
Failing = dict[str, list[dict[str, Any]]]


@contextmanager
def opened(lake: Marketing) -> Iterator[DuckEngine]:
    """An engine that shows all tables of the lake."""
    engine = lake.query()
    try:
        for name in GOLD:
            engine.show(lake.known[f"gold.{name}"])
        yield engine
    finally:
        engine.close()


def failing(lake: Marketing, engine: DuckEngine, at: datetime, *, blocking: bool | None = None) -> Failing:
    """The rows that each failing check finds, by `table.code`; of all checks, or of those that stop a run or do not."""
    found: Failing = {}
    for contract in lake.known.values():
        for rule in contract.assertions:
            if blocking in {None, rule.verdict == "fail"}:
                rows = engine.rows(assertion_sql(contract, rule), {"as_of": at.replace(tzinfo=None), **WHOLE})
                found |= {f"{contract.name}.{rule.code}": rows} if rows else {}
    return found


def add_row(lake: Marketing, engine: DuckEngine, table: str, changed: Mapping[str, str], where: str = "TRUE") -> None:
    """Let a table show one of its rows once more, with some columns as these expressions say."""
    contract = next(c for c in lake.known.values() if c.name == table and c.layer != "landing")
    engine.keep("held", f"SELECT * FROM {contract.catalog_name}")
    columns = ", ".join(
        f'{changed.get(c.name, f"h.{chr(34)}{c.name}{chr(34)}")} AS "{c.name}"' for c in contract.columns
    )
    names = ", ".join(f'"{c.name}"' for c in contract.columns)
    one = f"SELECT {columns} FROM held AS h WHERE {where} ORDER BY {', '.join(contract.key)} LIMIT 1"
    engine.view(
        relation_of(contract.catalog_name), f"SELECT {names} FROM held UNION ALL SELECT {names} FROM ({one}) AS o"
    )
