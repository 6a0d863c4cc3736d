"""A column of every type, from landing to gold, on each engine and on both: the same values, read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import iceberg, query
from lakehouse_assets.engines.gold import Built, build
from lakehouse_assets.engines.query import ask
from lakehouse_assets_tests.every_type import (
    EMPTY,
    MODEL,
    SUMS,
    SUMS_MODEL,
    TYPES,
    VALUES,
    dropped,
    gold_contract,
    held,
    hold,
    silver_contract,
    texts,
)
from lakehouse_assets_tests.lake import LakeDriver, counts_of, never
from lakehouse_assets_tests.spark import spark_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ON_SPARK = [pytest.mark.spark, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]
ENGINES = ["duckdb", pytest.param("spark", marks=ON_SPARK)]
Make = Callable[..., LakeDriver]


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> Make:
    """A function that makes a lake with the table, loaded by the engine of the test."""

    def lake(**properties: object) -> LakeDriver:
        def spark() -> SparkSession:
            return request.getfixturevalue("spark")

        made = spark_lake(spark(), tmp_path) if engine == "spark" else LakeDriver(tmp_path)
        return hold(made, silver_contract(**properties))

    return lake


def counts(lake: LakeDriver, second: int, *records: dict[str, str]) -> dict[str, int]:
    """Load these records and say what became of them, where anything did."""
    found = counts_of(lake.load(dropped(second, *records), max_reject_ratio=1.0))["things"]
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_delta_table_holds_every_type(make: Make) -> None:
    """What is loaded reads back as the values that the text stands for; blank text is NULL, not an empty array."""
    lake = make()
    assert counts(lake, 1, texts(), {"id": "2", "day": "2025-04-01"}) == {"read": 2, "valid": 2, "inserted": 2}
    assert held(lake) == [VALUES, EMPTY]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_values_are_unchanged_however_they_are_spelled(make: Make) -> None:
    """A second file with other spellings of every value writes nothing."""
    lake = make()
    counts(lake, 1, texts(), {"id": "2", "day": "2025-04-01"})
    before = lake.data_files()
    other = texts(
        flag="1", ratio="1e-1", exact="-.000001", small_list='[ "1", "" ]', all='{ "n": 1, ' + texts()["all"][1:]
    )
    assert counts(lake, 2, other, {"id": "2", "day": "2025-04-01"}) == {"read": 2, "valid": 2, "unchanged": 2}
    assert lake.data_files() == before


CHANGES: list[tuple[str, str, object]] = [
    ("small_list", "[1]", [1]),
    ("small_list", "[null]", [None]),
    ("small_list", "[]", []),
    ("small_list", "", None),
    ("at_list", '[null,"2025-04-01T00:00:00.000001Z"]', [None, VALUES["at_list"][0]]),
    ("all", '{"word":"x"}', dict.fromkeys(VALUES["all"]) | {"word": "x"}),
    ("all", '{"small":0}', dict.fromkeys(VALUES["all"]) | {"small": 0}),
    ("all", "{}", dict.fromkeys(VALUES["all"])),
    ("all", "", None),
    ("exact", "-0.000002", Decimal("-0.000002")),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_change_within_an_array_or_a_record_is_seen(make: Make) -> None:
    """Also one of nothing but what is NULL; each row has one change, onto what the row before has changed to."""
    lake, states = make(), [texts()]
    for name, text, _ in CHANGES:
        states.append(states[-1] | {name: text})
    ids = [f"{number:02}" for number in range(1, len(states))]
    before, after = (
        [state | {"id": i} for i, state in zip(ids, some, strict=True)] for some in (states[:-1], states[1:])
    )
    counts(lake, 1, *before)
    assert counts(lake, 2, *after) == dict.fromkeys(("read", "valid", "updated"), len(CHANGES))
    assert [row[name] for row, (name, _, _) in zip(held(lake), CHANGES, strict=True)] == [v for _, _, v in CHANGES]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rejected_row_keeps_the_text_of_every_value_that_could_be_read(make: Make) -> None:
    """The text is the form that each type is read from, whatever engine wrote it; what could not be read is null."""
    lake = make()
    assert counts(lake, 1, texts(big="x")) == {"read": 1, "rejected": 1}
    (row,) = lake.rows("SELECT codes, parsed FROM delta_lakehouse.ecommerce_rejects")
    parsed = json.loads(row["parsed"])
    assert (row["codes"], parsed["big"], parsed["wide"]) == ("big_invalid", None, "9" * 38)
    assert {name: parsed[name] for name in TYPES if name.endswith("_list") or name in {"all", "ratio"}} == {
        "ratio": "0.1",
        "word_list": '["a, \\"b\\"",null,"é"]',
        "small_list": "[1,null]",
        "big_list": "[-9223372036854775808]",
        "ratio_list": "[1e-07,5e-324]",
        "flag_list": "[true,false]",
        "day_list": '["2024-02-29"]',
        "at_list": '["2025-04-01T00:00:00.000001Z",null]',
        "exact_list": "[0.500000]",
        "wide_list": "[]",
        "all": '{"word":"x","small":null,"big":2,"ratio":null,"flag":false,"day":"2025-04-02",'
        '"at":"2025-04-01T10:20:00Z","exact":1.250000,"wide":null}',
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_reads_back_from_its_text(make: Make) -> None:
    """What a reject shows of its values can be dropped again and is the same row."""
    lake = make()
    counts(lake, 1, texts(big="x"))
    (row,) = lake.rows("SELECT parsed FROM delta_lakehouse.ecommerce_rejects")
    again = {name: text or "" for name, text in json.loads(row["parsed"]).items()} | {"at": f"{VALUES['at']}Z"}
    assert counts(lake, 2, again | {"big": texts()["big"]}) == {"read": 1, "valid": 1, "inserted": 1}
    assert held(lake) == [VALUES]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_delta_table_may_be_partitioned_by_several_columns(make: Make) -> None:
    """Text that looks like a number, a date and NULL come back from the folders' names, and updates find their rows."""
    lake = make(partition_by="day, word")
    records = [texts(), texts(id="2", word=""), texts(id="3", word="a/b =%")]
    counts(lake, 1, *records)
    assert [row["word"] for row in held(lake)] == ["007", None, "a/b =%"]
    assert counts(lake, 2, records[0] | {"small": "5"}, *records[1:]) == {
        "read": 3,
        "valid": 3,
        "updated": 1,
        "unchanged": 2,
    }
    assert [row["small"] for row in held(lake)] == [5, -(2**31), -(2**31)]
    table = DeltaTable(str(lake.root / "lakehouse-dwh" / "things"))
    assert table.metadata().partition_columns == ["day", "word"]


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("partition_by", [{}, {"partition_by": "day, word"}], ids=["plain", "partitioned"])
def test_both_engines_write_one_table(spark: SparkSession, tmp_path: Path, partition_by: dict[str, str]) -> None:
    """What one engine made, the other finds unchanged, changes, and leaves readable for the first."""
    embedded = hold(LakeDriver(tmp_path), silver_contract(**partition_by))
    on_spark = hold(spark_lake(spark, tmp_path), silver_contract(**partition_by))
    on_spark.runs = 10
    counts(embedded, 1, texts(), {"id": "2", "day": "2025-04-01"})
    assert counts(on_spark, 2, texts(), texts(id="3")) == {"read": 2, "valid": 2, "inserted": 1, "unchanged": 1}
    assert counts(on_spark, 3, texts(id="3", small_list="[1]")) == {"read": 1, "valid": 1, "updated": 1}
    assert counts(embedded, 4, texts(), texts(id="3", small_list="[1]")) == {"read": 2, "valid": 2, "unchanged": 2}
    assert held(embedded) == [VALUES, EMPTY, VALUES | {"id": "3", "small_list": [1]}]


