"""Say which parent a waiting row may have meant: one that is there and whose key looks alike."""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.load.state import TableLoad
from lakehouse_assets.sql import silver

LISTED = 10
"""Limits the keys that are hinted at for one reference; whoever mends them sees what the others have in common."""


def hints(table: TableLoad, loads: list[TableLoad], coming: Mapping[str, str], engine: Engine) -> list[str]:
    """Return a sentence for each parent that rows of the table wait for and that is there under a key like it.

    Args:
        table: whose rows wait.
        loads: as of `classify.find_orphans`, which found the missing parents.
        coming: likewise.
        engine: likewise.
    """
    if not table.report.counts.pending:
        return []
    relations = {missing.code: missing.relation for missing in table.orphans}
    found = []
    for rule in table.contract.rules_of("reference"):
        reference = rule.reference
        if reference is None or reference.column not in table.contract.identifiers or rule.code not in relations:
            continue
        parent = next((p for p in loads if p.contract.catalog_name == reference.parent), None)
        held, parsed = coming.get(reference.parent, reference.parent), f"{parent.name}__parsed" if parent else None
        sql = silver.near_misses(relations[rule.code], held, reference.parent_column, parsed, LISTED)
        words = (
            f"{table.name}: {rule.code}: `{{}}` is not there, but `{{}}` is in {reference.parent.rpartition('.')[2]}"
        )
        found += [words.format(shown(row["named"]), shown(row["known"])) for row in engine.rows(sql)]
    return found


def shown(text: str) -> str:
    r"""Write a text so that everything in it is seen: what nobody sees as its number.

    >>> shown("104\u00a0"), shown("x\ty"), shown("é 1")
    ('104\\u00a0', 'x\\u0009y', 'é 1')
    """
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
