"""`lakehouse rebuild silver`: what is lost comes back from the archive as it was, or nothing is changed."""

from __future__ import annotations

import json
import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from lakehouse_assets.operations.cli import main
from lakehouse_assets_tests.operations.conftest import FIRST, ORDERS, SECOND, Cli, Shop, put
from lakehouse_assets_tests.operations.test_damage import scribble

WAREHOUSE = "lakehouse-dwh"
TABLES = ("clean_products", "clean_orders", "clean_orders_items", "ecommerce_pending", "ecommerce_rejects")
LATE = {"orders/late.csv": ORDERS + "4,104,7,2025-04-02T10:00:00,1.50,2025-04-02\n5,105,7,never,2,2025-04-02\n"}
Rows = dict[str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake after two loads, a replay with a correction and one more load."""
    folder = tmp_path_factory.mktemp("made")
    shop = Shop(folder / "lake", folder / "landing")
    for files in (FIRST, SECOND):
        put(shop.landing, files)
        printed(*shop.run)
    rows = printed("rejects", "show", "--format", "csv", *shop.at)
    (folder / "corrected.csv").write_text(rows.replace("ten", "7.00"), "utf-8")
    printed("rejects", "replay", "--with", str(folder / "corrected.csv"), *shop.at)
    put(shop.landing, LATE)
    printed(*shop.run)
    return folder


def printed(*arguments: str) -> str:
    """What a command that succeeds prints."""
    with redirect_stdout(StringIO()) as out:
        assert main([*arguments]) == 0
    return out.getvalue()


@pytest.fixture
def shop(made: Path, tmp_path: Path, cli: Cli) -> Shop:
    """A copy of the lake as one of its own, with its landing."""
    shutil.copytree(made, tmp_path / "shop")
    copied = Shop(tmp_path / "shop" / "lake", tmp_path / "shop" / "landing")
    assert cli("relocate", "--lake", copied.lake).code == 0
    return copied


def rows(cli: Cli, shop: Shop) -> Rows:
    """Every value of every table that is made anew."""
    asked = {t: f"SELECT * FROM delta_lakehouse.{t} ORDER BY 1, 2, 3, 4" for t in TABLES}
    answers = {table: cli("sql", sql, "--format", "json", "--lake", shop.lake) for table, sql in asked.items()}
    assert {answer.code for answer in answers.values()} == {0}
    return {table: answer.out for table, answer in answers.items()}


def lose(shop: Shop, *tables: str) -> None:
    """Delete the folders of these tables."""
    for table in tables:
        shutil.rmtree(shop.lake / WAREHOUSE / table)


@pytest.mark.parametrize(
    "lost", [TABLES[1:2], TABLES, (*TABLES, "ecommerce_run_ledger")], ids=["one table", "silver", "all with the ledger"]
)
def test_what_is_lost_comes_back_as_it_was(shop: Shop, cli: Cli, lost: tuple[str, ...]) -> None:
    """Silver, pending rows and rejects, replayed and corrected ones included, to the last value; then gold follows."""
    before = rows(cli, shop)
    lose(shop, *lost)
    told = cli(*shop.run)
    assert (told.code, "lakehouse rebuild silver" in told.err) == (1, True)
    done = cli("rebuild", "silver", "--lake", shop.lake)
    assert (done.code, done.err) == (0, "")
    assert "All 4 loads of 5 files were done again and counted what they counted." in done.out
    assert done.out.count("made anew") == len(lost)
    assert rows(cli, shop) == before
    assert cli(*shop.run).code == 0
    assert rows(cli, shop) == before
    assert not (shop.lake / "rebuild").exists()


def test_damaged_files_come_back_too(shop: Shop, cli: Cli) -> None:
    """A table whose log can be read gets a new version; one whose log cannot is set aside, and nothing is deleted."""
    before, warehouse = rows(cli, shop), shop.lake / WAREHOUSE
    for file in (warehouse / "clean_orders").glob("*.parquet"):
        file.unlink()
    for file in (warehouse / "ecommerce_rejects" / "_delta_log").glob("*.json"):
        file.write_text("{", "utf-8")
    assert cli("rebuild", "silver", "--lake", shop.lake).code == 0
    assert rows(cli, shop) == before
    assert len(list((warehouse / "clean_orders" / "_delta_log").glob("*.json"))) > 2
    assert [path.name.rpartition("ecommerce_rejects")[1] for path in (shop.lake / "damaged").iterdir()] != [""]


@pytest.mark.parametrize("table", ["clean_orders", "ecommerce_rejects", "ecommerce_run_ledger"])
def test_a_table_whose_bytes_changed_comes_back_too(shop: Shop, cli: Cli, table: str) -> None:
    """Sizes and footers are right, so that only who reads the values sees it; the command does."""
    before = rows(cli, shop)
    for file in (shop.lake / WAREHOUSE / table).rglob("*.parquet"):
        scribble(file)
    done = cli("rebuild", "silver", "--lake", shop.lake)
    assert (done.code, done.err, done.out.count("made anew")) == (0, "", 1)
    assert rows(cli, shop) == before


def test_a_log_file_without_a_byte_costs_no_rows(shop: Shop, cli: Cli) -> None:
    """Who reads it takes it for a commit of nothing; it is told, and all rows come back."""
    before = rows(cli, shop)
    max((shop.lake / WAREHOUSE / "clean_orders/_delta_log").glob("*.json")).write_bytes(b"")
    done = cli("rebuild", "silver", "--lake", shop.lake)
    assert (done.code, done.err, done.out.count("made anew")) == (0, "", 1)
    assert rows(cli, shop) == before


def test_a_sound_lake_is_left_as_it_is(shop: Shop, cli: Cli) -> None:
    """It is proven to be what the archive gives, and no file of a table changes."""
    files = {path: path.stat().st_mtime_ns for path in (shop.lake / WAREHOUSE).rglob("*") if path.is_file()}
    done = cli("rebuild", "silver", "--lake", shop.lake)
    assert (done.code, "Nothing had to be written." in done.out) == (0, True)
    assert files == {path: path.stat().st_mtime_ns for path in (shop.lake / WAREHOUSE).rglob("*") if path.is_file()}


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("a,b\n", "utf-8")], ids=["gone", "other"])
def test_without_a_file_nothing_is_changed(shop: Shop, cli: Cli, spoil: object) -> None:
    """The refusal names the file, whether it is gone from the archive or holds something else by now."""
    (archived,) = (shop.lake / "archived").rglob("*-2025-04-02.csv")
    spoil(archived)  # type: ignore[operator] # one of the two functions above
    lose(shop, "clean_orders")
    refused = cli("rebuild", "silver", "--lake", shop.lake)
    assert (refused.code, "orders/2025-04-02.csv" in refused.err) == (1, True)
    assert not (shop.lake / WAREHOUSE / "clean_orders").exists()
    done = cli("rebuild", "silver", "--accept-differences", "--lake", shop.lake)
    assert (done.code, "Accepted: `orders/2025-04-02.csv` (etag " in done.out) == (0, True)
    orders = json.loads(rows(cli, shop)["clean_orders"])
    assert sorted(row["order_id"] for row in orders) == ["100", "101", "102", "104"]


def test_other_counts_than_then_are_no_rebuild(shop: Shop, cli: Cli) -> None:
    """A load that rejected two rows more in its day was judged by other rules; its run and count are told."""
    (first, *_) = sorted((shop.lake / "runs" / "ecommerce").glob("*/load.json"), key=lambda path: path.stat().st_mtime)
    report = json.loads(first.read_text("utf-8"))
    report["tables"]["clean_orders"]["rejects"]["amount_invalid"] += 2
    first.write_text(json.dumps(report), "utf-8")
    lose(shop, "clean_orders")
    refused = cli("rebuild", "silver", "--lake", shop.lake)
    told = f"run {first.parent.name}: `clean_orders` had 3 rows rejected as `amount_invalid`, and has 1 now"
    assert (refused.code, told in refused.err) == (1, True)
    assert not (shop.lake / WAREHOUSE / "clean_orders").exists()


def test_rows_that_the_archive_does_not_give_are_told(shop: Shop, cli: Cli) -> None:
    """A table that somebody has changed by hand is not what the loads made."""
    from deltalake import DeltaTable

    DeltaTable(str(shop.lake / WAREHOUSE / "clean_products")).delete("product_id = '2'")
    refused = cli("rebuild", "silver", "--lake", shop.lake)
    assert refused.code == 1
    assert "clean_products` holds 0 rows that the archive does not give, and lacks 1 that it gives" in refused.err


def test_a_replay_without_its_corrected_rows_is_named(shop: Shop, cli: Cli) -> None:
    """It cannot be done again, and is left out where that is accepted: the row that it corrected is open again."""
    (corrected,) = (shop.lake / "runs").rglob("corrected.csv")
    corrected.unlink()
    lose(shop, "clean_orders", "ecommerce_rejects")
    refused = cli("rebuild", "silver", "--lake", shop.lake)
    told = f"`{corrected.relative_to(shop.lake)}`, the corrected rows of a replay, is not there any more"
    assert (refused.code, told in refused.err) == (1, True), refused.err
    assert cli("rebuild", "silver", "--accept-differences", "--lake", shop.lake).code == 0
    assert {row["status"] for row in json.loads(rows(cli, shop)["ecommerce_rejects"])} == {"open"}


MISSING = {"folder": "manifest.json", "manifest.json": "manifest.json", "load.json": "load.json"}


@pytest.mark.parametrize("piece", MISSING)
@pytest.mark.parametrize(
    "lost", [("clean_orders",), ("clean_orders", "ecommerce_run_ledger")], ids=["ledger", "archive"]
)
def test_a_run_that_is_missing_is_named(shop: Shop, cli: Cli, lost: tuple[str, ...], piece: str) -> None:
    """The ledger knows which runs have loaded, and so does the archive; without one of them rows would be lost."""
    (archived,) = (shop.lake / "archived").rglob("*-2025-04-02.csv")
    run = shop.lake / "runs" / "ecommerce" / archived.parent.name
    shutil.rmtree(run) if piece == "folder" else (run / piece).unlink()
    lose(shop, *lost)
    refused = cli("rebuild", "silver", "--lake", shop.lake)
    told = f"run `{run.name}` has loaded, and its `{MISSING[piece]}` is not in `runs` any more"
    assert (refused.code, told in refused.err) == (1, True), refused.err
    assert not (shop.lake / WAREHOUSE / "clean_orders").exists()
    done = cli("rebuild", "silver", "--accept-differences", "--lake", shop.lake)
    assert (done.code, f"Accepted: {told}" in done.out) == (0, True)


@pytest.mark.parametrize("piece", ["manifest", "begun", "load"])
def test_a_damaged_folder_of_a_run_is_named_with_both_ways_out(shop: Shop, cli: Cli, piece: str) -> None:
    """A backup, or to do without: without its manifest a run is left out, without another piece it is not."""
    (archived,) = (shop.lake / "archived").rglob("*-2025-04-02.csv")
    file = shop.lake / "runs/ecommerce" / archived.parent.name / f"{piece}.json"
    file.write_bytes(b"")
    lose(shop, "clean_orders")
    refused = cli("rebuild", "silver", "--lake", shop.lake)
    assert refused.code == 1
    told = f"run `{archived.parent.name}` has loaded, and its file `{file}` cannot be used (JSONDecodeError: "
    assert told in refused.err
    assert "put it back from a backup of the lake" in refused.err
    assert "--accept-differences" in refused.err
    done = cli("rebuild", "silver", "--accept-differences", "--lake", shop.lake)
    assert (done.code, told in done.out) == (0, True)
    orders = {row["order_id"] for row in json.loads(rows(cli, shop)["clean_orders"])}
    assert ("103" in orders) == (piece != "manifest")


def test_a_file_that_was_changed_in_the_archive_is_named_by_its_key(shop: Shop, cli: Cli) -> None:
    """It is there, with other content; nobody has to look for it."""
    (archived,) = (shop.lake / "archived").rglob("*-2025-04-02.csv")
    archived.write_text("a,b\n", "utf-8")
    lose(shop, "clean_orders")
    refused = cli("rebuild", "silver", "--lake", shop.lake)
    key = archived.relative_to(shop.lake).as_posix()
    assert f"was loaded, and lies in the archive with other content, as `{key}`" in refused.err
    assert "neither in the archive" not in refused.err
