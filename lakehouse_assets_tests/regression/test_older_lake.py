"""A lake of an older version is read and loaded into as its own version left it; gold once the lake is relocated."""

from __future__ import annotations

import json
import tarfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.reports import LOAD
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.operations.cli import main
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.lake import LakeDriver, counts_of, csv_file
from lakehouse_assets_tests.regression.older_lake import (
    ARCHIVE,
    MADE_AT,
    PENDING,
    REJECTS,
    Rows,
    contents,
    figures_now,
    records,
    unpack,
)

DELTA = [table for table in contents()["tables"] if table.startswith("delta_lakehouse.")]
GOLD = [table for table in contents()["tables"] if table.startswith("ecommerce_gold.")]
ORDER = (
    "order_num,order_id,user_id,order_timestamp,total_amount,date\n9,10008,777,2025-04-01T11:30:00,5.00,2025-04-01\n"
)
"""The order that eight pending records of the first day wait for, two of them versions of one item; it was rejected,
because it came without its number."""


class Older:
    """A copy of the older lake, asked through the command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.lake, self._capsys = unpack(folder), capsys

    def ask(self, sql: str, *more: str) -> Rows:
        """The rows that `lakehouse sql` answers."""
        self._capsys.readouterr()
        assert self.call("sql", sql, "--format", "json", *more) == 0
        rows: Rows = json.loads(self._capsys.readouterr().out)
        return rows

    def call(self, *command: str) -> int:
        """The exit code of a command."""
        return main([*command, "--lake", str(self.lake)])

    def amounts(self, *more: str) -> list[Any]:
        """What was sold, as gold and as silver say it, perhaps at a time."""
        tables = {"ecommerce_gold.daily_sales": "amount", "delta_lakehouse.clean_orders": "total_amount"}
        sums = (f"SELECT sum({column}) AS amount FROM {table}" for table, column in tables.items())
        return [self.ask(sql, *more)[0]["amount"] for sql in sums]


@pytest.fixture
def older(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Older:
    """A copy of this test's own."""
    return Older(tmp_path, capsys)


@pytest.mark.parametrize("table", DELTA)
def test_silver_and_control_tables_are_read_as_they_were(older: Older, table: str) -> None:
    """Every value of every column that the table had, through `lakehouse sql`."""
    kept = contents()
    assert figures_now(older.ask, table, kept["columns"][table]) == kept["tables"][table]


def test_open_rejects_and_pending_rows_are_read_as_they_were(older: Older) -> None:
    """Each with its file, line and codes."""
    kept = contents()
    assert records(older.ask(REJECTS)) == kept["open_rejects"]
    assert records(older.ask(PENDING)) == kept["pending"]


def test_a_load_goes_on_where_the_older_version_stopped(older: Older, tmp_path: Path) -> None:
    """The order that 8 of the 45 pending records wait for arrives, of which 7 are items; the others go on waiting."""
    lake = LakeDriver(tmp_path)
    first_seen = lake.rows("SELECT min(first_seen) AS at FROM delta_lakehouse.ecommerce_pending")[0]["at"]
    report = lake.load(csv_file("orders", "orders/late.csv", ORDER), as_of=first_seen + timedelta(hours=1))
    counts = counts_of(report)
    assert [counts["clean_orders"][name] for name in ("read", "inserted")] == [1, 1]
    fates = ("retried", "inserted", "superseded", "pending")
    assert [counts["clean_orders_items"][name] for name in fates] == [45, 7, 1, 37]
    assert older.ask("SELECT count(*) AS n FROM delta_lakehouse.clean_orders_items") == [{"n": 343 + 7}]


def test_a_replay_reads_the_rejects_of_the_older_version(older: Older, tmp_path: Path) -> None:
    """Rows without a date are as wrong as they were, so all 23 rejects stay open and none is there twice."""
    lake = LakeDriver(tmp_path)
    first_seen = lake.rows("SELECT min(first_seen) AS at FROM delta_lakehouse.ecommerce_pending")[0]["at"]
    as_of = first_seen + timedelta(hours=1)
    report = lake.load(as_of=as_of, mode="replay", selection={"code": "date_missing"}, max_reject_ratio=1.0)
    rejected = {name: counts["rejected"] for name, counts in counts_of(report).items()}
    assert rejected == {"clean_products": 0, "clean_orders": 1, "clean_orders_items": 2}
    assert records(older.ask(REJECTS)) == contents()["open_rejects"]


