"""Say before a silver table is restored which rows would lose their parents: their check stops every run after that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.contracts.checks import assertion_sql
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.load.failing import failing
from lakehouse_assets.storage.lake import Lake


@dataclass(frozen=True)
class Orphans:
    """Hold a check that would stop every run, of which table it is, and how many rows it would find."""

    table: Contract
    check: Rule
    rows: int


def orphans_of(lake: Lake, known: Mapping[str, Contract], restored: Contract, files: Sequence[str]) -> Orphans | None:
    """Return the first check of parents that finds more rows once a table holds other files; None when none does.

    Args:
        lake: where the tables are; nothing is written.
        known: the pipeline's contracts.
        restored: the silver table.
        files: data files that it would hold.
    """
    engine = DuckEngine(lake)
    try:
        for child in (contract for contract in known.values() if contract.layer == "silver"):
            parents = {reference.parent for reference in child.references}
            rules = [rule for rule in child.rules_of("no_orphans") if rule.verdict == "fail"]
            if not rules or restored.catalog_name not in {child.catalog_name, *parents}:
                continue
            for one in (c for c in known.values() if c.catalog_name in {child.catalog_name, *parents}):
                _show(engine, lake, one)
            before = _count(engine, child, rules[0])
            engine.show_files(relation_of(restored.catalog_name), restored, files)
            after = _count(engine, child, rules[0])
            if after > before:
                return Orphans(child, rules[0], after)
    finally:
        engine.close()
    return None


def _show(engine: DuckEngine, lake: Lake, contract: Contract) -> None:
    """Show what a table holds; nothing where there is none yet."""
    table = lake.find_delta(contract)
    files = [] if table is None else lake.delta_files(contract, table)
    engine.show_files(relation_of(contract.catalog_name), contract, files)


def _count(engine: DuckEngine, child: Contract, rule: Rule) -> int:
    return failing(engine.rows, assertion_sql(child, rule))[0]
