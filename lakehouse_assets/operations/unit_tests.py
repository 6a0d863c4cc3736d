"""Read the unit tests of models and rules, ask what they ask, and say by key and column what differs.

They lie beside a pipeline's models and contracts: `tests/<table>.yaml`, a list of tests. Each has a `name`, the rows
that are `given` by table, and the rows that are to be expected. A gold model gives rows, which are found by their key;
of a silver table the rows given as `landed` each give the `codes` of the rules that they break, and the values read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import model_sql
from lakehouse_assets.contracts.packages import file_of
from lakehouse_assets.contracts.yaml_reader import read_yaml
from lakehouse_assets.errors import BadRequest, LakehouseError, UnportableSql

if TYPE_CHECKING:
    from lakehouse_assets.load.given import GivenTables

FOLDER = "tests"
KEYS = {"name", "given", "landed", "expect"}
MISSING = object()


@dataclass(frozen=True)
class UnitTest:
    """Hold one test: its name, rows by table, landed rows (of a silver table), and the rows that are expected."""

    name: str
    given: Mapping[str, Sequence[Mapping[str, Any]]]
    landed: Sequence[Mapping[str, Any]]
    expect: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Difference:
    """Hold one difference: of which row (by key, or number), in which column, and what was expected and found."""

    row: str
    column: str
    expected: str
    found: str


@dataclass(frozen=True)
class Answer:
    """Hold what came of one test; `problem` is why it could not be asked, empty when it could."""

    pipeline: str
    table: str
    name: str
    differences: tuple[Difference, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Say whether all was as expected."""
        return not self.differences and not self.problem


@dataclass(frozen=True)
class Suite:
    """Hold the tests of one pipeline by table, and the tables that may have some and have none."""

    pipeline: str
    tests: Mapping[str, tuple[UnitTest, ...]]
    without: tuple[str, ...] = field(default=())


def suite_of(pipeline: str, named: Iterable[str] = ()) -> Suite:
    """Return the tests of a pipeline's tables.

    Args:
        pipeline: its name.
        named: bare names of tables, or codes of rules, that they are about; all tables when there are none.

    Raises:
        BadRequest: a file does not hold tests.
    """
    wanted, found, without = set(named), dict[str, tuple[UnitTest, ...]](), list[str]()
    for contract in contracts(pipeline).values():
        if contract.layer not in {"gold", "silver"}:
            continue
        if wanted and contract.name not in wanted and not wanted & {rule.code for rule in contract.rules_of("row")}:
            continue
        file = file_of(pipeline, FOLDER, f"{contract.name}.yaml")
        if file.is_file():
            found[f"{contract.layer}.{contract.name}"] = tuple(read_tests(file.read_text("utf-8"), file.name))
        else:
            without.append(contract.name)
    return Suite(pipeline, found, tuple(without))


def read_tests(text: str, name: str) -> Iterator[UnitTest]:
    """Yield the tests that a YAML text holds.

    Args:
        text: of the file.
        name: of the file, as messages say it.

    Raises:
        BadRequest: it is no list of tests.
    """
    try:
        items, repeated = read_yaml(text)
    except yaml.YAMLError as error:
        raise BadRequest(message=f"`{FOLDER}/{name}` is no YAML: {' '.join(str(error).split())}") from error
    if repeated:
        raise BadRequest(message=f"`{FOLDER}/{name}` {repeated[0].problem}")
    if not isinstance(items, list):
        raise BadRequest(message=f"`{FOLDER}/{name}` is no list of tests, each with {', '.join(sorted(KEYS))}")
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict) or "name" not in item or "expect" not in item or set(item) - KEYS:
            keys = ", ".join(sorted(KEYS))
            raise BadRequest(message=f"`{FOLDER}/{name}`: test {number} has a `name` and `expect`, and only {keys}")
        given = item.get("given") or {}
        landed, expect = item.get("landed") or [], item["expect"] or []
        if not isinstance(given, dict) or not all(map(_is_rows, (*given.values(), landed, expect))):
            raise BadRequest(message=f"`{FOLDER}/{name}`: test {number}: rows are lists of mappings, column: value")
        yield UnitTest(str(item["name"]), given, landed, expect)


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def run_suite(suite: Suite, zone: str) -> Iterator[Answer]:
    """Yield what comes of each test, one after the other, each on an engine of its own in memory.

    Args:
        suite: the tests.
        zone: the pipeline's source time zone.
    """
    import tempfile

    from lakehouse_assets.engines.duckdb import DuckEngine
    from lakehouse_assets.load.given import tables_of
    from lakehouse_assets.storage.lake import open_lake

    known = contracts(suite.pipeline)
    with tempfile.TemporaryDirectory(prefix="lakehouse-test-") as folder:
        for name, tests in suite.tests.items():
            for test in tests:
                engine = DuckEngine(open_lake(folder), zone=zone, threads=1)
                try:
                    yield _tested(suite.pipeline, known[name], test, tables_of(engine, known.values()))
                finally:
                    engine.close()


