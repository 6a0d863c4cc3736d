"""`lakehouse run`: the report, exit codes, what people are told, and two runs at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets_tests.operations.conftest import FIRST, ORDERS, SECOND, Cli, Shop, process, put

COUNTS = ["read", "retried", "valid", "rejected", "superseded", "pending", "inserted", "updated", "unchanged"]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Shop]:
    """The JSON report of a first run, made by a process of its own, and its lake."""
    folder = tmp_path_factory.mktemp("first")
    shop = Shop(folder / "lake", folder / "landing")
    put(shop.landing, FIRST | {"orders/broken.csv": SECOND["orders/broken.csv"]})
    result = process(*shop.run, "--json")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out), shop


def test_json_is_the_report_with_all_counts(first: tuple[dict[str, Any], Shop]) -> None:
    """Of three orders one is rejected; of three items one waits for it: every count is there, zeros too."""
    tables = first[0]["tables"]
    assert tables["clean_orders"] == dict(zip(COUNTS, [3, 0, 2, 1, 0, 0, 2, 0, 0], strict=True))
    assert tables["clean_orders_items"] == dict(zip(COUNTS, [3, 0, 2, 0, 0, 1, 2, 0, 0], strict=True))
    assert tables["clean_products"] == dict(zip(COUNTS, [2, 0, 2, 0, 0, 0, 2, 0, 0], strict=True))


def test_json_names_codes_files_gold_and_archive(first: tuple[dict[str, Any], Shop]) -> None:
    """Codes, refused files, gold rows and moved files are reported."""
    report = first[0]
    assert report["status"] == "succeeded"
    assert report["rejects"] == {"amount_invalid": 1}
    assert report["refused_files"] == ["orders/broken.csv"]
    assert {name: facts["rows"] for name, facts in report["gold"].items()} == {
        "daily_sales": 2, "product_daily": 2, "user_orders": 2,
    }  # fmt: skip
    assert report["archived"] == 4
    assert set(report["timings"]) >= {"load", "daily_sales"}


def test_refused_files_and_failed_checks_are_told_once(first: tuple[dict[str, Any], Shop]) -> None:
    """One message per kind lies in the lake."""
    report, shop = first
    told = {path.name for path in (shop.lake / "notifications" / "ecommerce").glob("*.json")}
    assert told == {f"{report['run_id']}-{kind}.json" for kind in ("run_warned",)}


def test_the_report_is_kept_in_the_run_folder(first: tuple[dict[str, Any], Shop]) -> None:
    """What was printed can be read again later."""
    report, shop = first
    kept = json.loads((shop.lake / "runs" / "ecommerce" / report["run_id"] / "report.json").read_text())
    assert kept == report


def test_a_run_with_nothing_new_says_so(cli: Cli, tmp_path: Path) -> None:
    """An empty landing is no failure, and every count is zero."""
    nothing = cli("run", "ecommerce", "--lake", tmp_path / "lake")
    assert nothing.code == 0
    assert "Nothing new" in nothing.out
    assert "lake is new; there was none." in nothing.out
    assert "is new" not in cli("run", "ecommerce", "--lake", tmp_path / "lake").out
    report = json.loads(cli("run", "ecommerce", "--lake", tmp_path / "lake", "--json").out)
    assert report["status"] == "nothing_to_do"
    assert report["tables"]["clean_orders"] == dict.fromkeys(COUNTS, 0)


def test_the_report_for_people_says_what_happened(cli: Cli, shop: Shop) -> None:
    """A second run names counts, the refused file with its reason, gold, and where things are."""
    put(shop.landing, SECOND)
    result = cli(*shop.run)
    assert result.code == 0
    assert result.err == ""
    for text in (
        "✔ succeeded",
        "clean_orders",
        "Refused: `orders/broken.csv`",
        "daily_sales",
        "Archived: 1 file, in quarantine: 1",
        "report.json",
    ):
        assert text in result.out


def test_too_many_rejects_fail_the_run(cli: Cli, tmp_path: Path) -> None:
    """Above the allowed share nothing is merged, the files stay, and the cause is one sentence on stderr."""
    bad = "".join(f"{n},{n},7,2025-04-01T10:00:00,ten,2025-04-01\n" for n in range(12))
    put(tmp_path / "landing", {"orders/bad.csv": ORDERS + bad})
    result = cli("run", "ecommerce", "--lake", tmp_path / "lake", "--landing", tmp_path / "landing", "--json")
    assert result.code == 1
    assert "12 of 12 rows" in result.err
    assert "Traceback" not in result.err
    report = json.loads(result.out)
    assert report["failure"]["error"] == "RejectRatioExceeded"
    assert (report["tables"]["clean_orders"]["rejected"], report["rejects"]) == (12, {"amount_invalid": 12})
    assert (tmp_path / "landing" / "orders" / "bad.csv").exists()


def test_the_second_of_two_runs_says_who_holds_the_pipeline(cli: Cli, shop: Shop) -> None:
    """While another run holds the lease, a run fails with its id and since when."""
    with Lease(FolderStore(shop.lake), "ecommerce").acquire("the-other-run"):
        result = cli(*shop.run)
    assert result.code == 1
    assert "held by run `the-other-run`" in result.err
    assert "since 20" in result.err


def test_reprocessing_an_archived_date_changes_nothing(cli: Cli, shop: Shop) -> None:
    """What was archived today is read again and found unchanged."""
    day = next((shop.lake / "archived" / "ecommerce" / "orders").iterdir()).name
    report = json.loads(cli(*shop.run, "--reprocess", day, "--json").out)
    assert report["tables"]["clean_orders"]["read"] == 3
    assert report["tables"]["clean_orders"]["unchanged"] == 2
    assert report["archived"] == 0


def test_reprocessing_a_date_without_files_is_bad_input(cli: Cli, shop: Shop) -> None:
    """A date on which nothing was archived is the caller's mistake."""
    result = cli(*shop.run, "--reprocess", "2020-01-01")
    assert result.code == 2
    assert "nothing was archived on 2020-01-01" in result.err


def test_verbose_shows_the_log_on_stderr_only(tmp_path: Path) -> None:
    """With --verbose Dagster's log is on stderr, and stdout is the report still."""
    result = process("run", "ecommerce", "--lake", tmp_path / "lake", "--json", "--verbose")
    assert "RUN_START" in result.err
    assert json.loads(result.out)["status"] == "nothing_to_do"
