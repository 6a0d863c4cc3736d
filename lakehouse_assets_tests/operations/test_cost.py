"""`lakehouse cost` says what runs cost by run, table and check, out of the lake's history."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from lakehouse_assets.compute.costs import glue_usage, query_usage
from lakehouse_assets.compute.recording import record
from lakehouse_assets.compute.reports import RunReport, compose
from lakehouse_assets.compute.usage import add_usage
from lakehouse_assets.operations.cli import main
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder

HERE = "eu-west-1"


def ran(lake: Path, run_id: str, ended: str, *, metered: bool = True) -> RunReport:
    """Record a run that ended then; a metered one has used $0.0308 of Glue and one check of $5."""
    folder = RunFolder(open_store(str(lake)), "ecommerce", run_id)
    if metered:
        add_usage(folder, "load", [glue_usage(2, 180, HERE)])
        add_usage(folder, "check", [query_usage(1 << 40, HERE, "clean_orders", "keys_unique")])
    report = compose(folder, [], [], None)
    return record(folder, RunReport(**{**vars(report), "ended_at": ended}))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with three metered runs in three months, and one of this machine."""
    for month in (9, 10, 11):
        ran(tmp_path, f"run-{month}", f"2026-{month:02}-26T09:00:00+00:00")
    ran(tmp_path, "here", "2026-11-27T09:00:00+00:00", metered=False)
    return tmp_path


def test_totals_are_of_all_runs_since_a_day(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of the runs ended since October; each cost $5.0308, of which $5 for one check of a table."""
    assert main(["cost", "ecommerce", "--since", "2026-10-01", "--format", "json", "--lake", str(lake)]) == 0
    found = orjson.loads(capsys.readouterr().out)
    assert (found["runs"], found["unmetered"], [run["run_id"] for run in found["latest"]]) == (
        2,
        1,
        ["run-10", "run-11"],
    )
    assert found["usd"] == pytest.approx(10.0616)
    assert found["tables"] == {"clean_orders": 10.0, "(whole run)": pytest.approx(0.0616)}
    assert found["checks"] == [{"table": "clean_orders", "check": "keys_unique", "usd": 10.0}]
    assert found["used"] == {"dpu_seconds": 720.0, "scanned_bytes": 2 << 40}


def test_people_see_runs_tables_and_the_day_of_the_prices(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest run comes first, and the total names its currency."""
    assert main(["cost", "--lake", str(lake)]) == 0
    shown = capsys.readouterr().out
    assert shown.index("run-11") < shown.index("run-9")
    assert "3 metered runs: 15.0924 USD" in shown
    assert "List prices of 2026-11-26" in shown


def test_a_lake_of_this_machine_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs that are not metered are said to be none that cost."""
    ran(tmp_path, "here", "2026-11-27T09:00:00+00:00", metered=False)
    assert main(["cost", "--lake", str(tmp_path)]) == 0
    assert "No run was metered; 1 ran on this machine, which costs nothing." in capsys.readouterr().out


def test_a_day_that_is_none_is_refused(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad input ends with a sentence and exit code 2."""
    assert main(["cost", "--since", "yesterday", "--lake", str(lake)]) == 2
    assert "--since is `yesterday`" in capsys.readouterr().err
