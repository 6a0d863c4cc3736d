"""Answer users' questions: one read-only statement in Athena SQL over the tables of a lake, now or as they were.

Belongs here: refusing what is no question, finding the tables it names, reading them at a moment, asking DuckDB. Not
here: how an answer is printed, and the SQL of the pipelines, which is held to the portable subset (`sql/portable.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.known import bare_name
from lakehouse_assets.engines import catalog_questions
from lakehouse_assets.engines.connection import SYSTEM_SPILL, Spill, connect
from lakehouse_assets.engines.duckdb_tables import scan
from lakehouse_assets.engines.exhaustion import damaged, exhausted
from lakehouse_assets.engines.httpfs import ready
from lakehouse_assets.engines.refusals import refusal_of
from lakehouse_assets.engines.standing_tables import standing
from lakehouse_assets.engines.time_travel import files_at, is_uniform
from lakehouse_assets.errors import BadRequest, LakehouseError
from lakehouse_assets.sql.arithmetic import MACROS, in_duckdb
from lakehouse_assets.sql.athena_defaults import with_defaults, with_names
from lakehouse_assets.sql.dialects import parse
from lakehouse_assets.sql.sql_types import in_athena
from lakehouse_assets.storage.iceberg_files import LiveFiles
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

EXPLAIN = re.compile(r"(?P<words>EXPLAIN(?:\s+ANALYZE)?)\s+(?P<statement>.+)", re.IGNORECASE | re.DOTALL)
COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
"""Matches what stands before the first word of a statement."""
QUESTION = re.compile(r"[\s(]*(SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
ALLOWED = "only one SELECT (or WITH … SELECT), EXPLAIN, SHOW or DESCRIBE is allowed: this is read-only"
BESIDE_THE_LAKE = "a statement reads the tables of this lake, and no other file or address"
WRITES = (exp.DDL, exp.DML, exp.Command, exp.Into, exp.Drop, exp.Alter, exp.Set)
FETCH_ROWS = 10_000


@dataclass(frozen=True)
class Answer:
    """Hold an answer: column names, each once, and rows in batches."""

    columns: tuple[str, ...]
    batches: Iterator[list[tuple[Any, ...]]]


@dataclass(frozen=True)
class QueryScope:
    """Hold what a question can be asked about, and within which limits.

    Attributes:
        lake: where the tables are.
        tables: contracts by catalog name.
        memory: DuckDB's memory limit.
        threads: how many threads DuckDB may use; None for all.
        spill: where and how much of what does not fit into memory is spilled.
        broken: why tables whose contract is broken cannot be asked about, by `layer.name`.
    """

    lake: Lake
    tables: Mapping[str, Contract]
    memory: str = "800MB"
    threads: int | None = None
    spill: Spill = SYSTEM_SPILL
    broken: Mapping[str, LakehouseError] = field(default_factory=dict)


def ask(scope: QueryScope, sql: str, as_of: datetime | None = None) -> Answer:
    """Return the answer to one statement.

    Args:
        scope: the tables that it can ask about.
        sql: SELECT, WITH … SELECT, EXPLAIN of one, SHOW or DESCRIBE, in Athena's dialect.
        as_of: tables are read as committed until then (zone-aware); None for now.

    Raises:
        BadRequest: it is no single read-only statement, names a table or column that is not there, cannot be computed,
            or asks for a time before a table existed.
        ContractInvalid: the contract of a table that it names is broken.
    """
    text = bare(sql)
    if question := catalog_questions.asked(text):
        columns, rows = catalog_questions.answered(
            question, scope.lake, scope.tables, lambda name: table_of(scope, name)
        )
        return Answer(columns, iter([rows]))
    explained = EXPLAIN.fullmatch(text)
    tree = read_only(explained["statement"] if explained else text)
    used = {name: table_of(scope, name) for name in sorted(_tables_of(tree))}
    answer = _run(scope, f"{explained['words'] if explained else ''} {_translated(tree, used)}", used, as_of)
    return _plan(answer) if explained else answer


def bare(sql: str) -> str:
    """Return a statement without the comments before it, and the semicolon behind it."""
    return COMMENTS.sub("", sql).strip().rstrip(";").strip()


def is_about_tables(text: str) -> bool:
    """Say whether a question is about what tables there are, which is answered from the lake."""
    return catalog_questions.asked(text) is not None


def _plan(answer: Answer) -> Answer:
    """Return DuckDB's plan as Athena returns its own: one column, a row for each line."""
    lines = [(line,) for batch in answer.batches for row in batch for line in str(row[-1]).split("\n")]
    return Answer(("query plan",), iter([lines]))


def read_only(text: str) -> exp.Query:
    """Return a statement that only reads.

    Raises:
        BadRequest: it is none, or more than one.
    """
    if not text:
        raise BadRequest(message="there is no SQL; try `lakehouse sql 'SHOW TABLES'`")
    if text[:4].upper() == "SHOW":
        raise BadRequest(message=f"`{' '.join(text.split()[:2])}` is not answered: {catalog_questions.SHOWN}")
    if text[:1].isalpha() and not QUESTION.match(text):  # sqlglot would warn of statements that it does not know
        raise BadRequest(message=f"`{text.split(maxsplit=1)[0]}` begins no question: {ALLOWED}")
    tree = parse(text)
    if not isinstance(tree, exp.Query) or any(isinstance(node, WRITES) for node in tree.walk()):
        raise BadRequest(message=ALLOWED)
    return tree


