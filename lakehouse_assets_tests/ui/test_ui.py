"""What a person sees: the asset graph with all names, and a failed check that explains itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.ui, pytest.mark.slow]

OF_THE_SHOP = 'tag:"pipeline"="ecommerce"'
NAMES = (
    "products",
    "orders",
    "order_items",
    "ecommerce_manifest",
    "clean_products",
    "clean_orders",
    "clean_orders_items",
    "daily_sales",
    "product_daily",
    "user_orders",
    "ecommerce_files",
)


def open_graph(page: Page, address: str, selection: str) -> None:
    """Open the graph of some assets."""
    page.goto(f"{address}/asset-groups~{quote(selection, safe='')}")
    page.get_by_text("Materialize all").first.wait_for()


def test_the_asset_graph_shows_every_asset(page: Page, address: str) -> None:
    """The pipeline's graph names the eleven assets from landing to archive, and those that the failed check stopped."""
    open_graph(page, address, OF_THE_SHOP)
    page.get_by_text("landing", exact=True).first.wait_for()
    page.keyboard.press("Alt+e")  # layers are groups, which are drawn closed
    for name in NAMES:
        page.get_by_text(name, exact=True).first.wait_for()
    # Nodes say how they stand where they are drawn large enough.
    open_graph(page, address, f'{OF_THE_SHOP} and group:"gold"')
    page.get_by_text("Failed", exact=True).first.wait_for()


def test_a_failed_check_explains_itself(page: Page, address: str) -> None:
    """Opened from the list of checks it says what it demands, what it found, a sample row and its SQL."""
    page.goto(f"{address}/assets/silver/clean_orders?view=checks")
    page.get_by_text("keys_unique", exact=True).first.click()
    page.get_by_text("no key occurs twice", exact=True).first.wait_for()
    page.get_by_text("broken by 1 row: no key occurs twice").first.wait_for()
    page.get_by_text("This is a blocking asset check").first.wait_for()
    page.get_by_role("cell", name="10", exact=True).wait_for()
    page.get_by_text("[Show Markdown]").first.click()
    page.get_by_text("HAVING count(*) > 1").first.wait_for()
