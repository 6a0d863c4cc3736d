"""Bring one gold table up to date with silver and with its model, and tell the run ledger.

What is behind its model is built whole, what is not from the values that the ledger says were touched. The version
of the model goes into the commit of the rows, so that a table is never partly of one version and partly of another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.engines.damage import Damage
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.gold import Built, Manner, build
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.engines.slices import Slices
from lakehouse_assets.errors import TableDamaged
from lakehouse_assets.load.ledger import OpenLedger, acknowledge, know_version
from lakehouse_assets.load.model_states import Models, ModelState
from lakehouse_assets.sql.affected import window_values
from lakehouse_assets.sql.model_version import ModelVersion
from lakehouse_assets.sql.models import tables_read

Showing = Callable[[str], DuckEngine]
"""Returns the engine once it shows all tables that a statement reads."""


@dataclass(frozen=True)
class CaughtUp:
    """Hold what became of a gold table.

    Attributes:
        built: its rows and its commit.
        runs: that it has caught up with.
        rebuilt: why it was built whole; empty when it was not.
        window: the values of its window that were built; None when all were.
    """

    built: Built
    runs: tuple[str, ...]
    rebuilt: str
    window: tuple[Any, ...] | None


@dataclass(frozen=True)
class Builder:
    """Say by whom and with what gold is built: the run, its clock, its engine and its fence."""

    run_id: str
    as_of: datetime
    showing: Showing
    guard: Guard


def catch_up(models: Models, name: str, builder: Builder, *, forced: str = "") -> CaughtUp:
    """Build a gold table and say in the ledger what it has caught up with.

    Args:
        models: of its pipeline.
        name: of the table.
        builder: by whom it is built.
        forced: why it is built whole although it is not behind; empty when it is not.

    Raises:
        ContractBreaking: the table has other columns than its contract, and the major version is the same.
        ModelFailed: the engine does not take its SELECT, or fails in it; nothing was changed.
        CommitConflict, FenceLost: somebody else writes; nothing was changed.
    """
    ledger = OpenLedger(models.ledger, models.lake)
    state, by, as_of = models.state(name, ledger), builder.run_id, builder.as_of
    behind, version = ledger.backlog(state.contract), models.held(state.version)
    why = _why(state, version) or forced
    window = None if why or not state.is_there else behind.window
    try:
        built = _built(models, state, window, version, builder)
    except TableDamaged as error:
        if error.facts["table"] != state.contract.catalog_name:
            raise
        # Bytes of its own files that cannot be read: they are not read again, and all of them are replaced.
        why, window = str(error.facts["problem"]), None
        built = _built(models, replace(state, damage=Damage(why)), window, version, builder)
    acknowledge(models.ledger, models.lake, state.contract, behind.runs, by, as_of, builder.guard)
    if state.built is None or state.built.code != version.code:
        know_version(models.ledger, models.lake, state.contract, version.code, by, as_of, builder.guard)
    return CaughtUp(built, behind.runs, why, window)


def _why(state: ModelState, held: ModelVersion) -> str:
    """Say why a table is behind; a table that it reads and that is behind itself has not changed yet.

    Args:
        state: of the table.
        held: its version for what the tables that it reads hold now.
    """
    if state.why is None or state.built is None or state.damage is not None:
        return state.why or ""
    behind = [name for name, code in held.read.items() if state.version.read[name] != code]
    return state.version.differs(state.built, behind)


def _built(
    models: Models, state: ModelState, window: tuple[Any, ...] | None, version: ModelVersion, builder: Builder
) -> Built:
    gold, select = state.contract, models.selects[state.contract.catalog_name]
    slices = Slices(window_values(gold, models.known.values()))
    for values in slices.values if window is None else ():
        builder.showing(values)
    stored = stored_tables(models.known.values())
    read = {name: stored[name] for name in tables_read(select) if name in stored}
    manner = Manner(version.text, may_reshape=state.may_reshape, slices=slices, damage=state.damage, sources=read)
    return build(builder.showing(select), gold, select, window, builder.guard, manner)
