"""Say which parents rows wait for, by key, and which known key each of these may have meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import silver_tables
from lakehouse_assets.contracts.model import Rule
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.errors import TableMissing
from lakehouse_assets.load.hints import LISTED
from lakehouse_assets.load.stage import split_codes
from lakehouse_assets.sql import silver

if TYPE_CHECKING:
    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.operations.reject_rows import Rejects


@dataclass(frozen=True)
class WaitedFor:
    """Hold a parent that rows wait for.

    Attributes:
        code: of the rule that asks for it.
        key: as the rows name it.
        rows: how many do.
        known: a key that is there and looks alike; None where there is none.
    """

    code: str
    key: str
    rows: int
    known: str | None


def waited_for(rejects: Rejects) -> list[WaitedFor]:
    """Return, of each reference, the parents that most rows wait for, ten at most.

    Raises:
        TableMissing: the lake has no control tables yet.
    """
    known = contracts(rejects.pipeline)
    with rejects.engine("pending") as engine:
        return [
            WaitedFor(rule.code, row["named"], int(row["n"]), row["known"])
            for contract in silver_tables(known)
            for rule in contract.rules_of("reference")
            for row in _rows(rejects, engine, contract, rule)
        ]


def of_codes(named: Iterable[WaitedFor], codes: str) -> list[dict[str, Any]]:
    """Return the parents of some codes, with commas between these, as JSON holds them."""
    return [asdict(one) for one in named if one.code in split_codes(codes)]


def _rows(rejects: Rejects, engine: DuckEngine, contract: Contract, rule: Rule) -> Iterator[dict[str, Any]]:
    reference = rule.reference
    source = {column.name: column.source for column in contract.columns}
    if reference is None or reference.column not in contract.identifiers or source[reference.column] is None:
        return
    tables = {one.catalog_name: one for one in contracts(rejects.pipeline).values() if one.layer != "landing"}
    parent = tables[reference.parent]
    try:
        rejects.show(engine, relation_of(parent.catalog_name), parent)
    except TableMissing:
        return
    pending = rejects.contract("pending").catalog_name
    named = silver.waiting_keys(pending, str(contract.landing), rule.code, str(source[reference.column]))
    yield from engine.rows(silver.most_waited_for(named, reference.parent, reference.parent_column, LISTED))
