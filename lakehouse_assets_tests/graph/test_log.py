"""What the log of a run says while it goes on, for whoever watches it in the UI."""

from __future__ import annotations

import re

import pytest

from lakehouse_assets import progress
from lakehouse_assets_tests.graph.conftest import Shop


def lines(shop: Shop, run_id: str) -> dict[str, list[str]]:
    """The lines of a run's log that are no events, by step."""
    found: dict[str, list[str]] = {}
    for entry in shop.instance.all_logs(run_id):
        if entry.dagster_event is None and entry.step_key:
            found.setdefault(entry.step_key, []).append(entry.user_message)
    return found


def test_the_log_of_a_run_says_what_is_done_and_how_far_it_is(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line belongs to the step that does it; the load counts files, bytes and rows."""
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.001)
    shop.drop_all()
    result = shop.run()
    assert result.success
    found = lines(shop, result.run_id)
    assert any(
        re.match(r"reading: 3 of 3 files, \d+ of \d+ bytes, \d rows", line) for line in found["ecommerce_silver"]
    )
    assert any(line.startswith("building daily_sales, for ") for line in found["gold__daily_sales"])
    # Which of them is told depends on the moment; one takes some milliseconds.
    assert any(re.match(r"checking clean_\w+\.\w+, for ", line) for line in found["ecommerce_silver_assertions"])


def test_the_log_of_a_short_run_says_nothing_of_it(shop: Shop) -> None:
    """Its steps take less than the pause between two lines."""
    shop.drop_all()
    result = shop.run()
    assert not any("reading" in line for line in lines(shop, result.run_id).get("ecommerce_silver", []))
