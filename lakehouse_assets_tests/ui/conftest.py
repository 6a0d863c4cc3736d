"""The Dagster UI on a small lake, and a headless Chromium that looks at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import Shop
from lakehouse_assets_tests.graph.test_job import double_an_order
from lakehouse_assets_tests.ui.services import served

if TYPE_CHECKING:
    from playwright.sync_api import Page

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium as root, without a graphics card, and quiet on the network."""


def browser_path() -> str:
    """The system's Chromium; Playwright's own is not downloaded."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    path = next((name for name in found if name), None)
    if path is None:
        pytest.fail("no Chromium on this machine; install Debian's package `chromium`")
    return path


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A lake whose last run was stopped by a duplicate key in silver."""
    root = tmp_path_factory.mktemp("ui")
    chosen = Settings(lake=root / "lake", landing=root / "landing", duckdb_threads=1)
    with history.instance(chosen) as instance:
        shop = Shop(chosen, instance, build_definitions(chosen))
        shop.landing.mkdir()
        shop.drop_all()
        assert shop.run().success
        double_an_order(shop)
        shop.drop("products.csv")
        assert not shop.run().success
    return chosen


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """The UI's address."""
    with served(settings) as url:
        yield url


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """An empty page of a fresh browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=browser_path(),
            headless=True,
            args=list(FLAGS),
            viewport={"width": 1600, "height": 1000},
        )
        try:
            opened = browser.new_page()
            opened.set_default_timeout(30_000)
            yield opened
        finally:
            browser.close()
