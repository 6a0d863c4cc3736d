"""Which outcomes of a run are told, and in which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lakehouse_assets.compute.alerts import alerts_of
from lakehouse_assets.compute.failed_checks import FailedCheck
from lakehouse_assets.compute.reports import Failure, RunReport

GOOD = RunReport(
    run_id="r1",
    pipeline="ecommerce",
    status="succeeded",
    tables={},
    rejects={},
    warnings={},
    refused_files=[],
    refusals={},
    skipped_files=[],
    waiting=0,
    extra_columns={},
    gold={},
    archived=0,
    left=(),
    timings={},
)


def report(**facts: Any) -> RunReport:
    """The report of a good run with other facts."""
    return replace(GOOD, **facts)


def failed(check: str, severity: str = "ERROR") -> FailedCheck:
    """A check of clean_orders that found three rows."""
    return FailedCheck("clean_orders", check, severity, 3, "3 rows: no key occurs twice")


def test_a_good_run_is_not_told() -> None:
    """Nothing failed, nothing was refused: no message."""
    assert alerts_of(report(), []) == []


def test_a_failed_run_is_told_with_step_and_cause() -> None:
    """The subject names the step, the body the sentence and where to look."""
    failure = Failure("load", "RejectRatioExceeded", "`clean_orders`: 40 of 100 rows")
    (told,) = alerts_of(report(status="failed", failure=failure), [])
    assert (told.kind, told.subject) == ("run_failed", "ecommerce: run failed in load")
    assert "`clean_orders`: 40 of 100 rows" in told.body
    assert "/runs/r1" in told.body


def test_a_run_that_died_is_told_too() -> None:
    """A run that no step could report about still has a message."""
    (told,) = alerts_of(report(status="failed"), [])
    assert told.subject == "ecommerce: run failed"


def test_failed_checks_are_one_message_errors_first() -> None:
    """All failed checks of a run share a message; errors stand before warnings."""
    (told,) = alerts_of(report(), [failed("volume", "WARN"), failed("keys_unique")])
    assert (told.kind, told.subject) == ("checks_failed", "ecommerce: checks failed: 1, warned: 1")
    assert told.body.splitlines()[:2] == [
        "- ERROR clean_orders.keys_unique: 3 rows: no key occurs twice",
        "- WARN clean_orders.volume: 3 rows: no key occurs twice",
    ]


def test_a_run_stopped_by_a_check_is_two_messages() -> None:
    """Who listens to failed runs hears it, and who listens to checks."""
    sentence = "check `clean_orders.keys_unique` failed: 3 rows"
    failure = Failure("ecommerce_silver_assertions", "AssertionFailed", sentence)
    told = alerts_of(report(status="failed", failure=failure), [failed("keys_unique")])
    assert [message.kind for message in told] == ["run_failed", "checks_failed"]


def test_refused_files_are_told_by_the_run_that_moved_them() -> None:
    """A run that failed leaves refused files in landing, so only the one that succeeds tells them."""
    refusals = {"orders/1.csv": "`orders/1.csv` is refused: no column `order_id`"}
    (told,) = alerts_of(report(refusals=refusals), [])
    assert (told.kind, told.subject) == ("file_unreadable", "ecommerce: files refused: 1")
    assert "- `orders/1.csv` is refused: no column `order_id`" in told.body
    assert "file_unreadable" not in {n.kind for n in alerts_of(report(status="failed", refusals=refusals), [])}


def test_a_long_list_is_cut_and_counted() -> None:
    """Twenty lines, then how many there are besides."""
    (told,) = alerts_of(report(refusals={f"{n:02}": f"refused {n:02}" for n in range(25)}), [])
    assert "- refused 19\n- and 5 more\n" in told.body
