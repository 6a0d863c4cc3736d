"""The page of `lakehouse report`, seen in Chromium: it needs nothing else, fits, and its figures are those of SQL."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from lakehouse_assets.operations.cli import main
from lakehouse_assets.operations.report_figures import figure_section
from lakehouse_assets.operations.report_parts import Chart, Table
from lakehouse_assets.pipelines import pipeline_of
from lakehouse_assets.settings import read_settings
from lakehouse_assets_tests.operations.conftest import SECOND, Shop, open_shop, put
from lakehouse_assets_tests.ui.conftest import FLAGS, browser_path

pytestmark = pytest.mark.ui
SALES = "SELECT date, sum(amount) AS amount, sum(items) AS items FROM ecommerce_gold.daily_sales GROUP BY 1 ORDER BY 1"
BY_DEPARTMENT = (
    "SELECT department, sum(amount) AS amount, sum(items) AS items FROM ecommerce_gold.daily_sales "
    "GROUP BY 1 ORDER BY 2 DESC, 1"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A lake after two days of drops, and its report."""
    found = open_shop(tmp_path_factory.mktemp("reported"))
    put(found.landing, SECOND)
    assert main([*found.run, "--json"]) == 0
    assert main(["report", "ecommerce", *found.at, "--out", str(found.lake.parent / "report.html")]) == 0
    return found


@pytest.fixture(scope="module")
def seen(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page on a phone in the dark; whatever it asks the network for is noted."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=browser_path(), headless=True, args=list(FLAGS),
            viewport={"width": 390, "height": 800}, color_scheme="dark",
        )  # fmt: skip
        page = browser.new_page()
        page.goto(shop.lake.parent.joinpath("report.html").as_uri())
        yield page
        browser.close()


def rows(page: Page, title: str) -> list[list[str]]:
    """The cells of a table of the page, as they stand in it."""
    table = page.locator(f'table[aria-label="{title}"]')
    return [[cell.strip() for cell in row.locator("td").all_text_contents()] for row in table.locator("tbody tr").all()]


def asked(capsys: pytest.CaptureFixture[str], shop: Shop, sql: str) -> list[list[str]]:
    """The rows that SQL answers."""
    capsys.readouterr()
    assert main(["sql", sql, "--format", "csv", *shop.at]) == 0
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:]


def test_figures_are_those_of_sql(capsys: pytest.CaptureFixture[str], shop: Shop, seen: Page) -> None:
    """By day and by department, to the cent: 30.50 on the first day and 5.25 on the second."""
    answer = asked(capsys, shop, SALES)
    assert [row[:2] for row in answer] == [["2025-04-01", "30.50"], ["2025-04-02", "5.25"]]
    title = "Share of the orders' amounts by items, exact to the cent"
    assert rows(seen, title) == [row[:2] for row in answer]
    assert rows(seen, "Items sold") == [[row[0], row[2]] for row in answer]
    assert rows(seen, "By department") == asked(capsys, shop, BY_DEPARTMENT)


def test_arrivals_rejects_and_runs_are_there(seen: Page) -> None:
    """Both runs of today: 8 and 1 rows read, one rejected and one open; the age of each table that promises one."""
    assert [sum(map(int, row[1:])) for row in rows(seen, "Rows read")] == [9]
    assert rows(seen, "Rejected rows by rule") == [["amount_invalid", "1", "0", "0", "0", "0"]]
    assert [row[1:2] + row[4:6] for row in rows(seen, "Latest runs")] == [
        ["succeeded", "1", "0"],
        ["succeeded", "8", "1"],
    ]
    ages = {row[0]: row[1] for row in rows(seen, "Newest business date of each table")}
    assert ages["ecommerce_gold.daily_sales"] == "2025-04-02"
    assert "rejects" in seen.locator("dl").inner_text()


def test_it_needs_no_network_and_fits_a_phone(seen: Page) -> None:
    """No script, no resource, nothing wider than the screen; the charts are drawn, with text, in the dark colours."""
    assert seen.evaluate("performance.getEntriesByType('resource').length") == 0
    assert seen.locator("script, link, img").count() == 0
    assert seen.evaluate("document.documentElement.scrollWidth") == 390
    assert seen.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    charts = seen.locator("svg[role=img]")
    assert charts.count() == 6
    assert "01 Apr" in (charts.last.text_content() or "")
    assert charts.first.locator("path[style*='var(--series-1)']").count() >= 1


def test_every_mark_of_the_page_has_a_name_of_its_own(seen: Page) -> None:
    """Two charts that named a mark alike would draw one with the other's."""
    ids = seen.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert ids
    assert len(ids) == len(set(ids))


def test_so_many_days_up_to_the_newest_one_are_shown(shop: Shop) -> None:
    """Of one day, the newest that there is and not the one before; all days and departments that are shown add up."""
    pipeline, settings = pipeline_of("ecommerce"), read_settings(lake=str(shop.lake))
    amounts, _, departments = figure_section(settings, pipeline, pipeline.figures[0], 1).parts
    assert isinstance(amounts, Chart)
    assert isinstance(departments, Table)
    assert (amounts.days, amounts.series) == ((date(2025, 4, 2),), {"amount": (Decimal("5.25"),)})
    assert sum(row[1] for row in departments.rows) == Decimal("5.25")


def test_a_file_that_cannot_be_written_is_one_sentence(capsys: pytest.CaptureFixture[str], shop: Shop) -> None:
    """And the page that is there stays."""
    for place in (shop.lake.parent, Path("/nowhere/report.html")):
        assert main(["report", "ecommerce", *shop.at, "--out", str(place)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
