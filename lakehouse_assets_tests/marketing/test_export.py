"""The exported report: what the oracle says, as text that no spreadsheet calculates, in the same bytes every time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.core.request import Window
from lakehouse_assets.errors import BadRequest, LakehouseError, PreconditionFailed
from lakehouse_assets.operations import cli
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing, regions
from lakehouse_assets_tests.oracle.sub5 import Account, Row, tables, ticks
from lambdas.export_sub5_report.handler import handler
from lambdas.export_sub5_report.logic import export, lines, replace

ZONE, DAY = "Europe/Moscow", date(2026, 3, 12)
HEADER = (
    "datestamp,affiliate_id,affiliate_name,affiliate_manager,advertiser_name,account_manager,offer_title,offer_id,"
    "country,sub5,sub6,click_count,host_count,approved_revenue,conversions_count"
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """A lake after one tick of a tenant with awkward texts, and the rows that its report must have."""
    root = tmp_path_factory.mktemp("export")
    (pull, *_) = ticks(DAY, 1, ZONE)
    with tenant(root, "awkward-subs", "awkward-text", days=2, clicks_per_day=100, conversions_per_day=40) as case:
        lake = Marketing(root, case, zone=ZONE)
        lake.tick(pull.at)
        lake.report(pull.at)
        account = Account(ZONE, regions=regions(), redacted=lake.redacted)
        (table,) = tables(case.simulator.world, [pull], account)
    return lake.root, table


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipeline is one of this installation."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.marketing")


def call(root: Path, run_id: str = "r1", **event: Any) -> dict[str, Any]:
    """Export the days up to the tick's."""
    window = {"start": str(DAY - timedelta(days=6)), "end": str(DAY)}
    return handler({"run_id": run_id, "pipeline": "marketing", "lake": str(root), "window": window} | event, None)


def shown(row: Row) -> list[str]:
    """A row as it stands in the file, but for the guard against formulas."""
    values = [f"{row[name]:.6f}" if name == "approved_revenue" else row[name] for name in HEADER.split(",")]
    return ["" if value is None else str(value) for value in values]


def in_order(rows: list[Row]) -> list[Row]:
    """Rows sorted by every column as it is typed, what is missing last."""
    return sorted(
        rows,
        key=lambda row: [(row[name] is None, "" if row[name] is None else row[name]) for name in HEADER.split(",")],
    )


def test_the_file_holds_the_rows_with_conversions_in_order(told: tuple[Path, list[Row]]) -> None:
    """Header and columns as specified; an apostrophe before what a spreadsheet calculates comes off again."""
    root, table = told
    wanted = [shown(row) for row in in_order([row for row in table if row["conversions_count"]])]
    answer = call(root)
    head, *rows = csv.reader(io.StringIO((root / answer["report"]).read_text("utf-8"), newline=""))
    assert ",".join(head) == HEADER
    found = [[cell.removeprefix("'") for cell in row] for row in rows]
    assert found == wanted
    assert len(found) == answer["rows"] > 30
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_same_rows_are_the_same_bytes(told: tuple[Path, list[Row]]) -> None:
    """Copy by run, dated file and `latest` are one content, and so is the next run's."""
    root, _ = told
    first, second = call(root, "a"), call(root, "b")
    names = [first["copy"], second["copy"], first["report"], "reports/Sub5-latest.csv"]
    assert names[:3] == [
        "reports/Sub5-2026-03-12-a.csv",
        "reports/Sub5-2026-03-12-b.csv",
        "reports/Sub5-2026-03-12.csv",
    ]
    assert len({(root / name).read_bytes() for name in names}) == 1
    assert (root / first["copy"]).stat().st_size == first["bytes"] == second["bytes"]