def test_gold_is_read_as_it_was_once_the_lake_is_relocated(older: Older) -> None:
    """Refused before; every value of every column that the tables had afterwards."""
    kept = contents()
    assert [older.call("sql", f"SELECT * FROM {table}") for table in GOLD] == [2] * len(GOLD)
    assert older.call("relocate") == 0
    for table in GOLD:
        assert figures_now(older.ask, table, kept["columns"][table]) == kept["tables"][table]


def test_a_relocated_lake_shows_its_past(older: Older) -> None:
    """As each later run began, gold held what silver held, which was less than today by the day that it loaded."""
    older.call("relocate")
    began = older.ask("SELECT DISTINCT as_of FROM delta_lakehouse.ecommerce_run_ledger ORDER BY as_of")
    past = [older.amounts("--as-of", run["as_of"]) for run in began[1:]]
    now = older.amounts()
    assert all(gold == silver for gold, silver in [*past, now])
    assert sorted({Decimal(gold) for gold, _ in past}) == [Decimal(gold) for gold, _ in past]
    assert Decimal(past[0][0]) < Decimal(past[1][0]) < Decimal(now[0])


def test_a_relocated_lake_is_run_and_replayed(older: Older) -> None:
    """A file dropped into the lake's own landing reaches gold, and a replay goes through, nowhere but here."""
    older.call("relocate")
    before = older.amounts()
    drop = older.lake / "land-folder/Data/orders/late.csv"
    drop.parent.mkdir(parents=True, exist_ok=True)
    drop.write_text(ORDER, "utf-8")
    assert older.call("run", "ecommerce", "--max-reject-ratio", "1") == 0
    assert older.amounts() == [str(Decimal(amount) + 5) for amount in before]
    assert older.call("rejects", "replay", "--code", "date_missing") == 0
    assert older.amounts() == [str(Decimal(amount) + 5) for amount in before]
    assert not Path(MADE_AT).exists()


def test_gold_of_a_relocated_lake_gets_room_for_larger_sums(older: Older) -> None:
    """Two orders of the largest amount that a row may have; rows that nothing touched keep their values."""
    older.call("relocate")
    untouched = "SELECT * FROM ecommerce_gold.user_orders WHERE user_id NOT IN ('777', '778') ORDER BY user_id"
    before = older.ask(untouched)
    row = "9,{0},{1},2025-04-01T11:30:00,9999999999999999.99,2025-04-01\n"
    drop = older.lake / "land-folder/Data/orders/nines.csv"
    drop.parent.mkdir(parents=True, exist_ok=True)
    drop.write_text(ORDER.splitlines()[0] + "\n" + row.format("n1", "778") + row.format("n2", "778"), "utf-8")
    assert older.call("run", "ecommerce", "--max-reject-ratio", "1") == 0
    kinds = {row["column"]: row["type"] for row in older.ask("DESCRIBE ecommerce_gold.user_orders")}
    assert kinds["amount"] == "decimal(38,2)"
    amount = "SELECT amount FROM ecommerce_gold.user_orders WHERE user_id = '778'"
    assert older.ask(amount) == [{"amount": "19999999999999999.98"}]
    assert older.ask(untouched) == before


def test_the_archive_holds_a_whole_lake() -> None:
    """Tables, catalog, archived and quarantined files, runs and the lease, made at a folder that is nobody's own."""
    with tarfile.open(ARCHIVE) as archive:
        names = archive.getnames()
        catalog = archive.extractfile("lake/catalog.db")
        assert catalog is not None
        assert f"file://{MADE_AT}/ecommerce_gold/".encode() in catalog.read()
    parts = {name.split("/")[1] for name in names if name.count("/")}
    assert {"archived", "quarantine", "runs", "leases", "lakehouse-dwh", "ecommerce_gold", "catalog.db"} <= parts


def test_runs_of_the_older_version_are_read(older: Older) -> None:
    """Every manifest, and every report of a load, in the folders of its runs; one of them was a replay."""
    store = open_store(str(older.lake), create=False)
    folders = [RunFolder(store, "ecommerce", path.name) for path in (older.lake / "runs" / "ecommerce").iterdir()]
    manifests = {folder.run_id: folder.manifest() for folder in folders}
    assert sorted(manifest.mode for manifest in manifests.values()) == ["load", "load", "load", "replay"]
    assert all(manifest.run_id == run_id for run_id, manifest in manifests.items())
    loads = [folder.report(LOAD, LoadReport) for folder in folders]
    read = sum(table.counts.read for load in loads if load for table in load.tables.values())
    archived = sum(len(manifest.files) for manifest in manifests.values())
    assert read > 343
    assert archived == len(
        list((older.lake / "archived").rglob("*.csv*")) + list((older.lake / "quarantine").rglob("*.csv*"))
    )
