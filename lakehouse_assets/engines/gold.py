"""Build a gold table on the embedded engine: run the model, compare, and commit only a difference.

What is built whole and reads many rows is computed in slices of its window, so that what the model groups fits into
memory. Fresh rows are kept where the engine can spill them, and however many slices there are, there is one commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import iceberg
from lakehouse_assets.engines.binding import words
from lakehouse_assets.engines.damage import Damage
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.exhaustion import damaged, exhausted
from lakehouse_assets.engines.fitting import fitting, is_unfit
from lakehouse_assets.engines.iceberg import MODEL
from lakehouse_assets.engines.iceberg_commit import Change, live_deletes, live_files, note, rows_noted
from lakehouse_assets.engines.iceberg_commit import replace as swap
from lakehouse_assets.engines.kept_out import KEPT_OUT, renewed, sentences
from lakehouse_assets.engines.protocol import Commit, Guard
from lakehouse_assets.engines.sieve import Sieve
from lakehouse_assets.engines.slices import Slices, cut
from lakehouse_assets.engines.spoilt_files import named
from lakehouse_assets.engines.windows import require_inside
from lakehouse_assets.errors import ContractBreaking, ModelFailed
from lakehouse_assets.sql.dialects import Parameter, Values
from lakehouse_assets.sql.gold import window_parameters
from lakehouse_assets.sql.models import tables_read

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table


@dataclass(frozen=True)
class Built:
    """Hold what became of a gold table.

    Attributes:
        inserted, updated, deleted: rows that are new, changed and gone.
        rows: that it holds now.
        commit: of the change; None without one.
        kept_out: groups that it does not hold since a value of theirs does not fit, with the rows behind it, in
            sentences; also those of earlier builds.
    """

    inserted: int
    updated: int
    deleted: int
    rows: int
    commit: Commit | None
    kept_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manner:
    """Say how a gold table is built, beside which part of it.

    Attributes:
        version: of its model (`ModelVersion.text`), noted with the rows; None leaves the table's note as it is.
        may_reshape: whether a build of the whole table may give it other columns than it had.
        slices: how a build of the whole table is cut.
        damage: what is wrong with the table's files, which are not read then, but all replaced.
        sources: contracts of the tables that the model reads, by catalog name, whose rows are named where a value does
            not fit.
    """

    version: str | None = None
    may_reshape: bool = False
    slices: Slices = field(default_factory=Slices)
    damage: Damage | None = None
    sources: Mapping[str, Contract] = field(default_factory=dict)


AS_EVER = Manner()


def build(
    engine: DuckEngine,
    contract: Contract,
    model: str,
    window: tuple[Any, ...] | None,
    guard: Guard,
    manner: Manner = AS_EVER,
) -> Built:
    """Bring the touched part of a gold table up to date.

    Args:
        engine: the engine, which has the model's sources attached.
        contract: the gold table.
        model: its SELECT.
        window: touched values of the window column; None for all of them. A table without a window column is built
            whole unless nothing at all was touched.
        guard: see `protocol.Guard`.
        manner: how it is built.

    A group with a value that has no room in its column is kept out, and the rest is built.

    Raises:
        ContractBreaking: the table has other columns than its contract, and may not be given them.
        ValueUnfit: values have no room in so many groups, or at such a place, that the rest cannot be built without
            them; nothing was changed.
        ModelFailed: the engine does not take the SELECT, or fails in it; nothing was changed.
        CommitConflict, FenceLost: somebody else writes; nothing was changed.
    """
    is_whole = window is None or (window != () and bool(window_parameters(contract, window)["everything"]))
    if manner.damage and manner.damage.is_unreadable:
        table = iceberg.create_anew(contract, engine.lake, guard)
    else:
        table = iceberg.open_table(contract, engine.lake) if is_whole else iceberg.ensure(contract, engine.lake)
    making = _Build(engine, contract, model, table, manner, guard)
    with _named_in_errors(making), fitting(contract):
        built = _built_by(making, None if is_whole else window)
    engine.show(contract)
    return replace(built, kept_out=sentences(making.table.properties))


def _built_by(making: _Build, window: tuple[Any, ...] | None) -> Built:
    """Build what was touched; where a value does not fit, all but the groups that it stands in."""
    try:
        return making.run(window)
    except Exception as error:
        if not is_unfit(error):
            raise
    manner = making.manner
    sieve = Sieve(making.engine, making.contract, making.model, manner.sources, manner.slices.values)
    return replace(making, sieve=sieve).run(window)


@contextmanager
def _named_in_errors(making: _Build) -> Iterator[None]:
    """Say of what the engine raises which table was built; what ran out, or is spoilt, is no fault of its model."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        read = tables_read(making.model)
        problem = words(error, read)
        tables = (making.contract, *making.manner.sources.values())
        known = exhausted(error) or named(damaged(error, read), tables, making.engine.lake)
        raise (known or ModelFailed(table=making.contract.catalog_name, problem=problem)) from error