def test_a_date_exports_its_days_and_leaves_the_latest_alone(told: tuple[Path, list[Row]]) -> None:
    """The seven days that end with it: 3 of them have facts in gold."""
    root, table = told
    call(root)
    latest = (root / "reports/Sub5-latest.csv").read_bytes()
    answer = call(root, "by-hand", date="2026-03-08")
    wanted = [row for row in table if row["conversions_count"] and row["datestamp"] <= date(2026, 3, 8)]
    assert (answer["report"], answer["rows"]) == ("reports/Sub5-2026-03-08.csv", len(wanted))
    assert len(wanted) > 5
    assert (root / "reports/Sub5-latest.csv").read_bytes() == latest


def test_a_run_over_other_days_takes_nobodys_place(told: tuple[Path, list[Row]]) -> None:
    """A backfill of two days writes seven days that end with its last one, and leaves the newest report the newest."""
    root, _ = told
    latest = (root / call(root)["report"]).read_bytes()
    asked = call(root, "asked", date="2026-03-09")
    answer = call(root, "backfill", window={"start": "2026-03-08", "end": "2026-03-09"})
    assert (answer["report"], answer["is_latest"]) == ("reports/Sub5-2026-03-09.csv", False)
    assert (root / answer["copy"]).read_bytes() == (root / asked["copy"]).read_bytes()
    assert (root / "reports/Sub5-latest.csv").read_bytes() == latest


def test_a_day_that_is_not_there_yet_is_refused(told: tuple[Path, list[Row]]) -> None:
    """Its file would take the place of the latest for days to come; a report says which of its days have no row."""
    root, table = told
    with pytest.raises(BadRequest, match="has no row of 2026-03-14, its newest day up to then is 2026-03-12"):
        call(root, date="2026-03-14")
    with pytest.raises(BadRequest, match="has no row of 2030-01-01, nor of the 6 days before"):
        call(root, date="2030-01-01")
    there = {str(row["datestamp"]) for row in table}
    lacks = [day for day in (f"2026-03-{number:02}" for number in range(6, 13)) if day not in there]
    assert call(root)["days_without_rows"] == lacks


def test_the_command_exports_a_date(told: tuple[Path, list[Row]], capsys: pytest.CaptureFixture[str]) -> None:
    """It says what it wrote; a day that is none, and a pipeline without reports, are bad input."""
    root, _ = told
    expected = call(root, date="2026-03-09")
    assert cli.main(["export", "marketing", "--date", "2026-03-09", "--lake", str(root)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("report: reports/Sub5-2026-03-09.csv, copy: reports/Sub5-2026-03-09-")
    assert f"rows: {expected['rows']}, bytes: {expected['bytes']:,}" in said
    assert cli.main(["export", "--date", "9.3.2026", "--lake", str(root)]) == 2
    assert "--date `9.3.2026` is no day such as" in capsys.readouterr().err


def test_a_date_that_is_none_is_refused(told: tuple[Path, list[Row]]) -> None:
    """So says the function too."""
    with pytest.raises(BadRequest, match="`yesterday` is no date such as 2026-03-12"):
        call(told[0], date="yesterday")


def test_a_lake_without_the_table_raises(tmp_path: Path) -> None:
    """Nothing is written then, not even an empty report."""
    lake = open_lake(str(tmp_path))
    lake.create()
    with pytest.raises(LakehouseError):
        export(lake, "marketing", "r1", Window(start=DAY, end=DAY), by_hand=False)
    assert not (tmp_path / "reports").exists()


def test_a_report_that_somebody_else_writes_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """The pieces come while another run puts its own report there."""
    store = open_store(str(tmp_path))
    store.put("reports/a.csv", b"old")

    def pieces() -> Iterator[bytes]:
        yield b"mine"
        store.put("reports/a.csv", b"theirs")

    with pytest.raises(PreconditionFailed):
        replace(store, "reports/a.csv", pieces())
    assert store.read("reports/a.csv") == b"theirs"


def test_rows_leave_as_they_come() -> None:
    """The first piece of the file is there before the second batch of rows is asked for."""

    def batches() -> Iterator[list[tuple[Any, ...]]]:
        yield [(1, "=1+1")]
        pytest.fail("the second batch is asked for")

    assert next(lines(batches())).decode().splitlines() == [HEADER, "1,'=1+1"]
