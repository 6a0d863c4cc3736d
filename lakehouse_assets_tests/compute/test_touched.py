"""The days that a run's checks are asked of, and the statement that people are shown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lakehouse_assets.compute.reports import LOAD, ModelReport, model_piece
from lakehouse_assets.compute.touched import stated, touched_days
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.reader import parse_contract
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.contracts.documents import column, gold, silver

WINDOW = {"start": "2025-04-01", "end": "2025-04-02"}
OWN = (date(2025, 4, 1), date(2025, 4, 2))
GOLD = parse_contract(gold(column("n", "BIGINT"), partition_by="day"))
SILVER = parse_contract(silver(column("day", "DATE", source="day"), partition_by="day", date_column="day"))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """The folder of a run that has reported nothing."""
    return RunFolder(FolderStore(tmp_path), "things", "r1")


def test_days_that_were_built_are_checked_beside_those_of_the_run(run: RunFolder) -> None:
    """An older day that a late change touched is one of them, and the run's own are there although nothing changed."""
    run.keep(model_piece("things"), ModelReport(window=("2025-02-03",)))
    assert touched_days(GOLD, WINDOW, run) == (date(2025, 2, 3), *OWN)
    run.keep(model_piece("things"), ModelReport())
    assert touched_days(GOLD, WINDOW, run) == OWN


def test_days_that_a_load_touched_are_checked_in_silver(run: RunFolder) -> None:
    """Of windows of anything else than days nothing is taken."""
    run.keep(LOAD, LoadReport("r1", "duckdb", "load", touched={"dates": [date(2025, 1, 9)], "users": ["u1"]}))
    assert touched_days(SILVER, WINDOW, run) == (date(2025, 1, 9), *OWN)


@pytest.mark.parametrize(
    ("contract", "window", "report"),
    [
        (GOLD, None, ModelReport()),
        (GOLD, WINDOW, ModelReport(is_whole=True)),
        (GOLD, WINDOW, None),
        (parse_contract(gold()), WINDOW, ModelReport()),
    ],
    ids=["run without days", "built whole", "no report", "table without partitions"],
)
def test_else_whole_tables_are_checked(
    run: RunFolder, contract: Contract, window: dict[str, str] | None, report: ModelReport | None
) -> None:
    """Nothing is left out where it is not known what was touched."""
    if report:
        run.keep(model_piece("things"), report)
    assert touched_days(contract, window, run) is None


def test_too_many_touched_values_mean_the_whole_table(run: RunFolder) -> None:
    """The ledger lists none of them then."""
    run.keep(LOAD, LoadReport("r1", "duckdb", "load", touched={"dates": None}))
    assert touched_days(SILVER, WINDOW, run) is None


def test_a_statement_names_the_days_it_was_asked_of() -> None:
    """It can be asked again as it is shown, save for the run's clock, which stays a parameter."""
    sql = ":as_of (:everything OR day IN (:touched)) :since"
    since = datetime(2025, 4, 1, tzinfo=UTC)
    assert stated(sql, since, OWN[:1]) == (
        ":as_of (FALSE OR day IN (CAST('2025-04-01' AS DATE))) CAST('2025-04-01 00:00:00.000000' AS TIMESTAMP(6))"
    )
    assert "(TRUE OR day IN (NULL))" in stated(sql, since, None)
