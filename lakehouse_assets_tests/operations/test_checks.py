"""`lakehouse checks`: states, formats, exit codes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.operations.check_formats import to_json, to_junit, verdict
from lakehouse_assets.operations.check_html import to_html
from lakehouse_assets.operations.check_results import CheckState
from lakehouse_assets_tests.operations.conftest import ORDERS, Cli, Shop, put

FAILED = CheckState(
    "silver/a", "keys", "failed", "no key <twice>", blocking=True, passed=False, severity="ERROR", failing=2,
    sample=[{"id": "7 & \x00 <b>"}], sql="SELECT id < 3 FROM a",
)  # fmt: skip
MADE = datetime(2026, 11, 27, 4, 5, 6, tzinfo=UTC)
PASSED = CheckState("silver/a", "counts", "passed", "counts add up", blocking=True, passed=True, severity="ERROR")
WARNED = CheckState("gold/b", "volume", "failed", "enough rows", blocking=False, passed=False, severity="WARN")
ERRORED = CheckState("gold/b", "totals", "errored", "totals agree", blocking=True)
STATES = [WARNED, ERRORED, FAILED, PASSED]


def test_a_good_run_passes_every_required_check(cli: Cli, shown: Shop) -> None:
    """After a run all checks have a result, and warnings alone leave the exit code at 0."""
    result = cli("checks", "--format", "json", *shown.at)
    document = json.loads(result.out)
    assert result.code == 0
    assert document["ok"] is True
    assert set(document["counts"]) == {"passed", "failed"}
    states = {(check["table"], check["check"]): check for check in document["checks"]}
    assert states["silver/clean_orders", "rejects"]["failing"] == 1
    assert states["silver/clean_orders", "keys_unique"]["status"] == "passed"


def test_without_a_run_every_check_never_ran(cli: Cli, tmp_path: Path) -> None:
    """A lake without history is not to be relied on."""
    result = cli("checks", "--lake", tmp_path)
    assert result.code == 1
    assert "never run" in result.out
    assert list(tmp_path.iterdir()) == []


def test_whole_tables_are_asked_anew(cli: Cli, shop: Shop) -> None:
    """What a run answered may be out of date: a key that a foreign hand doubled is found, and nothing is written."""
    orders = shop.lake / "lakehouse-dwh" / "clean_orders"
    assert cli("checks", "--now", *shop.at).code == 0
    table = DeltaTable(orders)
    write_deltalake(table, pa.table(table.to_pyarrow_table()), mode="append")
    versions, history = table.version(), sorted(path.name for path in (shop.lake / "runs/ecommerce").iterdir())
    assert cli("checks", *shop.at).code == 0
    result = cli("checks", "--now", "--format", "json", *shop.at)
    states = {(c["table"], c["check"]): c for c in json.loads(result.out)["checks"]}
    assert result.code == 1
    twice = states["silver/clean_orders", "keys_unique"]
    assert (twice["status"], twice["failing"], twice["is_required"]) == ("failed", 2, True)
    assert [row["n"] for row in twice["sample"]] == ["2", "2"]
    assert states["gold/daily_sales", "keys_unique"]["status"] == "passed"
    assert ("silver/clean_orders", "rejects") not in states
    assert DeltaTable(orders).version() == versions
    assert sorted(path.name for path in (shop.lake / "runs/ecommerce").iterdir()) == history


def test_tables_that_cannot_be_asked_are_not_good(cli: Cli, shop: Shop, tmp_path: Path) -> None:
    """One that is not there yet was never asked, one that cannot be read is named, and all others are asked."""
    (tmp_path / "new").mkdir()
    empty = cli("checks", "--now", "--lake", tmp_path / "new")
    assert (empty.code, "never run" in empty.out, list((tmp_path / "new").iterdir())) == (1, True, [])
    for path in (shop.lake / "lakehouse-dwh" / "clean_products").rglob("*.parquet"):
        path.unlink()
    result = cli("checks", "--now", "--format", "json", *shop.at)
    states = {(c["table"], c["check"]): c["status"] for c in json.loads(result.out)["checks"]}
    assert result.code == 1
    assert "clean_products" in result.err
    assert states["silver/clean_products", "keys_unique"] == states["silver/clean_products", "readable"] == "errored"
    assert states["silver/clean_orders", "keys_unique"] == "passed"


def test_a_result_older_than_its_table_is_stale(cli: Cli, shop: Shop) -> None:
    """When a table was materialized after its checks, they are stale and the exit code is 1."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(shop.lake / "dagster")) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(["gold", "daily_sales"]))
    result = cli("checks", "--format", "json", *shop.at)
    stale = {check["table"] for check in json.loads(result.out)["checks"] if check["status"] == "stale"}
    assert result.code == 1
    assert stale == {"gold/daily_sales"}