def _tables_of(tree: exp.Query) -> set[str]:
    """Return the catalog names of the tables that the statement reads; Athena does not tell case apart."""
    ctes = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    nodes = [node for node in tree.find_all(exp.Table) if isinstance(node.this, exp.Identifier)]
    names = {".".join(part.name for part in node.parts).lower() for node in nodes}
    return {name.removeprefix("awsdatacatalog.") for name in names} - ctes


def table_of(scope: QueryScope, name: str) -> Contract:
    """Return the contract of a table by its catalog name in lower case.

    Raises:
        BadRequest: there is none of this name.
        ContractInvalid: it is broken.
    """
    for label, error in scope.broken.items():
        if name not in scope.tables and bare_name(label) == name.rpartition(".")[2]:
            raise error
    if name not in scope.tables:
        there = [one.catalog_name for one in standing(scope.lake, scope.tables.values())] or sorted(scope.tables)
        alike = [one for one in there if one.rpartition(".")[2] == name.rpartition(".")[2]]
        hint = f"did you mean `{alike[0]}`?" if alike else f"there are: {', '.join(there)}"
        raise BadRequest(message=f"there is no table `{name}`; {hint}")
    return scope.tables[name]


def _translated(tree: exp.Query, used: Mapping[str, Contract]) -> str:
    """Translate the statement to DuckDB's SQL, knowing all columns' types, because Athena divides integers as such.

    What sqlglot cannot resolve goes on as it is: DuckDB says better what is wrong with it.
    """
    schema = MappingSchema(dialect="athena")
    for name, contract in used.items():
        schema.add_table(
            name, {column.name: in_athena(column.data_type) for column in contract.columns}, dialect="athena"
        )
    tree = with_defaults(tree)
    for node in tree.find_all(exp.Table):
        node.set("catalog", None)
    try:
        typed = qualify(tree.copy(), dialect="athena", schema=schema, quote_identifiers=False)
        return with_names(in_duckdb(typed, schema)).sql(dialect="duckdb")
    except SqlglotError:
        return with_names(tree).sql(dialect="duckdb")


def _run(scope: QueryScope, sql: str, used: Mapping[str, Contract], as_of: datetime | None) -> Answer:
    cursor, spilled = _begun(scope, sql, used, as_of)
    return Answer(once([column[0] for column in cursor.description]), _batches(cursor, spilled, used))


def _begun(
    scope: QueryScope, sql: str, used: Mapping[str, Contract], as_of: datetime | None
) -> tuple[duckdb.DuckDBPyConnection, TemporaryDirectory[str]]:
    """Return a statement that has begun to answer, and the folder that goes when the last of it has been read."""
    import duckdb

    db, spilled = connect(scope.memory, scope.threads, scope.spill)
    with ExitStack() as stack:
        stack.enter_context(spilled)
        try:
            for name, contract in used.items():
                db.execute(f"CREATE SCHEMA IF NOT EXISTS {contract.database}")
                files = files_at(contract, scope.lake, as_of)
                ready(db, [*files.rows, *files.deletes])
                alike = as_of is None and is_uniform(contract, scope.lake)
                db.execute(f"CREATE VIEW {name} AS {_select(contract, files, db, alike=alike)}")
            for macro in MACROS:
                db.execute(macro)
            _lock(db, scope.lake.root)
            cursor = db.execute(sql)
        except duckdb.Error as error:
            raise _typed(error, used) from error
        stack.pop_all()
        return cursor, spilled


def ask_arrow(scope: QueryScope, sql: str, as_of: datetime | None = None) -> pa.Table:
    """Return the whole answer to one SELECT as an Arrow table; moments are zone-less UTC.

    Raises:
        LakehouseError: as `ask`.
    """
    import duckdb

    tree = read_only(sql)
    used = {name: table_of(scope, name) for name in sorted(_tables_of(tree))}
    cursor, spilled = _begun(scope, _translated(tree, used), used, as_of)
    with spilled:
        try:
            return cursor.to_arrow_table()
        except duckdb.Error as error:
            raise _typed(error, used) from error


def _select(contract: Contract, files: LiveFiles, db: duckdb.DuckDBPyConnection, *, alike: bool) -> str:
    return scan(contract, files.rows, db, alike=alike, deletes=files.deletes)


def _lock(db: duckdb.DuckDBPyConnection, root: str) -> None:
    """Lock the connection, so that DuckDB reads nothing outside of the lake from here on."""
    folder = root.replace("'", "''")
    db.execute(f"SET allowed_directories = ['{folder}']")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")


def _batches(
    cursor: duckdb.DuckDBPyConnection, spilled: TemporaryDirectory[str], used: Iterable[str]
) -> Iterator[list[tuple[Any, ...]]]:
    import duckdb

    try:
        with spilled:
            while rows := cursor.fetchmany(FETCH_ROWS):
                yield rows
    except duckdb.Error as error:
        raise _typed(error, used) from error


def _typed(error: Exception, used: Iterable[str]) -> LakehouseError:
    import duckdb

    if isinstance(error, duckdb.PermissionException):
        return BadRequest(message=BESIDE_THE_LAKE)
    return exhausted(error) or damaged(error, used) or BadRequest(message=refusal_of(error))


def once(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, each once: a number is put behind the second and every further use of a name.

    >>> once(["date", "n", "date"])
    ('date', 'n', 'date_2')
    """
    return tuple(n if n not in names[:i] else f"{n}_{names[: i + 1].count(n)}" for i, n in enumerate(names))
