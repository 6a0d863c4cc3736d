"""The first run over the known days leaves the same tables and files on the embedded engine and on Spark."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lakehouse_assets.operations.cli import main
from lakehouse_assets_tests.returns import known
from lakehouse_assets_tests.returns.installation import DAY, Installation, installed

ENGINES = ["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow])]


@pytest.fixture(scope="module", params=ENGINES)
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Yield the installation after its first run on one engine, started by the command."""
    with installed(tmp_path_factory.mktemp(request.param)) as place:
        place.drop()
        if request.param == "spark":
            request.getfixturevalue("spark")  # the one session of all tests, which the run then finds
        assert main(["run", "returns", *DAY, "--engine", request.param]) == 0
        yield place


def test_it_ran_on_the_engine_that_was_named(first: Installation, request: pytest.FixtureRequest) -> None:
    """The load's own report names it."""
    (load,) = (first.lake / "runs" / "returns").glob("*/load.json")
    assert json.loads(load.read_text("utf-8"))["engine"] == request.node.callspec.params["first"]


def test_every_row_is_counted(first: Installation) -> None:
    """Read is valid, rejected, superseded and pending together, table by table."""
    nothing = {"retried": 0, "updated": 0, "unchanged": 0}
    assert first.report()["tables"] == {name: counts | nothing for name, counts in known.COUNTS.items()}


def test_clean_returns_holds_the_latest_versions(first: Installation) -> None:
    """Moments of New York are UTC; decimals, whole numbers beyond 32 bits and arrays are exact."""
    columns = 'return_id, "date", returned_at, country, refund, reasons'
    assert first.rows("returns_lakehouse.clean_returns", columns) == known.CLEAN_RETURNS


def test_clean_scans_holds_the_records_of_the_pages(first: Installation) -> None:
    """Columns are found by path, and a nested record is a STRUCT."""
    columns = 'scan_id, return_id, "date", scanned_at, station'
    assert first.rows("returns_lakehouse.clean_scans", columns) == known.CLEAN_SCANS


def test_provenance_says_which_record_of_which_file(first: Installation) -> None:
    """A file of landing comes with its time, and a page with the run's clock."""
    columns = "return_id, _file, _line, _file_time"
    dropped = known.DROPPED.replace(tzinfo=None)
    held = first.rows("returns_lakehouse.clean_returns", columns)
    assert held[1] == (2, known.SECOND_FILE, 3, dropped)
    scanned = first.rows("returns_lakehouse.clean_scans", "scan_id, _file, _line, CAST(_file_time AS VARCHAR)")
    assert scanned[1] == (2, "scans/2025-04-07-1.json", 2, "2025-04-08 16:00:00")


def test_the_reference_table_holds_its_seed(first: Installation) -> None:
    """All three countries are there."""
    assert first.rows("returns_lakehouse.countries", "code, name, region") == known.COUNTRIES


def test_rejects_carry_all_their_codes(first: Installation) -> None:
    """Each has file, line and every code, of CSV and of JSON alike."""
    assert first.rows("returns_lakehouse.returns_rejects", "file, line, codes") == known.REJECTS


def test_a_rejected_record_is_kept_as_it_came(first: Installation) -> None:
    """Raw text is a line of CSV or a record of JSON."""
    raw = dict(first.ask("SELECT file || ' ' || CAST(line AS VARCHAR), raw FROM returns_lakehouse.returns_rejects"))
    assert raw[f"{known.FIRST_FILE} 7"] == "6,only,three"
    assert json.loads(raw["scans/2025-04-07-2.json 2"]) == "junk"
    assert json.loads(raw["scans/2025-04-07-3.json 1"]) == known.scans()["2025-04-07"][4]


def test_rows_without_a_parent_wait(first: Installation) -> None:
    """These are the return of a country that nobody knows, and the scan of a return that nobody knows."""
    assert first.rows("returns_lakehouse.returns_pending", "file, line, codes") == known.PENDING


def test_gold_by_day_and_country(first: Installation) -> None:
    """Returns and scanned returns are counted, and refunds add up exactly."""
    assert first.rows("returns_gold.daily_returns") == known.DAILY


def test_gold_that_reads_gold_and_the_reference_table(first: Installation) -> None:
    """The same counts and sums are there by region."""
    assert first.rows("returns_gold.region_returns") == known.REGIONS


def test_the_report_is_exported(first: Installation) -> None:
    """There is one file, named by the last day, with the rows of the window."""
    assert first.files("reports", "*") == {"reports/Returns-2025-04-08.csv"}
    assert (first.lake / "reports" / "Returns-2025-04-08.csv").read_text("utf-8") == known.REPORT


def names_in(place: Installation, folder: str) -> list[str]:
    """Return the names of the CSV files below a folder; in the archive the etag stands before each name."""
    return [name.rpartition("/")[2] for name in place.files(folder, "*.csv")]


def test_landed_files_and_pages_are_kept(first: Installation) -> None:
    """Files are moved from landing to the archive of the run's day; every page lies in bronze, empty days included."""
    assert not list(first.landing.rglob("*.csv"))
    archived = sorted(name.split("-", 1)[1] for name in names_in(first, "archived/returns/returns/2025-04-08"))
    assert archived == ["2025-04-07.csv", "2025-04-08.csv"]
    pages = sorted(tuple(name.split("/")[3:6:2]) for name in first.files("bronze/returns/scans", "*.json"))
    empty = [(f"2025-04-0{day}", "1.json") for day in range(2, 7)]
    assert pages == [*empty, *(("2025-04-07", f"{n}.json") for n in (1, 2, 3)), ("2025-04-08", "1.json")]


def test_a_field_that_no_contract_knows_is_told(first: Installation) -> None:
    """The page is loaded all the same."""
    assert first.report()["extra_columns"] == {"scans/2025-04-08-1.json": ["mood"]}
