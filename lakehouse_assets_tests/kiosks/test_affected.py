"""What a load affects is what the contracts say, written to report and ledger. Spark: `test_engines`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.compute.reports import LOAD
from lakehouse_assets.contracts import Column
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.load.ledger import Backlog, backlog
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.sql.gold import MAX_WINDOW
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.kiosks.lake import Kiosks, file_of

FIRST, SECOND, THIRD = (date(2025, 4, day) for day in (1, 2, 3))
SALES = ("s1,2025-04-01,DE,k1,10.00", "s2,2025-04-02,FR,k2,20.00")
LEDGER = "SELECT touched_days, touched_kiosks FROM lake.kiosks_run_ledger WHERE kind = 'touched' ORDER BY run_id"


@pytest.fixture
def lake(tmp_path: Path) -> Kiosks:
    """Two sales of two days, of a first load that brought the countries too."""
    found = Kiosks(tmp_path)
    found.load(file_of("sales", 1, *SALES))
    return found


def behind(lake: Kiosks, gold: str) -> Backlog:
    """What a gold table has not caught up with."""
    return backlog(lake.known["control.kiosks_run_ledger"], lake.value, lake.known[f"gold.{gold}"])


def test_a_column_gives_the_new_and_the_old_value_of_changed_rows(lake: Kiosks) -> None:
    """A sale that moves to another day and kiosk affects both days and both kiosks; an equal one affects nothing."""
    report = lake.load(file_of("sales", 2, "s1,2025-04-03,DE,k9,10.00", SALES[1], second=5))
    assert report.touched == {"days": [FIRST, THIRD], "kiosks": ["k1", "k9"]}
    assert lake.rows(LEDGER)[-1] == {"touched_days": [FIRST, THIRD], "touched_kiosks": ["k1", "k9"]}


def test_a_select_reaches_rows_that_the_run_does_not_bring(lake: Kiosks) -> None:
    """A refund affects the day of its sale, and one that moves to another sale the days of both."""
    assert lake.load(file_of("refunds", 1, "r1,s1,1.00")).touched == {"days": [FIRST], "kiosks": []}
    moved = lake.load(file_of("refunds", 2, "r1,s2,1.00", second=5))
    assert moved.touched == {"days": [FIRST, SECOND], "kiosks": []}


def test_a_load_without_a_change_affects_nothing(lake: Kiosks) -> None:
    """Rows that silver holds already leave every window empty, and the ledger says nothing of the run."""
    assert lake.load(file_of("sales", 1, *SALES)).touched == {"days": [], "kiosks": []}
    assert len(lake.rows(LEDGER)) == 1


def listened(lake: Kiosks) -> list[str]:
    """From here on, what the lake's loads ask their engine for values; filled by each load."""
    asked: list[str] = []
    open_engine = lake.engine

    def opened() -> Engine:
        engine = open_engine()
        values = engine.values
        engine.values = lambda sql: asked.append(sql) or values(sql)  # type: ignore[method-assign, func-returns-value]
        return engine

    lake.engine = opened
    return asked


def test_without_an_update_nobody_asks_for_old_values(lake: Kiosks) -> None:
    """`when: update`: a new refund has no sale that it was of before; one statement asks for the days."""
    asked = listened(lake)
    lake.load(file_of("refunds", 1, "r1,s1,1.00"))
    assert len(asked) == 1
    assert "_old_" not in asked[0]


def test_before_the_first_sale_refunds_ask_for_no_day(tmp_path: Path) -> None:
    """`unless_first`: the sales of the run are all new and give their days themselves."""
    lake = Kiosks(tmp_path)
    lake.load()  # brings the countries, which touches everything
    asked = listened(lake)
    report = lake.load(file_of("sales", 1, *SALES), file_of("refunds", 1, "r1,s1,1.00"))
    assert report.touched == {"days": [FIRST, SECOND], "kiosks": ["k1", "k2"]}
    assert not [sql for sql in asked if "clean_refunds" in sql]


def test_too_many_values_are_not_listed(lake: Kiosks) -> None:
    """More kiosks than gold would name are NULL; the days, which are few, are listed all the same."""
    lake.all_gold()
    many = [f"x{n},2025-04-01,DE,k{n},1.00" for n in range(MAX_WINDOW + 1)]
    report = lake.load(file_of("sales", 2, *many, second=5))
    assert report.touched == {"days": [FIRST], "kiosks": None}
    assert behind(lake, "daily_regions").window == (FIRST,)


def test_the_report_keeps_windows_as_json(lake: Kiosks) -> None:
    """Dates are ISO-8601, what is too much to list is null; a report of before is read."""
    folder = RunFolder(lake.value.store, "kiosks", "run-2")
    folder.keep(LOAD, lake.load(file_of("refunds", 1, "r1,s1,1.00")))
    assert (folder.read(LOAD) or {})["touched"] == {"days": ["2025-04-01"], "kiosks": []}
    old = {
        "run_id": "r",
        "engine": "duckdb",
        "mode": "load",
        "touched": {"dates": None, "users": ["u1"], "products": []},
    }
    folder.write(LOAD, old)
    read = folder.report(LOAD, LoadReport)
    assert read is not None
    assert (read.touched, read.references) == ({"dates": None, "users": ["u1"], "products": []}, {})


def test_without_a_window_any_load_is_everything(lake: Kiosks) -> None:
    """A table that is built whole is behind after each load until it is acknowledged, whatever the load touched."""
    assert behind(lake, "region_totals") == Backlog(("run-1",), None)
    lake.all_gold()
    assert behind(lake, "region_totals") == Backlog((), ())
    lake.load(file_of("sales", 1, *SALES))
    assert behind(lake, "region_totals") == Backlog(("run-2",), None)
    assert behind(lake, "daily_totals") == Backlog((), ())


def test_a_new_window_knows_nothing_of_earlier_runs(lake: Kiosks) -> None:
    """A ledger that lacks the column reads as NULL, so what a table is behind with is everything."""
    lake.load(file_of("refunds", 1, "r1,s1,1.00"))
    ledger = lake.known["control.kiosks_run_ledger"]
    grown = replace(ledger, columns=(*ledger.columns, Column("touched_weeks", "ARRAY<DATE>", "Weeks")))
    gold = lake.known["gold.daily_totals"]
    weekly = replace(gold, window_source="touched_weeks")
    assert backlog(grown, lake.value, weekly) == Backlog(("run-1", "run-2"), None)
