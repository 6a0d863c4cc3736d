"""Decide what becomes of every row that broke no rule: it waits, or it is older, new, changed or unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.load.stage import split_codes
from lakehouse_assets.load.state import TableLoad
from lakehouse_assets.sql import silver, versions

SMALL_RUN_FACTOR = 4
"""A run this many times smaller than silver is worth a look at which dates hold its keys."""


def find_orphans(table: TableLoad, loads: list[TableLoad], coming: Mapping[str, str], engine: Engine) -> None:
    """Look for the parents that rows name; a rejected row whose parent is missing carries that code too.

    Args:
        table: the table whose rows are looked at.
        loads: the silver tables of this load; a parent may come with it.
        coming: catalog names of reference tables -> the relation that holds what they hold after this load.
        engine: where the relations of these tables are.
    """
    found = []
    for number, rule in enumerate(table.contract.rules_of("reference")):
        if rule.reference is None:
            continue
        parent = next((p for p in loads if p.contract.catalog_name == rule.reference.parent), None)
        relation = f"{table.name}__missing_{number}"
        column, parsed = rule.reference.column, f"{parent.name}__parsed" if parent else None
        held = coming.get(rule.reference.parent, rule.reference.parent)
        sql = silver.missing(table.name, column, held, rule.reference.parent_column, parsed)
        engine.keep(relation, sql)
        found.append(silver.MissingParent(rule.code, column, relation))
    if any(_count(engine, parent.relation) for parent in found):
        table.orphans = found
    table.has_orphaned = bool(table.orphans and table.report.counts.rejected)
    if table.has_orphaned:
        engine.keep(f"{table.name}__orphaned", silver.orphaned(table.name, table.orphans))
        for row in engine.rows(f"SELECT _codes, count(*) AS n FROM {table.name}__orphaned GROUP BY _codes"):
            table.report.rejects.update(dict.fromkeys(split_codes(row["_codes"]), row["n"]))


def set_aside(table: TableLoad, engine: Engine, limit: datetime) -> None:
    """Set aside rows that wait for a parent and rows that are older versions of a key."""
    if table.orphans:
        _set_waiting_aside(table, engine, limit)
    _set_superseded_aside(table, engine)


def _set_superseded_aside(table: TableLoad, engine: Engine) -> None:
    """Set aside the older versions of a key that comes more than once; keys that rise from row to row cannot."""
    contract, name = table.contract, table.name
    if len(contract.key) == 1 and engine.is_rising(versions.keys(contract, table.excluded)):
        return
    engine.keep(f"{name}__repeated", versions.repeated(contract, table.excluded))
    if _count(engine, f"{name}__repeated"):
        engine.keep(f"{name}__superseded", versions.superseded(contract, table.excluded))
        table.excluded.append(f"{name}__superseded")
        table.report.counts.superseded += _count(engine, f"{name}__superseded")


def _set_waiting_aside(table: TableLoad, engine: Engine, limit: datetime) -> None:
    """Set aside rows without a parent: as pending, or as rejects once they have waited long enough."""
    name = f"{table.name}__waiting"
    sql = silver.waiting(table.name, table.contract.landing, table.orphans)
    engine.keep(name, sql, {"limit": limit})
    table.excluded.append(name)
    counted = f"SELECT _expired, _codes, count(*) AS n FROM {name} GROUP BY _expired, _codes"
    for row in engine.rows(counted):
        if row["_expired"]:
            table.report.counts.rejected += row["n"]
            table.report.rejects.update(dict.fromkeys(split_codes(row["_codes"]), row["n"]))
        else:
            table.report.counts.pending += row["n"]


def detect_changes(table: TableLoad, engine: Engine) -> None:
    """Compare the latest versions with silver, so that the merge gets changed rows only."""
    contract, counts, name = table.contract, table.report.counts, table.name
    valid = _count(engine, silver.valid(name, table.excluded)) if table.excluded else table.clean
    # Versions that come at once are compared with each other, and so also where silver holds nothing yet.
    if not table.was_empty or contract.versions:
        _compare(table, engine, valid)
    if table.all_new:
        engine.view(f"{name}__changed", versions.changed(contract, table.excluded, all_new=True))
        counts.inserted = valid
    counts.valid = counts.inserted + counts.updated + counts.unchanged


def _compare(table: TableLoad, engine: Engine, valid: int) -> None:
    """Find the rows that silver lacks or holds otherwise; an older version than silver's is superseded."""
    contract, counts, name = table.contract, table.report.counts, table.name
    bounds = _bounds(table, engine, valid)
    if not bounds["all"] and not bounds["held"]:
        return
    table.all_new = False
    differing, new = _find_candidates(table, engine, bounds)
    counts.unchanged, counts.inserted = valid - differing, new
    if differing > new:
        engine.keep(f"{name}__compared", versions.compared(contract), bounds)
        engine.keep(f"{name}__resolved", versions.resolved(contract))
        found = {r["_verdict"]: r["n"] for r in engine.rows(versions.verdicts(name, "resolved"))}
        counts.updated, counts.superseded = found.get("update", 0), counts.superseded + found.get("stale", 0)
        engine.keep(f"{name}__changed", versions.changed(contract, table.excluded, all_new=False))
    elif new:
        only_new = f"SELECT a.* FROM ({versions.changed(contract, table.excluded, all_new=True)}) AS a"
        engine.view(f"{name}__changed", f"{only_new} JOIN {name}__candidates AS d ON d._row = a._row")


def _find_candidates(table: TableLoad, engine: Engine, bounds: Mapping[str, Any]) -> tuple[int, int]:
    """Find the rows that silver lacks or holds otherwise; return how many there are, and how many silver lacks."""
    contract, name = table.contract, table.name
    if not contract.versions:
        engine.keep(f"{name}__differing", versions.differing(contract, table.excluded), bounds)
        if not _count(engine, f"{name}__differing"):
            return 0, 0
    engine.keep(f"{name}__candidates", versions.candidates(contract, table.excluded), bounds)
    (found,) = engine.rows(f"SELECT count(*) AS n, count(CASE WHEN _new THEN 1 END) AS new FROM {name}__candidates")
    return int(found["n"]), int(found["new"])


def _bounds(table: TableLoad, engine: Engine, valid: int) -> dict[str, Any]:
    """Return the dates that silver holds for this run's keys; they are not asked for when the run is about as large.

    A table without a date column is compared whole, and so is one where there are too many dates to list.
    """
    if not table.contract.date_column or valid * SMALL_RUN_FACTOR > engine.held_rows(table.contract):
        return {"all": True, "held": ()}
    held = [row["held"] for row in engine.rows(versions.held_dates(table.contract, table.excluded))]
    if len(held) > versions.MAX_DATES:
        return {"all": True, "held": ()}
    return {"all": False, "held": tuple(held)}


def _count(engine: Engine, relation: str) -> int:
    return int(engine.rows(f"SELECT count(*) AS n FROM {relation} AS counted")[0]["n"])
