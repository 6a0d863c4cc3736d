"""Which outcomes of a run are told, and in which words."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.compute.alerts import alerts_of


def report(**facts: Any) -> dict[str, Any]:
    """A run report with the parts that messages are made of."""
    return {
        "run_id": "r1",
        "pipeline": "ecommerce",
        "status": "succeeded",
        "failure": None,
        "refusals": {},
    } | facts


def failed_check(check: str, **facts: Any) -> dict[str, Any]:
    """A check of clean_orders that found three rows."""
    known = {"asset": "silver/clean_orders", "severity": "ERROR", "failing": 3, "description": "no key occurs twice"}
    return known | {"check": check} | facts


def test_a_good_run_is_not_told() -> None:
    """Nothing failed, nothing was refused: no message."""
    assert alerts_of(report(), []) == []


def test_a_failed_run_is_told_with_step_and_cause() -> None:
    """The subject names the step and the error, the body the sentence and where to look."""
    failure = {"step": "load", "error": "RejectRatioExceeded", "message": "`clean_orders`: 40 of 100 rows"}
    (told,) = alerts_of(report(status="failed", failure=failure), [])
    assert (told.kind, told.subject) == ("run_failed", "ecommerce: run failed at load (RejectRatioExceeded)")
    assert "`clean_orders`: 40 of 100 rows" in told.body
    assert "/runs/r1" in told.body


def test_a_run_that_died_is_told_too() -> None:
    """A run that no step could report about still has a message."""
    (told,) = alerts_of(report(status="failed"), [])
    assert (told.subject, "its process was stopped" in told.body) == ("ecommerce: run failed", True)


def test_a_blocking_check_is_the_cause_of_a_failed_run() -> None:
    """Without an error of a step, the failed checks are the cause, and are told as checks too."""
    told = {n.kind: n for n in alerts_of(report(status="failed"), [failed_check("keys_unique")])}
    assert told["run_failed"].subject == "ecommerce: run stopped by 1 check"
    assert "ERROR silver/clean_orders keys_unique (3 rows): no key occurs twice" in told["run_failed"].body
    assert told["checks_failed"].subject == "ecommerce: 1 check failed"


def test_failed_checks_are_one_message_errors_first() -> None:
    """All failed checks of a run share a message; errors stand before warnings."""
    checks = [failed_check("volume", severity="WARN", failing=None), failed_check("keys_unique")]
    (told,) = alerts_of(report(), checks)
    assert (told.kind, told.subject) == ("checks_failed", "ecommerce: 1 check failed, 1 warning")
    assert [line.split()[2] for line in told.body.splitlines()[:2]] == ["keys_unique", "volume:"]


def test_refused_files_are_told_by_the_run_that_moved_them() -> None:
    """A run that failed leaves refused files in landing, so only the one that succeeds tells them."""
    refusals = {"orders/1.csv": "no column `order_id`"}
    (told,) = alerts_of(report(refusals=refusals), [])
    assert (told.kind, told.subject) == ("file_unreadable", "ecommerce: 1 file refused")
    assert "`orders/1.csv`: no column `order_id`" in told.body
    assert "file_unreadable" not in {n.kind for n in alerts_of(report(status="failed", refusals=refusals), [])}


def test_a_long_list_is_cut_and_counted() -> None:
    """Twenty lines, then how many there are besides."""
    (told,) = alerts_of(report(refusals={f"orders/{n:02}.csv": "empty" for n in range(25)}), [])
    assert "`orders/19.csv`: empty\n… and 5 more\n" in told.body
