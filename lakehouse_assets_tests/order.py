"""The order of the tests: files that take long come first, so that no worker has one left when the others are done.

Without this, pytest-xdist hands files out by their number of tests, and those that take longest have one or two.
"""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = (
    "test_readme.py",
    "marketing/test_kills.py",
    "marketing/test_one_conversion.py",
    "operations/test_killed.py",
    "marketing/test_report.py",
    "operations/test_s3.py",
    "load/test_crash_s3.py",
    "marketing/test_counted_clicks.py",
    "marketing/test_cases.py",
    "marketing/test_days.py",
    "operations/test_rebuild.py",
    "load/test_s3.py",
    "ui/test_turns.py",
    "returns/test_page.py",
    "operations/test_interrupted.py",
    "marketing/test_checks.py",
    "infrastructure/test_rights.py",
    "infrastructure/test_deploy.py",
    "ui/test_ui.py",
    "ui/test_truth.py",
)
"""Files below the folder of the tests that take half a minute or more, the longest first."""


def longest_first(files: Iterable[str]) -> dict[str, int]:
    """Return the place of each file in the order: those that are named here, then the others as they come.

    >>> longest_first(["a/test_b.py", "lakehouse_assets_tests/ui/test_ui.py", "lakehouse_assets_tests/test_readme.py"])
    {'lakehouse_assets_tests/test_readme.py': 0, 'lakehouse_assets_tests/ui/test_ui.py': 1, 'a/test_b.py': 2}
    """
    rank = {f"lakehouse_assets_tests/{name}": place for place, name in enumerate(LONGEST)}
    found = sorted(dict.fromkeys(files), key=lambda file: rank.get(file, len(rank)))
    return {file: place for place, file in enumerate(found)}
