"""Pages lead on: a table's to its SQL, contract, place and report, a run's to everything about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.ui.reading import wait_for_texts

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.ui, pytest.mark.slow]


def test_a_gold_tables_page(page: Page, address: str, settings: Settings) -> None:
    """Group, what makes it here, links to contract and model, place and report; nothing of the emitter's."""
    page.goto(f"{address}/assets/gold/daily_sales")
    page.get_by_text("Source code", exact=True).first.wait_for()
    page.get_by_text("run_report", exact=True).first.wait_for()
    wait_for_texts(page, "DuckDB", "Iceberg", "gold", f"{settings.lake_root}/ecommerce_gold/daily_sales")
    page.get_by_text("in editor").nth(2).wait_for()
    assert page.get_by_text("in editor").count() == 3
    assert page.get_by_text("lakehouse/task").count() == 0


def test_a_runs_page(page: Page, address: str, settings: Settings) -> None:
    """The log of a run that failed names its report, its manifest and how to list its rejects."""
    with history.instance(settings) as instance:
        failed = instance.get_runs(limit=1)[0].run_id
    page.goto(f"{address}/runs/{failed}")
    page.get_by_text("Everything about this run", exact=False).first.wait_for()
    folder = Path(settings.lake_root, "runs", "ecommerce", failed)
    page.get_by_text(str(folder / "report.json")).first.wait_for()
    page.get_by_text(f"lakehouse rejects list --run {failed}", exact=False).first.wait_for()
    assert "lakehouse-process" not in page.inner_text("body")
