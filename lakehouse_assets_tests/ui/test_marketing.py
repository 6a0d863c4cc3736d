"""Pages of the pipeline that pulls from an API: its report, the run that made it, and when it comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.marketing.account import Pulled, account
from lakehouse_assets_tests.marketing.cases.rough import NINE
from lakehouse_assets_tests.ui.launchpad import step_config, write_config
from lakehouse_assets_tests.ui.reading import wait_for_texts
from lakehouse_assets_tests.ui.services import served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.ui, pytest.mark.slow]

JOB = "/locations/lakehouse/jobs/marketing"


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """A lake after one run of a small account."""
    folder = tmp_path_factory.mktemp("marketing")
    with account(folder, days=2, clicks_per_day=30, conversions_per_day=10) as case:
        lake = Pulled(case, folder / "lake")
        lake.run(NINE)
        yield lake


@pytest.fixture(scope="module")
def site(pulled: Pulled) -> Iterator[str]:
    """The UI on it."""
    with served(Settings(lake=pulled.lake)) as address:
        yield address


def test_the_page_of_the_report_table(page: Page, site: str, pulled: Pulled) -> None:
    """Its layer, engine and format, SQL, owner, days as partitions, and where it lies."""
    page.goto(f"{site}/assets/gold/daily_report_sub5_output")
    page.get_by_text("Source code", exact=True).first.wait_for()
    page.get_by_text("run_report", exact=True).first.wait_for()
    place = f"{pulled.lake}/affise_data_fusion/daily_report_sub5_output"
    wait_for_texts(page, "DuckDB", "Iceberg", "gold", "Partitions", "marketing-data@example.com", "sql", place)
    assert page.get_by_text("lakehouse/task").count() == 0


def test_the_page_of_the_exported_file(page: Page, site: str, pulled: Pulled) -> None:
    """It names the file that marketing opens."""
    page.goto(f"{site}/assets/report/sub5_report")
    page.get_by_text(f"{pulled.lake}/reports/Sub5-2026-03-04.csv", exact=False).first.wait_for()


def test_the_page_of_a_run(page: Page, site: str, pulled: Pulled) -> None:
    """It leads to its report and says which days were pulled."""
    with pulled.history() as instance:
        run = instance.get_runs(limit=1)[0].run_id
    page.goto(f"{site}/runs/{run}")
    page.get_by_text("Everything about this run", exact=False).first.wait_for()
    page.get_by_text(str(pulled.lake / "runs" / "marketing" / run / "report.json")).first.wait_for()
    page.get_by_text("2026-03-04", exact=False).first.wait_for()


def test_the_run_of_the_command_is_on_the_timeline_and_in_the_job(page: Page, site: str, pulled: Pulled) -> None:
    """As any run that the UI has started."""
    with pulled.history() as instance:
        run = instance.get_runs(limit=1)[0].run_id
    page.goto(f"{site}/overview/activity/timeline")
    page.get_by_text("marketing", exact=True).first.wait_for()
    page.goto(f"{site}{JOB}/runs")
    page.get_by_text(run[:8]).first.wait_for()


def test_the_launchpad_refuses_what_a_run_cannot_be_asked(page: Page, site: str) -> None:
    """What is no field of a step as it is typed, and days that end before they begin before any run starts."""
    page.goto(f"{site}{JOB}/playground")
    window = "window: {start: '2026-03-04', end: '2026-03-01'}"
    write_config(page, step_config("bronze__affise_plan", window))
    page.get_by_text('Received unexpected config entry "window"', exact=False).first.wait_for()
    write_config(page, step_config("bronze__marketing_manifest", window))
    page.get_by_role("button", name="Launch Run").click()
    page.get_by_role("button", name="Confirm").click()  # that no partition is named
    page.get_by_text(
        "allowed is a first and a last day such as 2025-04-01 and 2025-04-07", exact=False
    ).first.wait_for()
    assert page.get_by_text("Traceback").count() == 0


def test_its_report_shows_the_figures_of_affiliates(page: Page, pulled: Pulled) -> None:
    """`lakehouse report marketing` has the Sub5 report by affiliate, with the numbers that SQL gives."""
    file = pulled.lake.parent / "report.html"
    assert pulled.command("report", "marketing", "--days", 3660, "--out", file).code == 0
    page.goto(file.as_uri())
    table = page.locator('table[aria-label^="By affiliate"]').first
    cells = [row.locator("td").all_text_contents() for row in table.locator("tbody tr").all()]
    sums = (
        "SELECT affiliate_name, sum(click_count) AS clicks FROM affise_data_fusion.daily_report_sub5_output GROUP BY 1"
    )
    by_affiliate = pulled.rows(sums)
    clicks = {row[0].strip(): int(row[3].replace(",", "")) for row in cells}
    each = {row["affiliate_name"]: int(row["clicks"]) for row in by_affiliate}
    assert clicks.pop("all others") == sum(count for name, count in each.items() if name not in clicks) > 0
    assert clicks == {name: each[name] for name in clicks}


def test_the_page_of_its_schedule(page: Page, site: str) -> None:
    """Nine and two o'clock in the account's zone, and on without anybody's doing."""
    page.goto(f"{site}/locations/lakehouse/schedules/marketing_twice_daily")
    page.get_by_text("Europe/Berlin", exact=True).first.wait_for()
    page.get_by_text("Running", exact=True).first.wait_for()
    page.get_by_text("(0 9,14 * * *)", exact=True).first.wait_for()


def test_the_key_of_the_account_is_on_no_page(page: Page, site: str, pulled: Pulled) -> None:
    """Neither where it is pulled with, nor in the list of runs."""
    for path, shown in (("assets/bronze/affise_plan", "what the key may read"), ("runs", "marketing")):
        page.goto(f"{site}/{path}")
        page.get_by_text(shown, exact=False).first.wait_for()
        assert pulled.case.simulator.key not in page.content()
