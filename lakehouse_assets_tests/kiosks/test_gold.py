"""Gold that reads every layer, in the order of what it reads, with and without a window."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlglot

from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.gold import build
from lakehouse_assets.load.ledger import Backlog, backlog
from lakehouse_assets.sql.gold import merge_statement, window_parameters
from lakehouse_assets_tests.kiosks.lake import Kiosks, file_of
from lakehouse_assets_tests.lake import never
from lambdas.rendermodel.logic import statement

FIRST, SECOND = date(2025, 4, 1), date(2025, 4, 2)
SALES = ("s1,2025-04-01,DE,k1,10.00", "s2,2025-04-01,JP,k2,5.00", "s3,2025-04-02,FR,k1,7.00")


@pytest.fixture
def lake(tmp_path: Path) -> Kiosks:
    """Three sales of two days in three countries, loaded."""
    found = Kiosks(tmp_path)
    found.load(file_of("sales", 1, *SALES))
    return found


def gold_files(lake: Kiosks, name: str) -> set[Path]:
    """Data files and metadata of a gold table."""
    return set((lake.root / "kiosk_gold" / name).rglob("*.*"))


def test_models_read_silver_gold_control_and_reference_tables(lake: Kiosks) -> None:
    """Every table is what its sources say, worked out by hand; a table of a table sees the state of this run."""
    assert lake.all_gold() == {
        "daily_regions": [
            (FIRST, "Asia", 1, Decimal("5.00")),
            (FIRST, "Europe", 1, Decimal("10.00")),
            (SECOND, "Europe", 1, Decimal("7.00")),
        ],
        "daily_totals": [(FIRST, 2, Decimal("15.00")), (SECOND, 1, Decimal("7.00"))],
        "region_totals": [("Asia", 1, 1), ("Europe", 2, 2)],
        "load_health": [("clean_refunds", 0), ("clean_sales", 3)],
    }


def test_a_table_of_a_table_gets_the_same_window(lake: Kiosks) -> None:
    """A refund of one day changes that day in both, and leaves the rows of the other day alone."""
    lake.all_gold()
    lake.load(file_of("refunds", 1, "r1,s2,5.00"))
    ledger = lake.known["control.kiosks_run_ledger"]
    windows = {n: backlog(ledger, lake.value, lake.known[f"gold.{n}"]) for n in ("daily_regions", "daily_totals")}
    assert windows == dict.fromkeys(windows, Backlog(("run-2",), (FIRST,)))
    found = lake.all_gold()
    assert found["daily_regions"][0] == (FIRST, "Asia", 1, Decimal("0.00"))
    assert found["daily_totals"] == [(FIRST, 2, Decimal("10.00")), (SECOND, 1, Decimal("7.00"))]


def test_what_vanishes_from_a_source_vanishes_from_what_reads_it(lake: Kiosks) -> None:
    """A sale that moves takes the last row of its region and day with it, on all levels."""
    lake.all_gold()
    lake.load(file_of("sales", 2, "s3,2025-04-01,JP,k1,7.00", second=5))
    found = lake.all_gold()
    assert found["daily_totals"] == [(FIRST, 2, Decimal("22.00"))]
    assert found["region_totals"] == [("Asia", 1, 2), ("Europe", 2, 1)]


def test_without_a_window_a_table_is_compared_whole_and_written_only_when_it_differs(lake: Kiosks) -> None:
    """The same sales again are a load, so the table is looked at; it is the same, so nothing is written."""
    lake.all_gold()
    before = gold_files(lake, "region_totals")
    lake.load(file_of("sales", 1, *SALES))
    assert lake.all_gold()["region_totals"] == [("Asia", 1, 1), ("Europe", 2, 2)]
    assert gold_files(lake, "region_totals") == before


def test_a_table_over_control_tables_follows_loads_that_change_no_silver(lake: Kiosks) -> None:
    """A run that only counts is in the ledger, and so in what is made of the ledger."""
    lake.all_gold()
    lake.load(file_of("sales", 2, "s9,2025-04-01,XX,k1,1.00"))
    assert backlog(lake.known["control.kiosks_run_ledger"], lake.value, lake.known["gold.load_health"]).runs == (
        "run-2",
    )
    assert lake.all_gold()["load_health"] == [("clean_refunds", 0), ("clean_sales", 3)]


def test_nothing_behind_is_nothing_to_do(lake: Kiosks) -> None:
    """With an empty window the model is not asked at all: a text that is no SQL does not matter."""
    lake.all_gold()
    engine = DuckEngine(lake.value)
    built = build(engine, lake.known["gold.region_totals"], "no SQL", (), never)
    engine.close()
    assert (built.inserted, built.updated, built.deleted, built.rows, built.commit) == (0, 0, 0, 2, None)


def test_athena_replaces_a_table_without_a_window_whole(lake: Kiosks) -> None:
    """The MERGE has no bounds and its tombstones are all keys that are gone; nothing behind has no statement."""
    totals = lake.known["gold.region_totals"]
    assert window_parameters(totals, (FIRST,)) == window_parameters(totals, None) == {"everything": True}
    text = merge_statement(totals, "SELECT region, countries, sales FROM fresh.t", {"everything": True})
    assert "BETWEEN" not in text
    with duckdb.connect() as db:
        db.execute("CREATE SCHEMA fresh; CREATE SCHEMA kiosk_gold")
        for name, rows in (
            ("fresh.t", "('EU', 2, 9), ('Asia', 1, 1)"),
            ("kiosk_gold.region_totals", "('EU', 2, 2), ('Mars', 1, 1)"),
        ):
            db.execute(f"CREATE TABLE {name} AS SELECT * FROM (VALUES {rows}) AS v(region, countries, sales)")
        db.execute(sqlglot.transpile(text, read="athena", write="duckdb")[0])
        assert db.execute("FROM kiosk_gold.region_totals ORDER BY region").fetchall() == [("Asia", 1, 1), ("EU", 2, 9)]


@pytest.mark.parametrize(("behind", "asked"), [(Backlog((), ()), False), (Backlog(("r1",), None), True)])
def test_the_statement_of_a_table_without_a_window(lake: Kiosks, behind: Backlog, asked: bool) -> None:  # noqa: FBT001
    """There is one exactly when a run is behind."""
    model = lake.model("region_totals")
    assert (statement(lake.known["gold.region_totals"], model, behind) is not None) is asked


def test_windows_lead_to_what_one_load_of_everything_gives(lake: Kiosks, tmp_path: Path) -> None:
    """Built after each of three loads or once after all of them, every table on every level holds the same."""
    second = (file_of("refunds", 1, "r1,s1,2.00", "r2,s3,7.00"),)
    third = (file_of("refunds", 2, "r2,s1,7.00", second=5), file_of("sales", 2, "s4,2025-04-02,JP,k3,3.00", second=6))
    for files in ((), second, third):
        lake.load(*files)
        found = lake.all_gold()
    fresh = Kiosks(tmp_path / "fresh")
    fresh.load(file_of("sales", 1, *SALES), *second, *third)
    del found["load_health"]  # which counts what each load inserted, and r2 came twice
    assert found.items() <= fresh.all_gold().items()
    assert found["daily_totals"] == [(FIRST, 2, Decimal("6.00")), (SECOND, 2, Decimal("10.00"))]
