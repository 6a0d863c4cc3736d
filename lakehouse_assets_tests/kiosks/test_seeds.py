"""Reference tables in a load: what a seed brings, when it is written, what a bad row is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.engines import maintenance
from lakehouse_assets.engines.reference import outdated
from lakehouse_assets.errors import CommitConflict, FenceLost, RejectRatioExceeded, SeedInvalid
from lakehouse_assets.load.ledger import backlog
from lakehouse_assets.load.seeds import SEED_BYTES
from lakehouse_assets_tests.kiosks.lake import COUNTRIES, Kiosks, file_of
from lakehouse_assets_tests.lake import never
from lakehouse_assets_tests.oracle.loading import SOME_DAY

HEADER = "code,region,vat_percent,since\n"
ROWS = "SELECT code, region, vat_percent, since FROM lake.country ORDER BY code"


@pytest.fixture
def lake(tmp_path: Path) -> Kiosks:
    """An empty lake."""
    return Kiosks(tmp_path)


def held(lake: Kiosks) -> list[tuple[Any, ...]]:
    """The reference table's rows by key."""
    return [tuple(row.values()) for row in lake.rows(ROWS)]


def log(lake: Kiosks) -> DeltaTable:
    """The reference table itself."""
    return DeltaTable(str(lake.root / "lakehouse-dwh" / "country"))


def test_a_seed_is_a_table_with_types(lake: Kiosks) -> None:
    """Text becomes typed columns, a blank value NULL, in the protocol that all readers know."""
    report = lake.load()
    assert held(lake) == [
        ("DE", "Europe", 19, date(2020, 1, 1)),
        ("FR", "Europe", 20, None),
        ("JP", "Asia", 10, date(2021, 5, 1)),
    ]
    assert (report.references["country"].rows, report.references["country"].has_changes) == (3, True)
    found = log(lake).protocol()
    assert (found.min_reader_version, found.min_writer_version) == (1, 2)


def test_the_same_seed_writes_nothing_and_touches_nothing(lake: Kiosks) -> None:
    """A second load leaves the table's folder as it is, and gold has nothing to look at."""
    lake.load()
    lake.all_gold()
    before = lake.reference_files()
    report = lake.load()
    assert lake.reference_files() == before
    assert (report.references["country"].rows, report.references["country"].has_changes) == (3, False)
    assert report.touched == {"days": [], "kiosks": []}


def test_a_changed_seed_replaces_the_table_in_one_commit(lake: Kiosks) -> None:
    """New and changed rows come, rows that the seed has no more are gone, and gold looks at everything."""
    lake.load(file_of("sales", 1, "s1,2025-04-01,DE,k1,10.00"))
    lake.all_gold()
    version = log(lake).version()
    lake.countries = f"{HEADER}DE,EU,19,2020-01-01\nUS,America,,\n"
    report = lake.load()
    assert held(lake) == [("DE", "EU", 19, date(2020, 1, 1)), ("US", "America", None, None)]
    assert log(lake).version() == version + 1
    assert report.touched == {"days": None, "kiosks": None}
    assert lake.all_gold()["daily_regions"] == [(date(2025, 4, 1), "EU", 1, 10)]


def test_a_compaction_does_not_make_a_seed_new(lake: Kiosks) -> None:
    """Later commits that note no seed leave the rows as they are."""
    lake.load()
    log(lake).alter.set_table_properties({"delta.logRetentionDuration": "interval 60 days"})
    assert not lake.load().references["country"].has_changes


def test_a_wider_contract_brings_its_column(lake: Kiosks) -> None:
    """A reference table is replaced with its columns, so that no contract of it needs a rebuild by hand."""
    lake.load()
    country = lake.known["reference.country"]
    retyped = [replace(c, type="STRING") if c.name == "vat_percent" else c for c in country.columns]
    lake.known["reference.country"] = replace(
        country, columns=(*retyped, replace(retyped[1], name="iso3", required=False))
    )
    lake.countries = "code,region,vat_percent,since,iso3\nDE,Europe,nineteen,,DEU\n"
    lake.load()
    assert lake.rows("SELECT vat_percent, iso3 FROM lake.country") == [{"vat_percent": "nineteen", "iso3": "DEU"}]