def test_a_check_whose_step_failed_is_errored(cli: Cli, shop: Shop) -> None:
    """A load that fails gives its own checks no answer; those of steps never reached keep their last result."""
    bad = "".join(f"{n},{n},7,2025-04-01T10:00:00,ten,2025-04-01\n" for n in range(500, 512))
    put(shop.landing, {"orders/bad.csv": ORDERS + bad})
    assert cli("run", "ecommerce", *shop.at, "--landing", shop.landing).code == 1
    result = cli("checks", "--format", "json", *shop.at)
    states = {(c["table"], c["check"]): c["status"] for c in json.loads(result.out)["checks"]}
    assert result.code == 1
    assert states["silver/clean_orders", "reconciliation"] == "errored"
    assert states["gold/user_orders", "keys_unique"] == "passed"


def states(cli: Cli, shop: Shop) -> dict[tuple[str, str], dict[str, Any]]:
    """All checks by table and name."""
    document = json.loads(cli("checks", "--format", "json", *shop.at).out)
    return {(check["table"], check["check"]): check for check in document["checks"]}


def quiet_run(cli: Cli, shop: Shop) -> None:
    """A run that finds nothing to do."""
    nowhere = shop.lake.with_name("empty")
    nowhere.mkdir(exist_ok=True)
    assert "nothing to do" in cli("run", "ecommerce", *shop.at, "--landing", nowhere).out


def test_a_run_with_nothing_to_do_changes_no_result(cli: Cli, shop: Shop) -> None:
    """Neither a status nor what was found, when and by which run; only ages and landing were asked by the quiet run."""
    before = states(cli, shop)
    for _ in range(2):
        quiet_run(cli, shop)
    after = states(cli, shop)
    aged = {key for key in before if key[1] in {"freshness", "left_files"}}
    assert {key: after[key] for key in before if key not in aged} == {
        key: before[key] for key in before if key not in aged
    }
    assert {key: after[key]["status"] for key in aged} == {key: before[key]["status"] for key in aged}
    assert all(after[key]["at"] > before[key]["at"] for key in aged)


