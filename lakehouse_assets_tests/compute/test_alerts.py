"""Which outcomes of a run are told, and in which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lakehouse_assets.compute.alerts import end_of, message_of, news_of
from lakehouse_assets.compute.failed_checks import FailedCheck
from lakehouse_assets.compute.reports import Failure, RunReport
from lakehouse_assets.compute.troubles import Standing, judged

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
    _, verdict = judged(Standing(), end_of(report()))
    assert news_of(report(), verdict) is None


def test_a_recovery_names_what_had_failed_since_when_and_how_often() -> None:
    """One message for the success, with what the run did below."""
    failure = Failure("load", "RejectRatioExceeded", "`clean_orders`: 40 of 100 rows")
    standing = Standing()
    for number in (1, 2):
        failed_run = report(run_id=f"r{number}", status="failed", failure=failure, ended_at=f"2026-11-2{number}T06:00")
        standing, _ = judged(standing, end_of(failed_run))
    good = report(run_id="r3")
    told = news_of(good, judged(standing, end_of(good))[1])
    assert told is not None
    assert (told.kind, told.subject) == ("recovered", "ecommerce: recovered; run succeeded")
    assert told.body.splitlines()[0] == (
        "What failed since 2026-11-21T06:00 (2 times in a row) works again. "
        "It was: The run failed in load: `clean_orders`: 40 of 100 rows"
    )
    assert "Rows new or updated in silver: 0" in told.body


def test_a_failed_run_is_told_with_step_and_cause() -> None:
    """The subject names the step, the body the sentence and where to look."""
    failure = Failure("load", "RejectRatioExceeded", "`clean_orders`: 40 of 100 rows")
    told = message_of(report(status="failed", failure=failure), [])
    assert (told.kind, told.subject) == ("run_failed", "ecommerce: run failed in load")
    assert "`clean_orders`: 40 of 100 rows" in told.body
    assert "/runs/r1" in told.body


def test_a_run_that_died_is_told_too() -> None:
    """A run that no step could report about still has a message."""
    told = message_of(report(status="failed"), [])
    assert told.subject == "ecommerce: run failed"


def test_failed_checks_are_one_message_errors_first() -> None:
    """All failed checks of a run share a message; errors stand before warnings."""
    told = message_of(report(), [failed("volume", "WARN"), failed("keys_unique")])
    assert (told.kind, told.subject) == ("run_warned", "ecommerce: checks failed: 1, warned: 1")
    assert told.body.splitlines()[:2] == [
        "- ERROR clean_orders.keys_unique: 3 rows: no key occurs twice",
        "- WARN clean_orders.volume: 3 rows: no key occurs twice",
    ]


def test_a_run_stopped_by_a_check_is_one_message() -> None:
    """It begins with the sentence of the failure, and lists every check that did not pass below."""
    sentence = "check `clean_orders.keys_unique` failed: 3 rows"
    failure = Failure("ecommerce_silver_assertions", "AssertionFailed", sentence)
    told = message_of(report(status="failed", failure=failure), [failed("keys_unique"), failed("volume", "WARN")])
    assert told.kind == "run_failed"
    assert told.body.startswith(f"The run failed in ecommerce_silver_assertions: {sentence}\n")
    assert "- WARN clean_orders.volume" in told.body


def test_a_machines_message_names_its_state_and_links_to_its_execution() -> None:
    """A state stands where Dagster has a step."""
    failure = Failure(None, "LeaseHeld", "somebody else", state="RunGlueJob")
    told = message_of(report(status="failed", failure=failure, link="https://console/exec-1"), [])
    assert told.subject == "ecommerce: run failed in RunGlueJob"
    assert told.body.endswith("Run: r1; https://console/exec-1")


def test_warnings_and_refused_files_share_one_message() -> None:
    """The subject counts both, and nobody gets two."""
    told = message_of(report(refusals={"a.csv": "`a.csv` is refused"}), [failed("volume", "WARN")])
    assert told.subject == "ecommerce: checks warned: 1, files refused: 1"
    assert "- WARN clean_orders.volume" in told.body
    assert "- `a.csv` is refused" in told.body


def test_a_run_that_went_well_has_words_too() -> None:
    """A machine sends them on a success; Dagster does not."""
    assert (message_of(report()).kind, message_of(report()).subject) == ("run_succeeded", "ecommerce: run succeeded")


def test_refused_files_are_told_by_the_run_that_moved_them() -> None:
    """A run that failed leaves refused files in landing, so only the one that succeeds tells them."""
    refusals = {"orders/1.csv": "`orders/1.csv` is refused: no column `order_id`"}
    told = message_of(report(refusals=refusals), [])
    assert (told.kind, told.subject) == ("run_warned", "ecommerce: files refused: 1")
    assert "- `orders/1.csv` is refused: no column `order_id`" in told.body
    assert "refused" not in message_of(report(status="failed", refusals=refusals), []).body


def test_a_long_list_is_cut_and_counted() -> None:
    """Twenty lines, then how many there are besides."""
    told = message_of(report(refusals={f"{n:02}": f"refused {n:02}" for n in range(25)}), [])
    assert "- refused 19\n- and 5 more\n" in told.body
