"""Both engines give the same windows, reference tables and refusals; expected values were worked out by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.errors import SeedInvalid
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.kiosks.lake import Kiosks, file_of

# Spark leaves closing the sockets that its answers come through to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
FIRST, SECOND, THIRD = (date(2025, 4, day) for day in (1, 2, 3))
HEADER = "code,region,vat_percent,since\n"


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Kiosks:
    """An empty lake that is loaded on each engine in turn."""
    if request.param == "duckdb":
        return Kiosks(tmp_path)
    from lakehouse_assets.engines.spark import SparkEngine

    spark = request.getfixturevalue("spark")
    return Kiosks(tmp_path, engine=lambda: SparkEngine(spark, open_lake(str(tmp_path / "lake"))))


def held(lake: Kiosks) -> list[tuple[Any, ...]]:
    """The reference table's rows by key."""
    rows = lake.rows("SELECT code, region, vat_percent, since FROM lake.country ORDER BY code")
    return [tuple(row.values()) for row in rows]


def test_changed_rows_affect_the_same_windows(lake: Kiosks) -> None:
    """A column gives old and new values, SELECTs reach sales that the run does not bring; NULL is no value."""
    sales = ("s1,2025-04-01,DE,k1,10.00", "s2,2025-04-02,FR,,20.00")
    assert lake.load(file_of("sales", 1, *sales)).touched == {"days": None, "kiosks": None}  # the countries are new
    moved = lake.load(file_of("sales", 2, "s1,2025-04-03,DE,k9,10.00", second=5), file_of("refunds", 1, "r1,s2,1.00"))
    assert moved.touched == {"days": [FIRST, SECOND, THIRD], "kiosks": ["k1", "k9"]}
    assert lake.load(file_of("refunds", 2, "r1,s1,1.00", second=6)).touched == {"days": [SECOND, THIRD], "kiosks": []}


def test_a_seed_becomes_the_same_table_and_goes_with_it(lake: Kiosks) -> None:
    """Strict CSV, typed columns, NULL for blanks; what leaves the seed leaves the table, and is unknown at once."""
    lake.countries = f'{HEADER}DE,"Eu, rope",+7,2020-01-01\n"F""R",Ä,,\nJP,Asia,10,\n'
    lake.load(file_of("sales", 1, "s1,2025-04-01,JP,k1,10.00"))
    assert held(lake) == [
        ("DE", "Eu, rope", 7, FIRST.replace(2020, 1)),
        ('F"R', "Ä", None, None),
        ("JP", "Asia", 10, None),
    ]
    lake.countries = f"{HEADER}DE,Europe,19,\n"
    report = lake.load(file_of("sales", 2, "s2,2025-04-01,JP,k1,10.00", "s3,2025-04-01,DE,k1,10.00"))
    assert held(lake) == [("DE", "Europe", 19, None)]
    assert (report.tables["clean_sales"].counts.pending, report.tables["clean_sales"].counts.inserted) == (1, 1)
    before = lake.reference_files()
    assert not lake.load().references["country"].has_changes
    assert lake.reference_files() == before


def test_a_bad_seed_is_refused_in_the_same_words(lake: Kiosks) -> None:
    """Rules, types and keys are looked at alike, and nothing is written."""
    lake.countries = f"{HEADER}DE,Europe,many,\nFR,,1,\nJP,Asia,1,\nJP,Asia,2,\n"
    with pytest.raises(SeedInvalid) as refused:
        lake.load()
    lines = [
        "line 2 `vat_percent_invalid` (vat_percent is no INT)",
        "line 3 `region_missing` (region is null or blank)",
        "line 4 `key_repeated` (another row has the same key)",
        "and 1 more; nothing was loaded",
    ]
    seed = "`seeds/country.csv`, the seed of `lake.country`"
    assert str(refused.value) == f"{seed}, breaks its contract: {', '.join(lines)}"
    assert not list(lake.root.rglob("*.parquet"))
