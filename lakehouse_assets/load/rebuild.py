"""Make silver, pending rows and rejects anew from the archive, and prove that they are what they were.

Every load of the past is done again, in the order of commits and with its own clock, into a lake beside (`redo`). What
each of them counts has to be what it counted then, and tables that can still be read have to hold the same rows, but
for those that were restored by hand. Only then does a table that is lost or damaged get its rows, in one commit each;
one that can be read is written over only where it is named. Killed in between, it can be done again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import silver_tables
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.damage import Damage
from lakehouse_assets.engines.delta_commit import commit_to
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.spoilt_files import spoilt
from lakehouse_assets.errors import BadRequest, RebuildRefused, TableMissing
from lakehouse_assets.load.by_hand import REBUILD, TableRestore, restores
from lakehouse_assets.load.history import History, PastLoad
from lakehouse_assets.load.ledger import Known, announce_everything, known
from lakehouse_assets.load.redo import Closings, Progress, Redo, closings_of, redo
from lakehouse_assets.load.soundness import unsound
from lakehouse_assets.storage.lake import Lake, open_lake

if TYPE_CHECKING:
    from deltalake import DeltaTable

SHOWN = 10
"""How many files or differences a refusal names."""
MADE, SAME, LEFT = "made anew", "as it was", "left as it is"
"""Say what a rebuild did with a table: wrote it, found the same rows in it, or left other rows in it."""


@dataclass(frozen=True)
class Rebuild:
    """Say which silver is made anew, and with what.

    Attributes:
        redo: whose loads are done again, and where.
        accepts: whether lost tables are made anew also where not all is what it was, and without missing files.
        named: bare names of tables that are made anew although they can be read, whatever they hold.
    """

    redo: Redo
    accepts: bool = False
    named: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rebuilt:
    """Hold what came of it.

    Attributes:
        loads, files: how many were done again.
        differences: what is not as it was, and was accepted.
        notes: what is not as it was for a known reason, such as a restore.
        tables: of each table how many rows it holds, and what was done with it.
    """

    loads: int
    files: int
    differences: tuple[str, ...]
    notes: tuple[str, ...]
    tables: dict[str, tuple[int, str]]


@dataclass
class Compared:
    """Gather which tables are written, which are left with other rows, and what is not as it was.

    Attributes:
        due, left: tables.
        differences: what stops a rebuild that does not accept it.
        notes: what has a known reason.
    """

    due: list[Contract] = field(default_factory=list)
    left: list[Contract] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def rebuild(asked: Rebuild, progress: Progress) -> Rebuilt:
    """Do all loads of the past again, compare, and write the tables that are lost or damaged, or named.

    Raises:
        BadRequest: a table is named that there is not.
        RebuildRefused: runs or files of the past are nowhere any more, or something is not what it was; nothing was
            written.
        CommitConflict, FenceLost: somebody else writes; tables that were written before stay, and are right.
    """
    of, controls = asked.redo, asked.redo.controls
    _require_names(asked)
    broken, ledger = _broken(of), controls["run_ledger"]
    seen = Known() if ledger in broken else known(ledger, of.lake)
    history = History(of.pipeline, of.lake, seen, damaged={})
    past, closed = history.loads(), closings_of(of, seen, are_held=controls["rejects"] not in broken)
    gone = [*_spoilt(history), *_gone(history.missing_runs(), past, closed)]
    if not past:
        gone = gone or ["there is no load in `runs` that could be done again"]
    if gone and not (asked.accepts and past):
        raise RebuildRefused(pipeline=of.pipeline, problem=_listed(gone))
    found = Compared(differences=gone + redo(of, past, closed, progress))
    if any(one.is_shorter for one in past):
        found.notes.append("rows of its files were erased (`lakehouse forget`), so counts of loads were not compared")
    engine = of.open_engine(of.beside)
    try:
        _compare(asked, engine, broken, found)
        if found.differences and not asked.accepts:
            raise RebuildRefused(
                pipeline=of.pipeline, problem=f"not all is what it was: {_listed(found.differences + found.notes)}"
            )
        if found.due and ledger not in found.due:
            announce_everything(ledger, of.lake, f"{REBUILD}-{uuid4()}", datetime.now(UTC), of.guard)
        tables = _states(asked, engine, found)
        for contract in found.due:
            _put(of, contract, engine, broken.get(contract))
    finally:
        engine.close()
    files = sum(len(one.manifest.files) for one in past)
    return Rebuilt(len(past), files, tuple(found.differences), tuple(found.notes), tables)


def _require_names(asked: Rebuild) -> None:
    there = [contract.name for contract in _tables(asked.redo)[:-1]]
    for name in sorted(asked.named):
        if name not in there:
            raise BadRequest(message=f"there is no table `{name}` to make anew; there are: {', '.join(there)}")


def _broken(of: Redo) -> dict[Contract, Damage]:
    """Return the tables that are lost or damaged; each byte is read, since only that tells of some damage."""
    found = unsound(of.known, of.pipeline, of.lake)
    read = {contract: spoilt(contract, of.lake) for contract in _tables(of) if contract not in found}
    return found | {contract: damage for contract, damage in read.items() if damage is not None}


def _gone(runs: Mapping[str, str], past: Sequence[PastLoad], closed: Closings) -> list[str]:
    """Say what of the past is nowhere any more: runs, files that loads have read, what was closed by hand."""
    files = sorted({(entry.key, entry.etag, entry.archived or "") for one in past for entry in one.missing})
    return [
        *(f"run `{run_id}` has loaded, and its `{piece}` is not in `runs` any more" for run_id, piece in runs.items()),
        *(f"`{one.lost}`, the corrected rows of a replay, is not there any more" for one in past if one.lost),
        *(
            f"`{key}` (etag {etag}) was loaded, and "
            + (
                f"lies in the archive with other content, as `{now}`"
                if now
                else "is neither in the archive nor in landing"
            )
            for key, etag, now in files
        ),
        *(
            f"`{run_id}` closed {rows} rejects, and which they were is not known any more"
            for run_id, rows in closed.unknown.items()
        ),
    ]


def _spoilt(history: History) -> list[str]:
    """Say which pieces in folders of runs cannot be read; from a backup they can."""
    return [
        f"run `{run_id}` has loaded, and its file `{error.facts['file']}` cannot be used ({error.facts['problem']}): "
        "put it back from a backup of the lake"
        for run_id, error in sorted((history.damaged or {}).items())
    ]


def _listed(items: Sequence[str]) -> str:
    more = f"; and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return "; ".join(items[:SHOWN]) + more


def _tables(of: Redo) -> list[Contract]:
    """Return the tables that are made anew: silver, pending rows, rejects, and the ledger, which is compared last."""
    return [*silver_tables(of.known), of.controls["pending"], of.controls["rejects"], of.controls["run_ledger"]]


def _compare(asked: Rebuild, engine: DuckEngine, broken: Mapping[Contract, Damage], found: Compared) -> None:
    """Find out which tables are written, and what those that can be read hold otherwise."""
    of = asked.redo
    restored = {one.table: one for one in restores(of.lake, of.pipeline)}
    for contract in _tables(of):
        engine.attach(contract)
        restore = restored.get(contract.name)
        if contract in broken:
            found.due.append(contract)
            if restore:
                found.differences.append(f"`{contract.name}` {restore.words}, and would get all that was ever loaded")
        elif contract != of.controls["run_ledger"]:
            ours, theirs = _other_rows(of, contract, engine)
            if ours or theirs:
                held = f"holds {ours} rows that the archive does not give, and lacks {theirs} that it gives"
                _other(contract, held, restore, found, is_named=contract.name in asked.named)


def _other(contract: Contract, held: str, restore: TableRestore | None, found: Compared, *, is_named: bool) -> None:
    """Decide on a table that can be read and holds other rows: only one that is named is written."""
    words = f"`{contract.name}` {held}"
    if is_named:
        found.due.append(contract)
        found.notes.append(f"{words}; it is made anew, as it is named")
    elif restore:
        found.left.append(contract)
        found.notes.append(f"{words}; it {restore.words}, and is left as it is")
    else:
        found.left.append(contract)
        found.differences.append(f"{words}; it can be read, so only `--table {contract.name}` makes it anew")


def _other_rows(of: Redo, contract: Contract, engine: DuckEngine) -> tuple[int, int]:
    """Count the rows that only the lake's table holds, and those that only the one beside holds."""
    _show_held(of, contract, engine)
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    held, made = (f"SELECT {columns} FROM {name}" for name in ("__held", contract.catalog_name))
    counts = (f"SELECT count(*) AS n FROM ({a} EXCEPT ALL {b}) AS d" for a, b in ((held, made), (made, held)))
    ours, theirs = (int(engine.rows(count)[0]["n"]) for count in counts)
    return ours, theirs