@dataclass(frozen=True)
class _Build:
    """Hold one build of a gold table, onto the version of it that was opened."""

    engine: DuckEngine
    contract: Contract
    model: str
    table: Table
    manner: Manner
    guard: Guard
    sieve: Sieve | None = None

    def run(self, window: tuple[Any, ...] | None) -> Built:
        """Build the whole table (None), the rows of these values, or, without any, nothing."""
        return self.whole() if window is None else self.part(window) if window else self.untouched()

    def whole(self) -> Built:
        """Build the whole table; rows that cannot be compared, or that there are none of yet, are all written."""
        missing, gone = self._columns(), live_files(self.table)
        if gone and missing is not None and not self.manner.damage:
            self.engine.view("__fresh", self._kept())
            self._show("__held", gone)
            select = f"SELECT {_names(self.contract)} FROM __fresh ORDER BY {_key(self.contract)}"
            return self._commit(select, gone, self._change(columns=missing))
        rows = self._streamed()
        if self.sieve:  # what is kept out has to be known before the commit
            self.engine.view("__fresh", self._kept())
            rows = self.engine.batches(f"SELECT {_names(self.contract)} FROM __fresh ORDER BY {_key(self.contract)}")
        change = self._change(columns=missing is not False)
        commit = swap(self.contract, self.table, rows, gone, self.guard, change)
        count = _rows_in(live_files(self.table))
        return Built(count, 0, _rows_in(gone), count, commit)

    def part(self, window: tuple[Any, ...]) -> Built:
        """Build the rows of these values of the window."""
        # Always a view over tables of other names: an engine that builds one table after the other cannot change kinds.
        self._keep("__fresh_0", window_parameters(self.contract, window))
        self.engine.view("__fresh", "SELECT * FROM __fresh_0")
        self.engine.register("__window", _named(self.contract, window))
        require_inside(self.engine, self.contract, "__fresh_0", "__window")
        is_ranged = _is_ranged(self.contract)
        bounds = (str(self.contract.window), min(window), max(window)) if is_ranged else None
        gone = live_files(self.table, bounds)
        self._show("__gone", gone)
        inside = f'EXISTS (SELECT 1 FROM __window AS w WHERE w.value = h."{self.contract.window}")'
        self.engine.view("__held", f"SELECT * FROM __gone AS h WHERE {inside}")
        names = _names(self.contract)
        both = f"SELECT {names} FROM __fresh UNION ALL SELECT {names} FROM __gone AS h WHERE NOT {inside}"
        # A table that is replaced for the sake of a few keys is not sorted for it.
        rows = f"SELECT * FROM ({both}) AS b ORDER BY {_key(self.contract)}" if is_ranged else both
        return self._commit(rows, gone, self._change(columns=False, window=window))

    def untouched(self) -> Built:
        """Note the version of a table whose rows stay as they are."""
        properties = self._change(columns=False, window=()).properties
        if properties:
            note(self.contract, self.table, properties, self.guard)
        return Built(0, 0, 0, rows_noted(self.table), None)

    def _columns(self) -> bool | None:
        """Return whether the table lacks columns that it is to be given, or None when it has to get others.

        Raises:
            ContractBreaking: it has others, and may not be given new ones.
        """
        try:
            return bool(iceberg.missing_columns(self.contract, self.table))
        except ContractBreaking:
            if not self.manner.may_reshape:
                raise
            return None

    def _change(self, *, columns: bool, window: tuple[Any, ...] | None = None) -> Change:
        """Return what becomes of the table beside its rows, of which those of a window, or all (None), were built."""
        noted = self.table.properties
        news = {} if self.manner.version is None else {MODEL: self.manner.version}
        kept_out = renewed(noted, window, self.sieve.kept_out if self.sieve else {})
        if kept_out is not None:
            news[KEPT_OUT] = kept_out
        return Change(columns, {name: value for name, value in news.items() if noted.get(name) != value})

    def _keep(self, name: str, given: Mapping[str, Parameter]) -> None:
        """Keep what the model gives."""
        if self.sieve:
            self.sieve.keep(name, given)
        else:
            self.engine.keep(name, self.model, given)
        asked = given.get(self.contract.window_source or "")
        if isinstance(asked, Values):  # a slice; rows outside it would come with each of the others again
            require_inside(self.engine, self.contract, name, asked.relation)

    def _commit(self, select: str, gone: list[DataFile], change: Change) -> Built:
        """Write these rows in place of the files where `__fresh` differs from `__held`; what else changes anyway."""
        counts, commit = _difference(self.engine, self.contract), None
        if any(counts.values()) or change.columns:
            commit = swap(self.contract, self.table, self.engine.batches(select), gone, self.guard, change)
        elif change.properties:
            note(self.contract, self.table, change.properties, self.guard)
        rows = rows_noted(self.table)
        return Built(counts["inserted"], counts["updated"], counts["deleted"], rows, commit)

    def _streamed(self) -> Iterator[pa.RecordBatch]:
        """Yield all fresh rows, a slice after the other, each by key."""
        for given in self._cuts():
            self._keep("__fresh_0", given)
            yield from self.engine.batches(
                f"SELECT {_names(self.contract)} FROM __fresh_0 ORDER BY {_key(self.contract)}"
            )

    def _kept(self) -> str:
        """Keep all fresh rows, and return the SELECT of them."""
        names = []
        for number, given in enumerate(self._cuts()):
            names.append(f"__fresh_{number}")
            self._keep(names[-1], given)
        return " UNION ALL ".join(f"SELECT {_names(self.contract)} FROM {name}" for name in names)

    def _cuts(self) -> Iterator[Mapping[str, Parameter]]:
        return cut(self.engine, self.contract, self.model, self.manner.slices)

    def _show(self, name: str, files: list[DataFile]) -> None:
        path, alike = self.engine.lake.iceberg_path, len(self.table.metadata.schemas) == 1
        deletes = [path(place) for place in live_deletes(self.table)]
        paths = [path(file.file_path) for file in files]
        self.engine.show_files(name, self.contract, paths, alike=alike, deletes=deletes)


