"""A pytest plugin under which a skipped test is a failed one: `pytest -p lakehouse_assets_tests.nothing_skipped`.

For runs whose machine is known to have everything, such as CI: there a skip hides a test that never ran.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

SENTENCE = "skipped, but nothing may be skipped in this run: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a test that skipped itself into a failure that keeps the reason."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that skipped itself into an error that keeps the reason."""
    report = yield
    if report.skipped:
        fail(report)
    return report


def fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Change the verdict of a report from skipped to failed."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = SENTENCE.format(reason=reason)