def _show_held(of: Redo, contract: Contract, engine: DuckEngine) -> None:
    """Show the lake's own table as `__held`."""
    try:
        files = of.lake.delta_files(contract, of.lake.delta(contract))
    except TableMissing:
        files = []
    engine.show_files("__held", contract, files)


def _states(asked: Rebuild, engine: DuckEngine, found: Compared) -> dict[str, tuple[int, str]]:
    """Return of each table, but a sound ledger, how many rows it will hold and what becomes of it."""
    states = {}
    for contract in _tables(asked.redo):
        state = MADE if contract in found.due else LEFT if contract in found.left else SAME
        if state == MADE or contract != asked.redo.controls["run_ledger"]:
            name = contract.catalog_name
            if state == LEFT:
                _show_held(asked.redo, contract, engine)
                name = "__held"
            states[contract.catalog_name] = (int(engine.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"]), state)
    return states


def _put(of: Redo, contract: Contract, engine: DuckEngine, damage: Damage | None) -> None:
    """Let the lake's table hold the rows that were made beside, in one commit; what cannot be read is set aside."""
    import pyarrow as pa
    from deltalake import write_deltalake

    if damage is not None and damage.is_unreadable:
        of.guard()
        of.lake.set_aside(contract)
    target: DeltaTable = delta.ensure(contract, of.lake)
    schema = delta.arrow_schema(contract)
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    batches = engine.batches(f"SELECT {columns} FROM {contract.catalog_name}")
    rows = pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in batches))
    of.guard()
    overwrite = partial(write_deltalake, target, rows, mode="overwrite", schema_mode="overwrite")
    commit_to(contract.name, target, lambda own: overwrite(commit_properties=own))
    delta.check_protocol(target, contract.name)


def beside(lake: Lake, pipeline: str) -> Lake:
    """Return the lake in which a pipeline's tables are made; it lies in the lake itself and may be there or not."""
    return open_lake(f"{lake.root}/rebuild/{pipeline}")
