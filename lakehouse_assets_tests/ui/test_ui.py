"""What a person sees: the asset graph with all names, and a failed check that explains itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.ui, pytest.mark.slow]

GROUPS = {
    "landing": ("products", "orders", "order_items"),
    "bronze": ("ecommerce_manifest",),
    "silver": ("clean_products", "clean_orders", "clean_orders_items"),
    "gold": ("daily_sales", "product_daily", "user_orders"),
    "archive": ("ecommerce_files",),
}


def test_every_asset_has_a_page(page: Page, address: str) -> None:
    """From landing to archive, by layer and name."""
    for layer, names in GROUPS.items():
        for name in names:
            page.goto(f"{address}/assets/{layer}/{name}")
            page.get_by_text(name, exact=True).first.wait_for()


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
