"""Runs after the first one meet nothing new, late scans, corrected rejects, another seed, and an API that fails."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import dagster as dg

from lakehouse_assets.graph.check_history import evaluation_of, latest_record
from lakehouse_assets.operations.history import instance
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.operations.conftest import Cli
from lakehouse_assets_tests.returns import known
from lakehouse_assets_tests.returns.installation import DAY, Installation


def test_the_same_days_again_write_no_data_file(loaded: Installation, cli: Cli) -> None:
    """Every page is pulled and read again; no table but the run ledger gets a file."""
    before = loaded.data_files()
    again = json.loads(cli("run", "returns", *DAY, "--json").out)
    assert again["status"] == "succeeded"
    scans = again["tables"]["clean_scans"]
    assert (scans["read"], scans["unchanged"], scans["inserted"] + scans["updated"]) == (6, 3, 0)
    assert loaded.data_files() == before
    assert loaded.rows("returns_lakehouse.returns_rejects", "file, line, codes") == known.REJECTS


def test_a_late_scan_changes_its_day_in_both_gold_tables(loaded: Installation, cli: Cli) -> None:
    """A scan of the 7th is pulled with the 8th; one row of each table changes, that of the 7th."""
    eighth = loaded.served["2025-04-08"]
    assert isinstance(eighth, list)
    eighth.append(known.scan(8, 3, "2025-04-07", 23))
    report = json.loads(cli("run", "returns", *DAY, "--json").out)
    changed = {name: (counts["inserted"], counts["updated"]) for name, counts in report["gold"].items()}
    assert changed == {"daily_returns": (0, 1), "region_returns": (0, 1)}
    daily = [*known.DAILY[:2], (*known.DAILY[2][:3], 1, known.DAILY[2][4]), known.DAILY[3]]
    assert loaded.rows("returns_gold.daily_returns") == daily
    assert loaded.rows("returns_gold.region_returns")[1][:4] == (date(2025, 4, 7), "Overseas", 1, 1)


def test_a_corrected_record_of_a_page_is_replayed(loaded: Installation, cli: Cli, tmp_path: Path) -> None:
    """It is shown as CSV, its number is put right, and it is given back: its day counts the scan then."""
    shown = cli("rejects", "show", "--pipeline", "returns", "--code", "scan_id_invalid", "--format", "csv").out
    (row,) = csv.DictReader(shown.splitlines())
    assert (row["_file"], row["scan_id"], row["return_id"]) == ("scans/2025-04-07-3.json", "four", "3")
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(shown.replace(",four,", ",4,"), "utf-8")
    done = cli("rejects", "replay", "--pipeline", "returns", "--with", corrected)
    assert done.code == 0
    assert ": 1 accepted, 0 still rejected, 0 pending.\n" in done.out
    assert loaded.rows("returns_gold.daily_returns")[2][:4] == (date(2025, 4, 7), "US", 1, 1)
    status = "SELECT status FROM returns_lakehouse.returns_rejects WHERE codes = 'scan_id_invalid'"
    assert loaded.ask(status) == [("replayed",)]


def test_a_row_that_waits_is_taken_when_its_parent_comes(loaded: Installation, cli: Cli) -> None:
    """Return 99 lands a run later; the scan that named it was pulled before, and is pulled again."""
    loaded.drop({"returns/late.csv": known.HEADER + "99,2025-04-07T09:00:00,2025-04-07,AT,1,[]\n"})
    assert cli("run", "returns", *DAY).code == 0
    assert loaded.rows("returns_gold.daily_returns")[0][:4] == (date(2025, 4, 7), "AT", 2, 1)
    assert [row[2] for row in loaded.rows("returns_lakehouse.returns_pending", "file, line, codes")] == [
        "unknown_country"
    ]


def test_another_seed_is_loaded_and_gold_is_built_anew(empty: Installation, tmp_path: Path) -> None:
    """The seed gets France and another region for Austria; rows that waited and sums by region follow."""
    package = tmp_path / "src" / "returns"
    shutil.copytree(Path(__file__).parent, package, ignore=shutil.ignore_patterns("test_*", "__pycache__"))
    own = {"LAKEHOUSE_PIPELINES": "returns", "PYTHONPATH": str(package.parent)}
    assert empty.command("run", *DAY, **own).code == 0
    seed = package / "seeds" / "countries.csv"
    seed.write_text(seed.read_text("utf-8").replace("AT,Austria,Central", "AT,Austria,Alps\nFR,France,Central"))
    again = empty.command("run", *DAY, **own)
    assert again.code == 0, again.err
    regions = [row[:3] for row in empty.rows("returns_gold.region_returns")]
    assert regions == [
        (date(2025, 4, 7), "Alps", 1),
        (date(2025, 4, 7), "Central", 2),
        (date(2025, 4, 7), "Overseas", 1),
        (date(2025, 4, 8), "Central", 1),
    ]


def test_a_page_that_is_none_is_refused_and_told(empty: Installation, cli: Cli) -> None:
    """The run goes on with all others, and says which page was refused and why."""
    empty.served["2025-04-06"] = b'{"data": {"found": 0}, "next": null}'
    report = json.loads(cli("run", "returns", *DAY, "--json").out)
    assert (report["status"], list(report["refusals"])) == ("succeeded", ["scans/2025-04-06-1.json"])
    assert "`data.scans`" in report["refusals"]["scans/2025-04-06-1.json"]
    assert empty.rows("returns_gold.daily_returns") == known.DAILY
    told = "".join(path.read_text("utf-8") for path in (empty.lake / "notifications").rglob("*") if path.is_file())
    assert "scans/2025-04-06-1.json" in told


def test_an_api_that_is_down_fails_the_run_and_the_next_one_makes_it_good(empty: Installation, cli: Cli) -> None:
    """One sentence says what does not answer; what landed stays there until a run has pulled."""
    failed = empty.command("run", "returns", *DAY, RETURNS_API="http://127.0.0.1:9")
    assert failed.code == 1
    sentence = "storage `http://127.0.0.1:9` does not answer: no scans of 2025-04-02 (ConnectionError)"
    assert failed.err.splitlines()[-1] == f"error: {sentence}"
    assert len(list(empty.landing.rglob("*.csv"))) == 2
    assert cli("run", "returns", *DAY).code == 0
    assert empty.rows("returns_gold.region_returns") == known.REGIONS
    assert not list(empty.landing.rglob("*.csv"))


def test_silver_is_made_anew_from_pages_that_a_step_before_the_load_pulled(loaded: Installation, cli: Cli) -> None:
    """They are in no plan; the load says which manifest named them. The API is not asked again."""
    scans = loaded.rows("returns_lakehouse.clean_scans", "scan_id, return_id")
    (table,) = (path for path in loaded.lake.rglob("clean_scans") if (path / "_delta_log").is_dir())
    shutil.rmtree(table)
    loaded.served.clear()
    done = cli("rebuild", "silver", "--pipeline", "returns")
    assert (done.code, done.err) == (0, "")
    assert loaded.rows("returns_lakehouse.clean_scans", "scan_id, return_id") == scans


LARGE = "returns/large.csv"
NINES = "999999999999.999999"


def test_refunds_whose_sum_has_no_room_are_named_and_the_rest_is_built(loaded: Installation, cli: Cli) -> None:
    """Two refunds of the 8th from the US have room alone: their group is kept out, until one of them is corrected."""
    rows = "{0},2025-04-08T10:00:00,2025-04-08,US,{1},[]\n"
    loaded.drop({LARGE: known.HEADER + rows.format(21, NINES) + rows.format(22, NINES)})
    report = json.loads(cli("run", "returns", *DAY, "--json").out)
    places = (
        f"clean_returns return_id {of} ({LARGE}, line {line}) has refund {NINES}" for of, line in ((21, 2), (22, 3))
    )
    said = f"date 2025-04-08, country US: no room in `refund`; {'; '.join(places)}"
    assert (report["status"], report["kept_out"]) == ("succeeded", {"daily_returns": [said]})
    assert loaded.rows("returns_gold.daily_returns") == known.DAILY
    assert loaded.rows("returns_gold.region_returns") == known.REGIONS
    before = loaded.data_files()
    assert f"daily_returns lacks: {said}" in cli("run", "returns", *DAY).out
    assert loaded.data_files() == before
    loaded.drop({"returns/mended.csv": known.HEADER + rows.format(22, "-1").replace("10:00", "11:00")})
    assert json.loads(cli("run", "returns", *DAY, "--json").out)["kept_out"] == {}
    added = (known.EIGHTH, "US", 2, 0, Decimal("999999999998.999999"))
    assert loaded.rows("returns_gold.daily_returns") == [*known.DAILY, added]


def test_a_group_that_is_kept_out_fails_a_check_of_its_table_until_it_fits(loaded: Installation, cli: Cli) -> None:
    """It warns, and says so again after a run without news; once the refund is corrected it passes."""
    rows = "{0},2025-04-08T10:00:00,2025-04-08,US,{1},[]\n"
    loaded.drop({LARGE: known.HEADER + rows.format(21, NINES) + rows.format(22, NINES)})
    for _ in range(2):
        assert cli("run", "returns", *DAY).code == 0
        found = latest_check(loaded, "gold/daily_returns", "kept_out")
        assert (found.passed, found.severity.value, found.metadata["failing"].value) == (False, "WARN", 1)
    loaded.drop({"returns/mended.csv": known.HEADER + rows.format(22, "-1").replace("10:00", "11:00")})
    assert cli("run", "returns", *DAY).code == 0
    assert latest_check(loaded, "gold/daily_returns", "kept_out").passed


def latest_check(loaded: Installation, table: str, check: str) -> dg.AssetCheckEvaluation:
    """The newest result of a check in Dagster's history of the lake."""
    key = dg.AssetCheckKey(dg.AssetKey.from_user_string(table), check)
    with instance(Settings(lake=loaded.lake)) as history:
        record = latest_record(history, key)
    evaluation = evaluation_of(record)
    assert evaluation is not None
    return evaluation
