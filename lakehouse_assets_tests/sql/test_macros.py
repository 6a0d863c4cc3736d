"""Every macro means on every engine what its table of values says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.spark import SparkEngine
from lakehouse_assets.sql.macros import MACROS
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.sql.macro_values import CASES, Case, ask

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def name_of(case: Case) -> str:
    """How a case is called in the list of tests."""
    return f"{case[1]} in {case[0]}"


def typed(values: list[Any]) -> list[tuple[str, object]]:
    """Values with their types, so that 1 is not True, also within arrays and records."""
    return [(type(value).__name__, inner(value)) for value in values]


def inner(value: Any) -> object:
    """What an array or a record holds, with types."""
    if isinstance(value, dict):
        return {name: typed([item]) for name, item in value.items()}
    return typed(value) if isinstance(value, list) else value


def test_every_macro_has_values() -> None:
    """A macro without a row in the table is tested on no engine."""
    assert set(re.findall(r"[a-z_]+(?=\()", " ".join(expression for _, expression, _ in CASES))) == set(MACROS)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_embedded_engine_answers_the_values(case: Case) -> None:
    """DuckDB's rendering of each macro."""
    zone, expression, answers = case
    engine = DuckEngine(open_lake("unused"), zone=zone)
    assert typed(ask(engine, expression, list(answers))) == typed(list(answers.values()))
    engine.close()


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("ansi", ["true", "false"])
def test_spark_answers_the_values(spark: SparkSession, tmp_path: Path, ansi: str) -> None:
    """Spark's rendering of each macro, with ANSI mode and without."""
    spark.conf.set("spark.sql.ansi.enabled", ansi)
    found = {}
    for zone in {case[0] for case in CASES}:
        engine = SparkEngine(spark, open_lake(str(tmp_path)), zone=zone)
        for number, case in ((number, case) for number, case in enumerate(CASES) if case[0] == zone):
            found[number, name_of(case)] = dict(zip(case[2], typed(ask(engine, case[1], list(case[2]))), strict=True))
        engine.close()
    spark.conf.unset("spark.sql.ansi.enabled")
    expected = {
        (number, name_of(case)): dict(zip(case[2], typed(list(case[2].values())), strict=True))
        for number, case in enumerate(CASES)
    }
    assert found == expected