def test_a_table_gets_a_column_of_every_type_later(tmp_path: Path) -> None:
    """A table of only the key and the date is widened by all the others, which are NULL in the rows of before."""
    wide = silver_contract()
    provenance = [c for c in wide.columns if c.name.startswith("_")]
    narrow = replace(wide, columns=(*(wide.column(name) for name in ("id", "day")), *provenance), rules=())
    added = tuple(c for c in wide.columns if c not in narrow.columns)
    lake = hold(LakeDriver(tmp_path), narrow)
    counts(lake, 1, {"id": "2", "day": "2025-04-01"})
    hold(lake, replace(wide, columns=(*narrow.columns, *added)))
    counts(lake, 2, texts())
    assert held(lake) == [VALUES, EMPTY]


def built(
    lake: LakeDriver, contract: Contract, model: str, window: tuple[date, ...] | None = None
) -> tuple[Built, list[dict[str, Any]]]:
    """Bring a gold table up to date: what was done, and its rows without order of columns."""
    engine = lake.query()
    done = build(engine, contract, model, window, never)
    rows = engine.rows(f'SELECT * FROM {contract.catalog_name} ORDER BY "{contract.key[-1]}"')
    engine.close()
    return done, rows


def test_an_iceberg_table_holds_every_type(tmp_path: Path) -> None:
    """Gold reads back as silver, a second build commits nothing, and a change within an array is one changed row."""
    lake = hold(LakeDriver(tmp_path), silver_contract())
    counts(lake, 1, texts(), {"id": "2", "day": "2025-04-01"})
    done, rows = built(lake, gold_contract(), MODEL)
    assert (done.inserted, rows) == (2, [VALUES, EMPTY])
    assert built(lake, gold_contract(), MODEL)[0].commit is None
    counts(lake, 2, texts(small_list="[1]"))
    done, rows = built(lake, gold_contract(), MODEL)
    assert (done.inserted, done.updated, done.deleted) == (0, 1, 0)
    assert rows[0]["small_list"] == [1]


