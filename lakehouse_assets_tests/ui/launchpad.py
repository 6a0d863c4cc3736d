"""Type into the launchpad of Dagster's UI, where a run's configuration is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def write_config(page: Page, text: str) -> None:
    """Put a configuration into the launchpad, and the cursor behind it."""
    page.locator(".CodeMirror").wait_for()
    page.evaluate(
        """text => { const editor = document.querySelector('.CodeMirror').CodeMirror;
                     editor.setValue(text); editor.focus(); editor.execCommand('goDocEnd'); }""",
        text,
    )


def step_config(step: str, line: str) -> str:
    """A configuration of one step with one line."""
    return f"ops:\n  {step}:\n    config:\n      {line}"