def _tested(pipeline: str, contract: Contract, test: UnitTest, tables: GivenTables) -> Answer:
    try:
        found = _of_model if contract.layer == "gold" else _of_rules
        return Answer(pipeline, contract.name, test.name, tuple(found(pipeline, contract, test, tables)))
    except (BadRequest, UnportableSql) as error:
        return Answer(pipeline, contract.name, test.name, problem=str(error))
    except LakehouseError as error:
        return Answer(pipeline, contract.name, test.name, problem=str(error))


def _of_model(pipeline: str, contract: Contract, test: UnitTest, tables: GivenTables) -> Iterator[Difference]:
    """Yield what the model gives otherwise: as a whole and, where it has a window, by what was touched."""
    from lakehouse_assets.sql.models import tables_read

    if test.landed:
        raise BadRequest(message=f"`{contract.name}` is a model, which has no `landed` rows; give tables under `given`")
    select = model_sql(pipeline, contract.name)
    tables.show(test.given, tables_read(select))
    expected = _typed(contract, test.expect)
    whole = tables.model(contract, select, windowed=False)
    found = list(by_key(contract.key, expected, whole))
    yield from found
    if contract.window and not found and whole:
        for one in by_key(contract.key, expected, tables.model(contract, select, windowed=True)):
            yield Difference(f"{one.row}, by window", one.column, one.expected, one.found)


def _typed(contract: Contract, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return expected rows with values of the contract's types, and only in the columns that they name."""
    from lakehouse_assets.engines import iceberg
    from lakehouse_assets.load.given import table_of

    values = table_of(contract.catalog_name, iceberg.arrow_schema(contract), rows).to_pylist()
    lacking = [name for name in contract.key if any(name not in row for row in rows)]
    if lacking:
        raise BadRequest(message=f"an expected row of `{contract.name}` has no `{lacking[0]}`, which is in its key")
    return [{name: value[name] for name in row} for row, value in zip(rows, values, strict=True)]


def by_key(
    key: Sequence[str], expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    """Yield what differs between rows, in the order of the expected ones; what is found besides comes last.

    >>> [d.column for d in by_key(["a"], [{"a": 1, "b": 2}], [{"a": 1, "b": 3}])]
    ['b']
    """
    there = {tuple(row[name] for name in key): row for row in found}
    for row in expected:
        at = tuple(row[name] for name in key)
        mine = there.pop(at, None)
        if mine is None:
            yield Difference(_named(key, at), "", "a row", "none")
            continue
        for name, value in row.items():
            if mine[name] != value:
                yield Difference(_named(key, at), name, _shown(value), _shown(mine[name]))
    for at in there:
        yield Difference(_named(key, at), "", "none", "a row")


def _of_rules(pipeline: str, contract: Contract, test: UnitTest, tables: GivenTables) -> Iterator[Difference]:  # noqa: ARG001 - as `_of_model`
    """Yield which landed rows break other rules than expected, or are read as other values."""
    if len(test.landed) != len(test.expect):
        counts = f"{len(test.landed)} rows are landed and {len(test.expect)} expected"
        raise BadRequest(message=f"{counts}: one is expected for each, in their order")
    tables.show(test.given, [reference.parent for reference in contract.references])
    found = tables.rules(contract, test.landed)
    for number, (row, mine) in enumerate(zip(test.expect, found, strict=True), 1):
        for name, value in row.items():
            if name not in mine:
                raise BadRequest(message=f"`{contract.name}` reads no column `{name}`; it has {', '.join(mine)}")
            wanted = sorted(value or []) if name == "codes" else _like(value, mine[name])
            if wanted != mine[name]:
                yield Difference(f"row {number}", name, _shown(wanted), _shown(mine[name]))


def _like(value: Any, found: Any) -> Any:  # noqa: ANN401 - as YAML gives it, and as the engine does
    """Return an expected value as what was found shows itself, when both are written alike."""
    return found if value is not None and found is not None and _shown(value) == _shown(found) else value


def _named(key: Sequence[str], values: Sequence[Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in zip(key, values, strict=True))


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "(none)"
    return "NULL" if value is None else str(value)
