"""What a page of the UI shows once it has drawn all of it: its parts come by requests of their own, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

    from playwright.sync_api import Page


def wait_for_texts(page: Page, *texts: str | re.Pattern[str]) -> None:
    """Until each stands on the page: a string as the whole text of an element, a pattern anywhere in one."""
    for text in texts:
        page.get_by_text(text, exact=True).first.wait_for()