def test_an_iceberg_table_may_be_partitioned_by_several_columns(tmp_path: Path) -> None:
    """The values come back from the files, and the window of one day leaves the other days as they are."""
    lake, contract = hold(LakeDriver(tmp_path), silver_contract()), gold_contract(partition_by="day, word")
    counts(lake, 1, texts(), texts(id="2", word=""), texts(id="3", day="2025-04-02", word="a/b =%"))
    rows = built(lake, contract, MODEL)[1]
    assert [row["word"] for row in rows] == ["007", None, "a/b =%"]
    counts(lake, 2, texts(word="8"), texts(id="3", day="2025-04-02", word="not looked at"))
    done, rows = built(lake, contract, MODEL, (date(2025, 4, 1),))
    assert (done.inserted, done.updated, done.deleted) == (0, 1, 0)
    assert [row["word"] for row in rows] == ["8", None, "a/b =%"]
    spec = iceberg.ensure(contract, lake.value).spec()
    assert [field.name for field in spec.fields] == ["day", "word"]


def test_gold_keeps_every_digit_of_a_decimal(tmp_path: Path) -> None:
    """Sums of six digits after the point are exact, in a whole build and in that of one day."""
    lake = hold(LakeDriver(tmp_path), silver_contract())
    later = {"id": "3", "day": "2025-04-02", "exact": "999999999999.999999", "wide": "-1"}
    counts(lake, 1, texts(exact="0.000001"), texts(id="2", exact="1.234567", wide="5"), later)
    first = {"day": date(2025, 4, 1), "paid": Decimal("1.234568"), "most": Decimal("9" * 38)}
    second = {"day": date(2025, 4, 2), "paid": Decimal("999999999999.999999"), "most": Decimal(-1)}
    assert built(lake, SUMS, SUMS_MODEL)[1] == [first, second]
    counts(lake, 2, texts(exact="0.000002"))
    done, rows = built(lake, SUMS, SUMS_MODEL, (date(2025, 4, 1),))
    assert (done.updated, rows) == (1, [first | {"paid": Decimal("1.234569")}, second])


def test_questions_reach_into_arrays_and_records(tmp_path: Path) -> None:
    """A user's SELECT in Athena's dialect may name a record's field and an array's element."""
    lake = hold(LakeDriver(tmp_path), silver_contract())
    counts(lake, 1, texts())
    tables = {contract.catalog_name: contract for contract in lake.known.values()}
    sql = "SELECT t.all.exact, t.all.word AS w, small_list[1], cardinality(word_list) FROM lake.things AS t"
    answer = ask(query.QueryScope(lake.value, tables), sql)
    assert [row for batch in answer.batches for row in batch] == [(Decimal("1.250000"), "x", 1, 3)]
