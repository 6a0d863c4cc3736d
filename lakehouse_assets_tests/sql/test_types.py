"""Types in SQL: every one has a cast, Athena's rendering is known, literals keep their digits, text forms read back.

`python lakehouse_assets_tests/sql/test_types.py` rewrites the golden files; read the difference before committing it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts import Column
from lakehouse_assets.contracts.types import TypeName, parse_type
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.load.text_form import text_form
from lakehouse_assets.sql.casts import CASTS, cast_of
from lakehouse_assets.sql.ddl import athena_iceberg_ddl
from lakehouse_assets.sql.dialects import literal, render
from lakehouse_assets.sql.macros import MACROS
from lakehouse_assets.sql.sql_types import in_athena
from lakehouse_assets_tests.every_type import SINGLE, TYPES, gold_contract
from lakehouse_assets_tests.oracle.rules import blank
from lakehouse_assets_tests.sql.macro_values import CASES

GOLDENS = Path(__file__).parents[1] / "goldens" / "types"
SHOWN = [*SINGLE.values(), "DECIMAL(18,2)", "ARRAY<BIGINT>", "STRUCT<id: INT, name: STRING, paid: DECIMAL(18,6)>"]


def rendered() -> dict[str, str]:
    """Athena's cast of text to each type, and its table of all of them, by golden file name."""
    casts = "\n\n".join(f"-- {kind}\n{cast_in_athena(kind)};" for kind in SHOWN)
    macros = "\n\n".join(f"-- {name}\n{text};" for name, text in sorted(macros_in_athena().items()))
    return {
        "macros.athena.sql": f"{macros}\n",
        "casts.athena.sql": f"{casts}\n",
        "table.athena.sql": f"{athena_iceberg_ddl(gold_contract(), 's3://lake')};\n",
    }


def macros_in_athena() -> dict[str, str]:
    """One call of every macro, the first of the table of values that begins with it."""
    calls = {name: next(call for _, call, _ in CASES if call.startswith(f"{name}(")) for name in MACROS}
    return {name: render(f"SELECT {call} AS x FROM t", "athena") for name, call in calls.items()}


def cast_in_athena(kind: str) -> str:
    """The SELECT that casts the text `x` to a type."""
    return render(f"SELECT {cast_of(Column('x', kind, ''))} AS x FROM t", "athena")


@pytest.mark.parametrize("name", rendered())
def test_athenas_rendering_equals_its_golden_file(name: str) -> None:
    """What no engine here runs is a difference that somebody has looked at."""
    assert rendered()[name] == (GOLDENS / name).read_bytes().decode()


@pytest.mark.parametrize("kind", TYPES.values())
def test_athenas_parser_takes_every_cast(kind: str) -> None:
    """One SELECT each, in which nothing of our own words is left."""
    (tree,) = sqlglot.parse(cast_in_athena(kind), read="athena")
    assert isinstance(tree, sqlglot.exp.Select)
    assert "parse_" not in tree.sql("athena").replace("json_parse", "")


def test_every_type_has_a_cast() -> None:
    """The table is total, so that what a contract may say can be loaded."""
    assert set(CASTS) == set(get_args(TypeName))


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    """An engine for all tests of the file."""
    engine = DuckEngine("unused")
    yield engine
    engine.close()


@pytest.mark.parametrize("kind", TYPES.values())
def test_a_null_has_the_type_of_its_column(engine: DuckEngine, kind: str) -> None:
    """The types of our SQL are carried to the engine, names of fields included."""
    sql = f"SELECT CAST(NULL AS {in_athena(parse_type(kind))}) AS x"
    found = engine.arrow(sql).schema.field("x").type
    assert (
        found == engine.arrow(f"SELECT {cast_of(Column('y', kind, ''))} AS x FROM (SELECT '' AS y) AS t").schema[0].type
    )


@pytest.mark.parametrize(
    "macro", ["parse_array(x, 'FLOAT')", "parse_array(x, 'ARRAY<INT>')", "parse_record(x, 'id INT')"]
)
def test_a_macro_of_no_type_is_refused(macro: str) -> None:
    """The sentence says what the brackets hold."""
    with pytest.raises(BadRequest, match=r"names no type; .* holds types of single values"):
        render(f"SELECT {macro} FROM t", "duckdb")


@pytest.mark.parametrize("text", ["0", "1.234567", "-0.050", "12E2", "1E-7", "9" * 38, "0." + "9" * 38, "-1.50"])
def test_a_decimal_literal_keeps_its_digits(engine: DuckEngine, text: str) -> None:
    """The engine answers the very number, with as many digits after the point."""
    (row,) = engine.rows("SELECT :x AS x", {"x": Decimal(text)})
    exponent = Decimal(text).as_tuple().exponent
    assert (row["x"], row["x"].as_tuple().exponent) == (Decimal(text), min(0, int(exponent)))


@pytest.mark.parametrize(
    ("text", "problem"), {"NaN": "is no number", "Infinity": "is no number", "1E38": "39 digits"}.items()
)
def test_a_decimal_that_sql_does_not_hold_is_refused(text: str, problem: str) -> None:
    """Rather than rounded, or an error of some engine."""
    with pytest.raises(BadRequest, match=problem):
        literal(Decimal(text))


WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
LISTS = {
    "STRING": st.lists(st.none() | WORDS),
    "DOUBLE": st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
    "DECIMAL(18,6)": st.lists(st.none() | st.decimals(-(10**12) + 1, 10**12 - 1, places=6)),
    "BIGINT": st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
    "TIMESTAMP": st.lists(st.none() | st.datetimes().filter(lambda moment: moment.year >= 1000)),
}


def read(engine: DuckEngine, kind: str, text: str) -> Any:
    """What the text is as an array."""
    return engine.rows(f"SELECT parse_array(:text, '{kind}') AS x", {"text": text})[0]["x"]


@pytest.mark.parametrize("kind", LISTS)
@given(data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_an_array_reads_back_from_its_text(engine: DuckEngine, kind: str, data: st.DataObject) -> None:
    """Whatever values it holds; only blank text comes back as NULL."""
    values: list[Any] = data.draw(LISTS[kind])
    expected = [None if isinstance(v, str) and blank(v) else v for v in values]
    assert read(engine, kind, str(text_form(values))) == expected


@given(
    values=st.lists(st.none() | WORDS | st.booleans() | st.integers()),
    ascii_only=st.booleans(),
    indent=st.none() | st.just(1),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_json_of_another_writer_is_read_as_it_was_meant(
    engine: DuckEngine, *, values: list[Any], ascii_only: bool, indent: int | None
) -> None:
    """Python's own JSON, with or without escapes and line ends, gives the same elements as text."""
    text = json.dumps(values, ensure_ascii=ascii_only, indent=indent)
    said = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
    found = read(engine, "STRING", text)
    assert [a for a, b in zip(found, said, strict=True) if a != b and not (a is None and not str(b).strip())] == []


if __name__ == "__main__":
    GOLDENS.mkdir(exist_ok=True)
    for file_name, statement in rendered().items():
        # As bytes: the white space that a pattern names would be taken for ends of lines.
        (GOLDENS / file_name).write_bytes(statement.encode())
