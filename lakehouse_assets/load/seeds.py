"""Load reference tables: seeds are read and checked before anything is written, and written when they changed.

A row of a seed belongs to the project, not to a supplier. So a bad one is not set aside as a reject: it fails the load,
by file, line and rule, and whoever changed the seed mends it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.engines import delta, reference
from lakehouse_assets.engines.protocol import Engine, Guard, NativeFile, TextSource
from lakehouse_assets.errors import ReconciliationFailed, SeedInvalid
from lakehouse_assets.formats.parts import ByteRange
from lakehouse_assets.formats.protocol import record_batch
from lakehouse_assets.load.report import ReferenceReport
from lakehouse_assets.load.rule_errors import failed_rule
from lakehouse_assets.sql import silver
from lakehouse_assets.sql.seeds import KEY_REPEATED, MALFORMED, as_landed, broken, rows
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

SEED_BYTES = 16 << 20
"""Largest seed, bytes. A seed is read whole; what is larger is no lookup table but data, and has to be landed."""
SHOWN = 3
"""How many broken lines a message names."""


@dataclass(frozen=True)
class SeedLoad:
    """Hold one reference table of a load.

    Attributes:
        seed: what it shall hold.
        table: the version that was looked at; None when there was none.
        rows: rows of the seed.
        has_changes: whether the table holds something else.
    """

    seed: Seed
    table: DeltaTable | None
    rows: int
    has_changes: bool

    @property
    def name(self) -> str:
        """Return the bare table name, the prefix of the table's relations."""
        return self.seed.contract.name

    @property
    def relation(self) -> str:
        """Return the relation of what the table holds once the load is done: the rows read, or the table itself."""
        contract = self.seed.contract
        return f"{contract.name}__parsed" if self.has_changes else contract.catalog_name


def stage_seeds(seeds: Iterable[Seed], lake: Lake, engine: Engine) -> list[SeedLoad]:
    """Compare every seed with its table and read those that differ; nothing is written.

    Raises:
        SeedInvalid: a row of a seed breaks a rule, or the file is no CSV of the table's columns.
    """
    return [_stage(seed, lake, engine) for seed in seeds]


def _judge(seed: Seed, contract: Contract, text: TextSource, engine: Engine) -> None:
    """Cast and judge the rows of a seed.

    Raises:
        SeedInvalid: a rule fails on a value of it.
    """

    def judge(one: Contract) -> None:
        engine.stage(f"{contract.name}__parsed", text, silver.parsed(one))

    try:
        judge(contract)
    except Exception as error:
        failed = failed_rule(error, contract, "", judge)
        if failed is None:
            raise
        raise _invalid(seed, f"cannot be judged: {failed}") from error


def write_seed(load: SeedLoad, lake: Lake, engine: Engine, guard: Guard) -> ReferenceReport:
    """Bring the reference table up to date with its seed, where it is not.

    Raises:
        ReconciliationFailed: the table does not hold the rows of the seed afterwards.
        CommitConflict, FenceLost, ProtocolRaised: see `Engine.merge`.
    """
    report = ReferenceReport(load.rows, load.has_changes)
    if not load.has_changes:
        return report
    contract, before = load.seed.contract, delta.rows_in(load.table) if load.table else 0
    done = reference.replace(load.seed, lake, load.table, _table(contract, engine), guard)
    held = before + done.rows
    if held != load.rows:
        raise ReconciliationFailed(table=contract.name, equation=f"its seed has {load.rows} rows, the table {held}")
    engine.attach(contract)
    report.added_files, report.added_bytes = done.added_files, done.added_bytes
    return report


def _stage(seed: Seed, lake: Lake, engine: Engine) -> SeedLoad:
    table = lake.find_delta(seed.contract)
    if table is not None and reference.is_current(seed, table):
        engine.attach(seed.contract)
        return SeedLoad(seed, table, delta.rows_in(table), has_changes=False)
    contract = as_landed(seed.contract)
    batch = read_seed(seed)
    text = TextSource(tuple(str(c.source) for c in contract.columns), odd={0: batch.nbytes}, reader=_Held(batch))
    _judge(seed, contract, text, engine)
    found = [(row["_row"], code) for row in engine.rows(broken(contract)) for code in row["_codes"].split(",") if code]
    _refuse(seed, found, (*contract.rules, KEY_REPEATED))
    return SeedLoad(seed, table, batch.num_rows, has_changes=True)


def read_seed(seed: Seed) -> pa.RecordBatch:
    """Return the records of a seed as text: `_row` (its first line, from 1), `_malformed` (never), and the columns.

    Raises:
        SeedInvalid: it is too large, no UTF-8, no strict CSV, or its header is not the table's columns.
    """
    columns = [str(column.source) for column in as_landed(seed.contract).columns]
    records = _records(seed)
    _, header = next(records, (1, []))
    if sorted(header) != sorted(columns):
        raise _invalid(seed, f"has the columns {', '.join(header) or '(none)'}, expected {', '.join(columns)}")
    found = [(line, dict(zip(header, fields, strict=False)), len(fields)) for line, fields in records]
    _refuse(seed, [(line, MALFORMED.code) for line, _, count in found if count != len(header)], (MALFORMED,))
    return record_batch([(line, False, *(fields[name] for name in columns)) for line, fields, _ in found], columns)


def _records(seed: Seed) -> Iterator[tuple[int, list[str]]]:
    """Yield first line and fields of every record; an empty line is not a record."""
    if len(seed.content) > SEED_BYTES:
        raise _invalid(
            seed, f"has {len(seed.content):,} bytes, allowed are {SEED_BYTES:,}; land it as a dataset instead"
        )
    try:
        text = seed.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = seed.content[: error.start].count(b"\n") + 1
        raise _invalid(seed, f"is no UTF-8 in line {line}") from error
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        _refuse(seed, [(line, MALFORMED.code)], (MALFORMED,), error)


def _refuse(seed: Seed, found: list[tuple[int, str]], rules: Iterable[Rule], cause: Exception | None = None) -> None:
    """Fail when a line breaks a rule."""
    if not found:
        return
    words = {rule.code: rule.description for rule in rules}
    lines = ", ".join(f"line {line} `{code}` ({words.get(code, code)})" for line, code in found[:SHOWN])
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    raise _invalid(seed, f"breaks its contract: {lines}{more}") from cause


def _invalid(seed: Seed, problem: str) -> SeedInvalid:
    return SeedInvalid(file=seed.file, table=seed.contract.catalog_name, problem=problem)


def _table(contract: Contract, engine: Engine) -> Any:  # noqa: ANN401 - an Arrow table
    """Return the rows that were read, in the table's types."""
    return engine.arrow(rows(contract)).cast(delta.arrow_schema(contract))


@dataclass(frozen=True)
class _Held:
    """Read the records of a seed, which is small, from memory; see `protocol.FileReader`."""

    batch: pa.RecordBatch
    is_python: ClassVar[bool] = False

    def __call__(self, ordinal: int, part: ByteRange | None = None) -> Iterator[pa.RecordBatch]:
        """Yield all records."""
        del ordinal, part
        yield self.batch

    def together(self, files: Sequence[NativeFile]) -> Iterator[pa.RecordBatch]:
        """Yield nothing: a seed is no file of landing."""
        del files
        return iter(())