BAD = {
    "line 3 `region_missing` (region is null or blank)": f"{HEADER}DE,Europe,19,\nFR, ,20,\n",
    "line 2 `vat_percent_invalid` (vat_percent is no INT)": f"{HEADER}DE,Europe,many,\n",
    "line 2 `since_invalid` (since is no DATE)": f"{HEADER}DE,Europe,19,yesterday\n",
    "line 2 `code_missing` (code is null or blank)": f"{HEADER},Europe,19,\n",
    "line 3 `code_is_short` (code is short)": f"{HEADER}DE,Europe,19,\nXXX,Europe,19,\n",
    "line 2 `key_repeated` (another row has the same key), line 4 `key_repeated`": (
        f"{HEADER}DE,Europe,19,\nFR,Europe,20,\nDE,Asia,1,\n"
    ),
    "line 3 `row_malformed` (wrong number of fields": f"{HEADER}DE,Europe,19,\nFR,Europe\n",
    "line 4 `row_malformed` (wrong number of fields, or broken": f'{HEADER}"DE","Eu\nrope",19,\nFR,Europe,20,"\n',
    "contract: line 4 `row_malformed`": f'{HEADER}DE,Europe,19,\n\nFR,"Europe,20,\n',
    "breaks its contract: line 2 `code_missing` (code is null or blank), line 2 `region_missing`": f"{HEADER},,1,\n",
    "and 1 more": f"{HEADER},Europe,1,\n,Europe,1,\n,Europe,1,\n,Europe,1,\n",
    "has the columns code, region, expected code, region, vat_percent, since": "code,region\nDE,Europe\n",
    "has the columns (none), expected": "",
}


@pytest.mark.parametrize(("words", "text"), BAD.items(), ids=BAD)
def test_a_bad_row_fails_the_load_by_file_line_and_rule(lake: Kiosks, words: str, text: str) -> None:
    """Nothing is written then: no table, no ledger, and the sales of the run stay in landing."""
    lake.countries = text
    with pytest.raises(SeedInvalid) as refused:
        lake.load(file_of("sales", 1, "s1,2025-04-01,DE,k1,10.00"))
    assert words in str(refused.value)
    assert str(refused.value).startswith("`seeds/country.csv`, the seed of `lake.country`, ")
    assert not list(lake.root.rglob("*.parquet"))


def test_a_seed_that_is_data_is_refused(lake: Kiosks) -> None:
    """What does not fit a lookup is landed; a seed that is no text says in which line."""
    lake.countries = HEADER + "x" * SEED_BYTES
    with pytest.raises(SeedInvalid, match=r"allowed are 16,777,216; land it as a dataset instead"):
        lake.load()
    broken = Seed(lake.known["reference.country"], HEADER.encode() + b"DE,Eur\xf6pa,1,\n")
    lake.seeds = lambda: (broken,)  # type: ignore[method-assign]
    with pytest.raises(SeedInvalid, match="is no UTF-8 in line 2"):
        lake.load()


def test_rows_wait_for_a_code_that_the_seed_has_not(lake: Kiosks) -> None:
    """A sale of an unknown country is pending, and valid in the very run that brings the country."""
    lake.countries = f"{HEADER}DE,Europe,19,\n"
    first = lake.load(file_of("sales", 1, "s1,2025-04-01,DE,k1,10.00", "s2,2025-04-01,JP,k1,1.00"))
    assert first.tables["clean_sales"].counts.pending == 1
    lake.countries = COUNTRIES
    second = lake.load()
    assert (second.tables["clean_sales"].counts.retried, second.tables["clean_sales"].counts.inserted) == (1, 1)


def test_a_code_that_leaves_the_seed_is_unknown_at_once(lake: Kiosks) -> None:
    """The run that takes a country away judges by the new seed; what silver holds already stays."""
    lake.load(file_of("sales", 1, "s1,2025-04-01,FR,k1,10.00"))
    lake.countries = f"{HEADER}DE,Europe,19,\n"
    report = lake.load(file_of("sales", 2, "s2,2025-04-01,FR,k1,10.00"))
    assert report.tables["clean_sales"].counts.pending == 1
    assert [row["sale_id"] for row in lake.rows("SELECT sale_id FROM lake.clean_sales")] == ["s1"]