def _names(contract: Contract) -> str:
    return ", ".join(f'"{column.name}"' for column in contract.columns)


def _key(contract: Contract) -> str:
    return ", ".join(f'"{name}"' for name in contract.key)


def _rows_in(files: list[DataFile]) -> int:
    return sum(int(file.record_count) for file in files)


def _named(contract: Contract, window: tuple[Any, ...]) -> Any:  # noqa: ANN401 - an Arrow table
    """Return the relation `__window` of the touched values.

    It is a relation because a list of hundreds would be compared one by one with every row.
    """
    import pyarrow as pa

    kind = iceberg.arrow_schema(contract).field(contract.window).type
    return pa.table({"value": pa.array(window, kind)})


def _is_ranged(contract: Contract) -> bool:
    """Say whether a window's values lie close together between two ends: dates of a run do, other keys do not."""
    return any(c.type == "DATE" for c in contract.columns if c.name == contract.window)


def _difference(engine: DuckEngine, contract: Contract) -> Mapping[str, int]:
    """Count the keys that are new, different, and gone; rows that a key has beyond those of the model are gone too."""
    on = " AND ".join(f'f."{k}" = h."{k}"' for k in contract.key)
    content = [c.name for c in contract.columns if not c.key]
    differs = " OR ".join(f'f."{c}" IS DISTINCT FROM h."{c}"' for c in content) or "FALSE"
    first = contract.key[0]
    row = engine.rows(
        f'SELECT count(CASE WHEN h."{first}" IS NULL THEN 1 END) AS inserted, '
        f'count(CASE WHEN f."{first}" IS NULL THEN 1 END) AS deleted, '
        f'count(CASE WHEN f."{first}" IS NOT NULL AND h."{first}" IS NOT NULL AND ({differs}) THEN 1 END) AS updated, '
        "(SELECT count(*) FROM __held) AS held, (SELECT count(*) FROM __fresh) AS fresh "
        f"FROM __fresh AS f FULL JOIN __held AS h ON {on}"
    )[0]
    found = {name: int(row[name]) for name in ("inserted", "updated", "deleted")}
    # A join by key pairs each row of a doubled key with the one that there should be, and finds no difference.
    surplus = (int(row["held"]) - found["deleted"]) - (int(row["fresh"]) - found["inserted"])
    return found | {"deleted": found["deleted"] + max(surplus, 0), "inserted": found["inserted"] + max(-surplus, 0)}