def test_a_stale_result_stays_stale_in_a_quiet_run(cli: Cli, shop: Shop) -> None:
    """It was found before the table was made anew, however often it is said again; ages are asked of the new one."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(shop.lake / "dagster")) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(["gold", "daily_sales"]))
    stale = {key for key, check in states(cli, shop).items() if check["status"] == "stale"}
    quiet_run(cli, shop)
    still = {key for key, check in states(cli, shop).items() if check["status"] == "stale"}
    assert stale - still == {("gold/daily_sales", "freshness")}
    assert still


def test_a_check_that_could_not_be_answered_is_not_made_good_by_a_quiet_run(cli: Cli, shop: Shop) -> None:
    """The pass of the run before the failed one is not said again in its place."""
    bad = "".join(f"{n},{n},7,2025-04-01T10:00:00,ten,2025-04-01\n" for n in range(500, 512))
    put(shop.landing, {"orders/bad.csv": ORDERS + bad})
    assert cli("run", "ecommerce", *shop.at, "--landing", shop.landing).code == 1
    quiet_run(cli, shop)
    found = states(cli, shop)
    assert found["silver/clean_orders", "reconciliation"]["status"] == "errored"
    assert found["gold/user_orders", "keys_unique"]["status"] == "passed"


def test_junit_is_xml_with_a_case_per_check() -> None:
    """Required failures fail, errors err, warnings are skipped; characters that XML cannot hold do no harm."""
    root = ET.fromstring(to_junit(STATES))  # noqa: S314 - our own text
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {"volume": ["skipped"], "totals": ["error"], "keys": ["failure"], "counts": []}


def test_html_is_one_page_with_rows_and_sql() -> None:
    """What is wrong comes first, with its failing rows and SQL, escaped; nothing is loaded from elsewhere."""
    page = to_html(STATES, "/some/lake", MADE)
    HTMLParser().feed(page)
    assert page.index("totals agree") < page.index("enough rows") < page.index("counts add up")
    assert "SELECT id &lt; 3 FROM a" in page
    assert "7 &amp; " in page
    assert "http" not in page


def test_json_says_what_is_required() -> None:
    """Each check tells whether it is required and good."""
    checks = {check["check"]: check for check in json.loads(to_json(STATES))["checks"]}
    assert {name: check["is_good"] for name, check in checks.items()} == {
        "volume": True, "totals": False, "keys": False, "counts": True,
    }  # fmt: skip


def test_the_verdict_counts_required_checks() -> None:
    """One sentence says whether all is well."""
    assert verdict(STATES).startswith("not ok, 2 required checks are not passed and current: ")
    assert verdict([PASSED, WARNED, WARNED]) == "ok: 2 warned, 1 passed"


def test_an_old_table_is_said_to_be_old_in_words(cli: Cli, shown: Shop) -> None:
    """The newest day, and how long before the run it is; what warns is not called failed."""
    for options in ([], ["--now"]):
        out = cli("checks", *options, *shown.at).out
        days = (datetime.now(UTC).date() - date(2025, 4, 1)).days
        assert f"silver/clean_orders.freshness: newest 2025-04-01, {days} days before the run" in out
        assert "! failed" not in out
        assert " warned" in out.splitlines()[-1]


def test_since_leaves_out_what_was_found_before(cli: Cli, shown: Shop) -> None:
    """Exit code and what is not good are told whatever the time."""
    everything = json.loads(cli("checks", "--format", "json", *shown.at).out)["checks"]
    assert len(json.loads(cli("checks", "--format", "json", "--since", "2025-04-03", *shown.at).out)["checks"]) == len(
        everything
    )
    later = cli("checks", "--format", "json", "--since", "2100-01-01", *shown.at)
    assert (later.code, json.loads(later.out)["checks"]) == (0, [])
    assert "--since is `soon`" in cli("checks", "--since", "soon", *shown.at).err


def test_each_check_has_its_history(cli: Cli, shop: Shop) -> None:
    """Of two runs that loaded something there are two results, the newest first, of what stood open after each."""
    put(shop.landing, {"orders/2025-04-02.csv": ORDERS + "1,103,9,2025-04-02T10:00:00,5.25,2025-04-02\n"})
    assert cli(*shop.run).code == 0
    quiet_run(cli, shop)
    past = states(cli, shop)["silver/clean_orders", "rejects"]["history"]
    assert [(one["passed"], one["failing"]) for one in past] == [(False, 1), (False, 1)]
    assert past[0]["at"] > past[1]["at"]
    assert cli("checks", "--format", "html", *shop.at).out.count('<li class="warn"') >= 1


@pytest.mark.parametrize("form", ["table", "json", "junit", "html"])
def test_out_writes_a_file(cli: Cli, shown: Shop, tmp_path: Path, form: str) -> None:
    """Each format goes into a file, and stdout stays empty."""
    result = cli("checks", "--format", form, "--out", tmp_path / "checks", *shown.at)
    assert result.code == 0
    assert result.out == ""
    assert "keys_unique" in (tmp_path / "checks").read_text()