def test_a_refused_load_leaves_the_reference_table_alone(lake: Kiosks) -> None:
    """Too many rejects: nothing is merged, and a changed seed is not written either."""
    with pytest.raises(RejectRatioExceeded):
        lake.load(file_of("sales", 1, *(f"s{n},never,DE,k1,1.00" for n in range(20))))
    assert not (lake.root / "lakehouse-dwh" / "country").exists()
    assert lake.load().references["country"].has_changes


def test_a_run_that_dies_after_the_reference_table_has_announced_it(lake: Kiosks) -> None:
    """The ledger said that everything is touched before the table changed, so gold catches up whatever happens."""
    lake.load(file_of("sales", 1, "s1,2025-04-01,DE,k1,10.00"))
    lake.all_gold()
    lake.countries = COUNTRIES.replace("Europe", "EU")
    commits: list[int] = []

    def dies() -> None:
        commits.append(1)
        if len(commits) == 3:  # the ledger, the reference table, and then the sale
            raise FenceLost(run_id="run-2", pipeline="kiosks", holder="run-3")

    with pytest.raises(FenceLost):
        lake.load(file_of("sales", 2, "s2,2025-04-02,DE,k1,1.00"), guard=dies)
    assert {row[1] for row in held(lake)} == {"EU", "Asia"}
    gold = lake.known["gold.daily_regions"]
    assert backlog(lake.known["control.kiosks_run_ledger"], lake.value, gold).window is None
    assert lake.all_gold()["daily_regions"] == [(date(2025, 4, 1), "EU", 1, 10)]


def test_a_table_that_changed_meanwhile_is_not_replaced(lake: Kiosks) -> None:
    """The commit goes onto the version that was compared with the seed, or not at all."""
    lake.load()
    lake.countries = f"{HEADER}DE,Europe,19,\n"
    commits: list[int] = []

    def meanwhile() -> None:
        commits.append(1)
        if len(commits) == 2:  # right before the reference table's commit
            log(lake).alter.set_table_properties({"delta.logRetentionDuration": "interval 60 days"})

    with pytest.raises(CommitConflict, match="`country`"):
        lake.load(guard=meanwhile)
    assert len(held(lake)) == 3


def test_the_plan_sees_what_is_outdated(lake: Kiosks) -> None:
    """A seed that is not in the lake, or not like that, is work even when no file landed."""
    assert outdated(lake.seeds(), lake.value) == ("country",)
    lake.load()
    assert outdated(lake.seeds(), lake.value) == ()
    lake.countries += "US,America,,\n"
    assert outdated(lake.seeds(), lake.value) == ("country",)


def test_set_rules_of_a_reference_table_are_answered_in_the_load(lake: Kiosks) -> None:
    """A rule of kind `load` is asked after each load, also when the seed is as it was."""
    rows = [f"E{n},Europe,1," for n in range(4)]
    lake.countries = HEADER + "\n".join(rows) + "\n"
    for _ in range(2):
        (check,) = (c for c in lake.load().checks if c.table == "country")
        assert (check.check, check.failing, check.sample) == ("regions_shared", 1, [{"region": "Europe"}])


def test_care_takes_reference_tables(lake: Kiosks) -> None:
    """Compaction and vacuum treat one as any Delta table; what it holds stays."""
    lake.load()
    lake.countries += "US,America,,\n"
    lake.load()
    country, before = lake.known["reference.country"], held(lake)
    assert maintenance.optimize(country, lake.value, never) == (1, 1)
    assert len(maintenance.vacuum(country, lake.value, never, hours=0, delete=True)) == 1
    assert held(lake) == before


def test_pending_rows_of_an_unknown_code_are_rejected_in_the_end(lake: Kiosks) -> None:
    """A code that never comes is a parent that never came."""
    lake.load(file_of("sales", 1, "s1,2025-04-01,XX,k1,10.00"))
    report = lake.load(as_of=SOME_DAY + timedelta(days=8))
    assert report.rejects == {"country_unknown": 1}


def test_a_seed_is_read_as_strict_csv(lake: Kiosks) -> None:
    """Quoted commas and quotes, a sign and letters beyond ASCII come out alike on either engine."""
    lake.countries = f'{HEADER}DE,"Eu, rope",+7,2020-01-01\n"F""R",Ä,,\n'
    lake.load()
    assert held(lake) == [("DE", "Eu, rope", 7, date(2020, 1, 1)), ('F"R', "Ä", None, None)]
