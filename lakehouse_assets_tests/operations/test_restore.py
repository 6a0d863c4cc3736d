"""`lakehouse restore` gives a table what it held, as a new version, and the next run follows it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.operations.conftest import FIRST, SECOND, Cli, Shop, put

SILVER = "SELECT order_id, total_amount FROM delta_lakehouse.clean_orders ORDER BY order_id"
GOLD = "SELECT user_id, orders, amount FROM ecommerce_gold.user_orders ORDER BY user_id"
FIRST_DAY = {
    SILVER: "order_id,total_amount\n100,10.00\n101,20.50\n",
    GOLD: "user_id,orders,amount\n7,1,10.00\n8,1,20.50\n",
}
BOTH_DAYS = {
    SILVER: "order_id,total_amount\n100,10.00\n101,20.50\n103,5.25\n",
    GOLD: "user_id,orders,amount\n7,1,10.00\n8,1,20.50\n9,1,5.25\n",
}


def asked(cli: Cli, shop: Shop, *more: str) -> dict[str, str]:
    """What silver and gold hold."""
    return {query: cli("sql", query, "--format", "csv", *more, *shop.at).out for query in (SILVER, GOLD)}


def second_day(cli: Cli, shop: Shop) -> str:
    """Load a second day; return the moment before that."""
    time.sleep(0.01)
    before = datetime.now(UTC).isoformat(timespec="milliseconds")
    time.sleep(0.01)
    put(shop.landing, SECOND)
    cli(*shop.run)
    assert asked(cli, shop) == BOTH_DAYS
    return before


def history_of(shop: Shop) -> dict[str, bytes]:
    """Files of logs, metadata and data, which no restore may change or remove; catalog and pointer name the newest."""
    kept = ("_delta_log", "metadata", "parquet")
    files = [path for path in shop.lake.rglob("*") if path.is_file() and any(word in str(path) for word in kept)]
    return {str(path): path.read_bytes() for path in files if path.name != "_last_checkpoint"}


def test_silver_is_restored_as_a_new_version_and_gold_follows_with_the_next_run(cli: Cli, shop: Shop) -> None:
    """The old version can still be asked for; the run is not told that there is nothing to do."""
    before = second_day(cli, shop)
    held = history_of(shop)
    done = cli("restore", "clean_orders", "--as-of", before, *shop.at)
    assert done.code == 0, done.err
    assert "2 rows, 3 before" in done.out
    assert (
        "The next run rebuilds: ecommerce_gold.daily_sales, ecommerce_gold.product_daily, ecommerce_gold.user_orders."
        in done.out
    )
    assert held.items() <= history_of(shop).items()
    assert asked(cli, shop)[SILVER] == FIRST_DAY[SILVER]
    ran = json.loads(cli(*shop.run, "--json").out)
    assert ran["status"] == "succeeded"
    assert asked(cli, shop) == FIRST_DAY


def test_parents_are_restored_after_the_rows_that_name_them(cli: Cli, shop: Shop) -> None:
    """Alone they would leave orphans, at which every run would end; the sentence says what to restore first."""
    before = second_day(cli, shop)
    items = FIRST["order_items/2025-04-01.csv"].splitlines()[0] + "\n9,100,7,,77,1,0,2025-04-01T10:00:00,2025-04-01\n"
    products = FIRST["products.csv"].splitlines()[0] + "\n77,1,Books,Map\n"
    put(shop.landing, {"order_items/2.csv": items, "products/2.csv": products})
    assert cli(*shop.run).code == 0
    refused = cli("restore", "clean_products", "--as-of", before, *shop.at)
    told = (
        "1 row of `delta_lakehouse.clean_orders_items` would lack a parent, so that its check `no_orphans` would stop"
    )
    assert (refused.code, told in refused.err) == (2, True)
    first = f"`lakehouse restore delta_lakehouse.clean_orders_items --as-of {before.replace('+00:00', 'Z')}`"
    assert first in refused.err
    for table in ("clean_orders_items", "clean_products"):
        assert cli("restore", table, "--as-of", before, *shop.at).code == 0
    assert json.loads(cli(*shop.run, "--json").out)["status"] == "succeeded"


def test_a_restore_can_be_taken_back_with_the_command_that_it_prints(cli: Cli, shop: Shop) -> None:
    """History goes on: what was undone is one more version back."""
    before = second_day(cli, shop)
    done = cli("restore", "silver/clean_orders", "--as-of", before, *shop.at)
    (line,) = [line for line in done.out.splitlines() if "To take that back" in line]
    back = line.partition("lakehouse ")[2].split()
    assert cli(*back, *shop.at).code == 0
    cli(*shop.run)
    assert asked(cli, shop) == BOTH_DAYS


def test_gold_is_restored_without_writing_a_data_file_and_rebuilt_by_the_next_run(cli: Cli, shop: Shop) -> None:
    """Iceberg gets a new snapshot that names the old files; history keeps all of its snapshots."""
    before = second_day(cli, shop)
    lake = open_lake(str(shop.lake))
    contract = contracts("ecommerce")["gold.user_orders"]
    held, snapshots = history_of(shop), len(lake.iceberg_document(contract)["snapshots"])
    done = cli("restore", "gold/user_orders", "--as-of", before, *shop.at)
    assert done.code == 0, done.err
    assert "ecommerce_gold.user_orders holds again" in done.out
    assert "The next run rebuilds: ecommerce_gold.user_orders." in done.out
    now = history_of(shop)
    assert held.items() <= now.items()
    new = [path for path in now.keys() - held.keys() if path.endswith(".parquet")]
    assert not [path for path in new if "ecommerce_gold" in path]
    assert len(lake.iceberg_document(contract)["snapshots"]) == snapshots + 1
    assert asked(cli, shop)[GOLD] == FIRST_DAY[GOLD]
    cli(*shop.run)
    assert asked(cli, shop) == BOTH_DAYS


def test_a_table_that_holds_just_that_is_left_alone(cli: Cli, shown: Shop) -> None:
    """No commit, no work for the next run."""
    before = history_of(shown)
    for table in ("clean_orders", "gold/daily_sales"):
        done = cli("restore", table, "--as-of", datetime.now(UTC).isoformat(), *shown.at)
        assert (done.code, "nothing to do" in done.out) == (0, True)
    assert history_of(shown) == before


def test_a_table_under_a_run_is_not_restored(cli: Cli, shown: Shop) -> None:
    """The sentence names the run; nothing is written."""
    before = history_of(shown)
    with Lease(open_store(str(shown.lake)), "ecommerce").acquire("some-run"):
        done = cli("restore", "clean_orders", "--as-of", datetime.now(UTC).isoformat(), *shown.at)
    assert done.code == 1
    assert "held by run `some-run`" in done.err
    assert history_of(shown) == before


def test_checks_of_before_a_restore_are_stale(cli: Cli, shop: Shop) -> None:
    """They were answered by rows that the table does not hold any more."""
    before = second_day(cli, shop)
    cli("restore", "clean_orders", "--as-of", before, *shop.at)
    states = json.loads(cli("checks", "--format", "json", *shop.at).out)["checks"]
    found = {(state["table"], state["check"]): state["status"] for state in states}
    assert found["silver/clean_orders", "keys_unique"] == "stale"
    assert found["silver/clean_products", "keys_unique"] == "passed"


WRONG = {
    "there is no table `orders` to restore; there are: silver/clean_orders,": ("orders", "2025-04-01"),
    "a control table follows the loads": ("ecommerce_rejects", "2025-04-01"),
    "did not exist at 2025-04-01 00:00:00.000 UTC; its first commit is of": ("clean_orders", "2025-04-01"),
    "table `ecommerce_gold.daily_sales` did not exist at": ("daily_sales", "2025-04-01"),
    "--as-of `2999-01-01` is in the future; a table is restored to": ("clean_orders", "2999-01-01"),
    "--as-of is `yesterday`, allowed is a time such as": ("clean_orders", "yesterday"),
}


@pytest.mark.parametrize(("sentence", "arguments"), WRONG.items(), ids=WRONG)
def test_what_cannot_be_restored_is_bad_input(cli: Cli, shown: Shop, sentence: str, arguments: tuple[str, str]) -> None:
    """One sentence each, with what there is; nothing is written."""
    before = history_of(shown)
    table, moment = arguments
    done = cli("restore", table, "--as-of", moment, *shown.at)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert history_of(shown) == before


def test_a_version_whose_files_were_removed_is_refused_by_name(cli: Cli, shop: Shop) -> None:
    """After a vacuum without mercy; the table stays as it is."""
    before = second_day(cli, shop)
    cli("optimize", *shop.at)
    cli("vacuum", "--retention-hours", "0", "--force", "--delete", *shop.at)
    done = cli("restore", "clean_orders", "--as-of", before, *shop.at)
    assert done.code == 2
    assert (
        "cannot be restored to that moment: its data files of then were removed (`lakehouse vacuum`): `part-"
        in done.err
    )
    assert asked(cli, shop) == BOTH_DAYS


def test_a_lake_without_the_table_says_how_to_make_it(cli: Cli, tmp_path: Path) -> None:
    """As every command does."""
    (tmp_path / "lake").mkdir()
    done = cli("restore", "clean_orders", "--as-of", "2025-04-01", "--lake", tmp_path / "lake")
    assert (done.code, "`lakehouse run` creates it" in done.err) == (2, True)
