"""Erase a person: in what landed and is kept, in the tables of the load, in gold, and in every older version of them.

The order makes it safe to be killed and begun again: what says that something is theirs goes after it. Tables and
files are looked through first, which gives the keys of their rows. Then rows beside silver go, which only a rejected
parent in its file may tell of; texts, in which only those keys may stand; records in files, and, once gold is told to
look at everything, silver's rows, both children before their parents. Gold is built from what is left, and what older
versions held is deleted last: a note in the lake says from the first change on that this is still to be done.

Done again, it finds nothing, and ends what was left undone. Where nobody is found and nothing was left undone, nothing
is changed: time travel stays.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from lakehouse_assets.contracts.layers import silver_tables, stored_tables
from lakehouse_assets.engines.binding import words
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.engines.purge import purge
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.load.by_hand import FORGET
from lakehouse_assets.load.forget_asked import Forget, Forgotten, count, scrub_of
from lakehouse_assets.load.forget_beside import erase_beside
from lakehouse_assets.load.forget_files import erase_files, look_in_files
from lakehouse_assets.load.forget_texts import FOLDERS, READ, forget_texts, left_over
from lakehouse_assets.load.forget_unfinished import begin, end, is_unfinished
from lakehouse_assets.load.gold import Builder, catch_up
from lakehouse_assets.load.ledger import announce_everything
from lakehouse_assets.load.model_states import models_of
from lakehouse_assets.sql import forget as statements
from lakehouse_assets.sql.models import tables_read

__all__ = ["Forget", "Forgotten", "forget"]


def forget(asked: Forget) -> Forgotten:
    """Erase, or count, what is theirs.

    Raises:
        BadRequest: no table has the columns of the condition, or the engine does not take it.
        RecordShared: a record of a page holds rows of others, too; what came before it is erased.
        CommitConflict, FenceLost: somebody else writes; what was erased stays erased.
    """
    store = asked.lake.store
    done = Forgotten(is_resumed=is_unfinished(store, asked.pipeline))
    noting = replace(asked, guard=_noting(asked))
    _erase_what_is(noting, done)
    if done.is_somebody:
        _forget_older(noting, done)
    if not asked.dry_run:
        done.left = left_over(store, asked.pipeline, scrub_of(asked, done))
        end(store, asked.pipeline)
    return done


def _noting(asked: Forget) -> Guard:
    """Return a guard that notes, before the first change of all, that an erasure has begun."""
    is_noted = False

    def guard() -> None:
        nonlocal is_noted
        asked.guard()
        if not is_noted:
            begin(asked.lake.store, asked.pipeline)
            is_noted = True

    return guard


def _erase_what_is(asked: Forget, done: Forgotten) -> None:
    """Erase what names them now, or count it."""
    engine = asked.open_engine()
    try:
        _find(asked, engine, done)
        found = look_in_files(asked, engine, done)
        erase_beside(asked, engine, done)
        scrub = scrub_of(asked, done)
        done.pieces = forget_texts(asked.lake.store, asked.pipeline, scrub, asked.guard, dry_run=asked.dry_run)
        asked.tell("looking through the history of runs")
        done.history = asked.history(scrub)
        if not asked.dry_run:
            erase_files(asked, found)
            _erase_silver(asked, engine, done)
    finally:
        engine.close()


def _forget_older(asked: Forget, done: Forgotten) -> None:
    """Build gold from what is left, and delete what older versions of tables and objects hold, or count it."""
    if not asked.dry_run:
        _build_gold(asked)
    for name, contract in stored_tables(asked.known.values()).items():
        asked.tell(f"older versions of {name}")
        done.old_files[name] = purge(contract, asked.lake, asked.guard, dry_run=asked.dry_run)
    if not asked.dry_run:
        _forget_versions(asked, done)


def _forget_versions(asked: Forget, done: Forgotten) -> None:
    """Delete what a versioned bucket keeps of objects that were deleted or replaced."""
    tables = [f"{asked.lake.key(contract)}/" for contract in stored_tables(asked.known.values()).values()]
    for prefix in (*tables, *(folder.format(asked.pipeline) for folder in (*FOLDERS, *READ))):
        asked.tell(f"older versions of objects in {prefix}")
        asked.guard()
        done.versions += asked.lake.store.forget_old(prefix)


def _find(asked: Forget, engine: DuckEngine, done: Forgotten) -> None:
    """Show tables and keep the keys of their rows."""
    import duckdb

    for contract in silver_tables(asked.known):
        engine.attach(contract)
    for step in asked.steps:
        asked.tell(f"looking in {step.contract.name}")
        try:
            engine.keep(step.relation, statements.in_silver(step))
        except duckdb.Error as error:
            raise BadRequest(
                message=f"--where is refused: {words(error, stored_tables(asked.known.values()))}"
            ) from error
        done.rows[step.contract.catalog_name] = count(engine, step.relation)


def _erase_silver(asked: Forget, engine: DuckEngine, done: Forgotten) -> None:
    """Erase their rows, children first, once gold was told to look at everything."""
    steps = [step for step in reversed(asked.steps) if done.rows[step.contract.catalog_name]]
    if steps:
        announce_everything(
            asked.controls["run_ledger"], asked.lake, f"{FORGET}-{uuid4()}", datetime.now(UTC), asked.guard
        )
    for step in steps:
        asked.tell(f"erasing in {step.contract.name}")
        engine.attach(step.contract)
        keys = ", ".join(f'k."{name}"' for name in step.contract.key)
        engine.delete(step.contract, f"SELECT DISTINCT {keys} FROM {step.relation} AS k", asked.guard)


def _build_gold(asked: Forget) -> None:
    """Bring gold up to date with what is left."""
    models, engine = models_of(asked.pipeline, asked.lake), asked.open_engine()
    stored = stored_tables(asked.known.values())

    def showing(sql: str) -> DuckEngine:
        for name in tables_read(sql):
            engine.show(stored[name])
        return engine

    try:
        for name, state in models.states().items():
            if state.is_there:
                asked.tell(f"building {name}")
                catch_up(models, name, Builder(f"{FORGET}-{uuid4()}", datetime.now(UTC), showing, asked.guard))
    finally:
        engine.close()
