"""`lakehouse run --select` brings one gold table up to date and nothing else; `--full-refresh` builds it whole."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.engines.iceberg_commit import live_files, replace
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.operations.conftest import SECOND, Cli, Shop, put

ASKED = "a full refresh was asked for"
BUYERS = "SELECT user_id, orders FROM ecommerce_gold.user_orders ORDER BY user_id"


def report(cli: Cli, shop: Shop, *more: str) -> dict[str, Any]:
    """The report of one more run."""
    done = cli("run", "ecommerce", *shop.at, "--landing", shop.landing, "--json", *more)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def empty_buyers(shop: Shop) -> None:
    """Take all rows out of a gold table behind the back of the ledger, as a bad repair might."""
    contract, lake = contracts("ecommerce")["gold.user_orders"], open_lake(str(shop.lake))
    table = lake.iceberg(contract)
    replace(contract, table, [], live_files(table), lambda: None)


def test_one_table_is_built_whole_and_nothing_else_is_done(cli: Cli, shop: Shop) -> None:
    """Files stay in landing, other tables and silver are not looked at, and the report says why it was rebuilt."""
    empty_buyers(shop)
    put(shop.landing, SECOND)
    # The ledger owes it nothing, so without the option its own check is all that notices.
    unaware = cli("run", "ecommerce", *shop.at, "--landing", shop.landing, "--select", "gold/user_orders")
    assert (unaware.code, "check `user_orders.totals_match_silver` failed" in unaware.err) == (1, True)
    built = report(cli, shop, "--select", "gold/user_orders", "--full-refresh")
    assert (built["gold"]["user_orders"]["inserted"], built["rebuilt"]) == (2, {"user_orders": ASKED})
    assert (built["gold"]["daily_sales"], built["archived"]) == (None, 0)
    assert cli("sql", BUYERS, "--format", "csv", *shop.at).out == "user_id,orders\n7,1\n8,1\n"
    assert len(list(shop.landing.rglob("*.csv"))) == len(SECOND)


def test_a_full_refresh_builds_all_gold_whole_though_nothing_is_new(cli: Cli, shop: Shop) -> None:
    """It is work by itself, and done once: the next run has none."""
    empty_buyers(shop)
    built = report(cli, shop, "--full-refresh")
    assert built["rebuilt"] == dict.fromkeys(("daily_sales", "product_daily", "user_orders"), ASKED)
    assert (built["gold"]["user_orders"]["inserted"], built["gold"]["daily_sales"]["inserted"]) == (2, 0)
    assert report(cli, shop)["status"] == "nothing_to_do"


@pytest.mark.parametrize("name", ["daily_sales", "ecommerce_gold.daily_sales", "gold/daily_sales"])
def test_a_table_is_named_in_any_usual_way(cli: Cli, shown: Shop, name: str) -> None:
    """Bare, as SQL has it, and as the UI shows it."""
    assert [table for table, built in report(cli, shown, "--select", name)["gold"].items() if built] == ["daily_sales"]


WRONG = {
    "--select `clean_orders` is no gold table of `ecommerce`; there are: gold/daily_sales, gold/product_daily": (
        "--select",
        "clean_orders",
    ),
    "--select builds from what silver holds; of the other requests it takes --full-refresh": (
        *("--select", "daily_sales"),
        *("--reprocess", str(date(2025, 4, 1))),
    ),
}


@pytest.mark.parametrize(("sentence", "arguments"), WRONG.items(), ids=WRONG)
def test_a_selection_that_makes_no_sense_is_bad_input(
    cli: Cli, shown: Shop, sentence: str, arguments: tuple[str, ...]
) -> None:
    """No run begins."""
    before = len(list((shown.lake / "runs").rglob("report.json")))
    done = cli("run", "ecommerce", *shown.at, "--landing", shown.landing, *arguments)
    assert (done.code, sentence in done.err) == (2, True)
    assert len(list((shown.lake / "runs").rglob("report.json"))) == before
