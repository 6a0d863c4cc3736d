"""The page of checks in Chromium: it fits a phone and a screen, by day and by night."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.operations.check_html import to_html
from lakehouse_assets.operations.check_results import CheckState, Past
from lakehouse_assets_tests.ui.conftest import FLAGS, browser_path

pytestmark = pytest.mark.ui

MADE = datetime(2026, 11, 27, 4, 5, 6, tzinfo=UTC)
PASSED = CheckState(
    "silver/a_table_of_a_rather_long_name", "counts", "passed", "counts add up", blocking=True, passed=True,
    history=[Past(MADE, passed=True, failing=0, run_id="b"), Past(MADE, passed=False, failing=7, run_id="a")],
)  # fmt: skip
FAILED = replace(
    PASSED, check="keys", status="failed", failing=1200, severity="ERROR", sql="SELECT " + "a_column, " * 60 + "1",
    sample=[{f"column_{n}": "value" * 20 for n in range(12)}],
)  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a failed check whose SQL and rows are much wider than any screen."""
    file = tmp_path_factory.mktemp("page") / "checks.html"
    file.write_text(to_html([FAILED, PASSED], "s3://a-bucket/" + "a-rather-long-prefix/" * 8, MADE), "utf-8")
    return file


@pytest.fixture(scope="module")
def seen(path: Path) -> dict[tuple[int, str], tuple[int, str, str]]:
    """By width and scheme of the window: how wide the page is, its background, and its text."""
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), headless=True, args=list(FLAGS))
        for width, scheme in ((390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            page.goto(path.as_uri())
            wide = page.evaluate("document.documentElement.scrollWidth")
            colour = page.evaluate("getComputedStyle(document.querySelector('.bad')).color")
            found[width, scheme] = (wide, colour, page.inner_text("body"))
        browser.close()
    return found


def test_it_is_never_wider_than_the_window(seen: dict[tuple[int, str], tuple[int, str, str]]) -> None:
    """What is wide scrolls inside of itself, on a phone and on a screen."""
    assert {window: found[0] for window, found in seen.items()} == {window: window[0] for window in seen}


def test_it_says_when_it_was_made_of_what_and_what_is_wrong(seen: dict[tuple[int, str], tuple[int, str, str]]) -> None:
    """All of it can be read at both widths."""
    for _, _, text in seen.values():
        assert "made 2026-11-27 04:05:06 UTC" in text
        assert "s3://a-bucket/a-rather-long-prefix" in text
        assert "not ok, 1 required checks are not passed and current" in text
        assert "1,200 failing" in text
        assert "column_11" in text


def test_red_is_another_red_by_night(seen: dict[tuple[int, str], tuple[int, str, str]]) -> None:
    """The page follows the browser's scheme."""
    assert seen[390, "light"][1] != seen[390, "dark"][1]


def test_each_result_of_the_past_is_a_square(path: Path) -> None:
    """Of two checks with two results each; their moments are said when they are pointed at."""
    assert path.read_text("utf-8").count('title="2026-11-27 04:05:06 UTC: ') == 4
