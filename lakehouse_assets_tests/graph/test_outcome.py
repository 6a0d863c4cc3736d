"""How a run ended, read from Dagster's events of small jobs and from what the steps left in the run's folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.compute.reports import (
    FAILURE,
    ArchiveReport,
    ArchiveSlice,
    Failure,
    ModelCounts,
    ModelReport,
    PlanReport,
    failed_step,
)
from lakehouse_assets.errors import AssertionFailed, FenceLost
from lakehouse_assets.graph.outcome import Outcome, failed_checks, outcome_of
from lakehouse_assets.load.report import Counts, LoadReport, TableReport
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder

SALES = dg.AssetKey(["gold", "daily_sales"])
AT = datetime(2025, 4, 2, 9, tzinfo=UTC)
LOST = FenceLost(run_id="r1", pipeline="ecommerce", holder="r2")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run whose steps reported nothing yet."""
    return RunFolder(FolderStore(tmp_path), "ecommerce", "r1")


def events_of(body: Callable[[], None], *, passes: bool = True, severity: str = "ERROR") -> Sequence[dg.DagsterEvent]:
    """What Dagster notes about a run of one asset: its body, then a blocking check with this answer."""

    @dg.asset(key=SALES, check_specs=[dg.AssetCheckSpec("keys_unique", asset=SALES, blocking=True)])
    def daily_sales() -> Iterator[Any]:
        body()
        yield dg.MaterializeResult()
        found = {"passed": passes, "severity": dg.AssetCheckSeverity[severity], "metadata": {"failing": 3}}
        yield dg.AssetCheckResult(check_name="keys_unique", description="no key twice", **found)

    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([daily_sales], instance=instance, raise_on_error=False).all_events


def nothing() -> None:
    """A body that does nothing."""


def planned(*, has_work: bool = True, pending: int = 0) -> PlanReport:
    """What the plan of a load found."""
    return PlanReport(run_id="r1", manifest="m", as_of=AT.isoformat(), mode="load", has_work=has_work, pending=pending)


def ended(folder: RunFolder, *, success: bool = True, **pieces: object) -> Outcome:
    """The outcome of a run whose steps left these reports and of which Dagster noted nothing."""
    for name, report in pieces.items():
        folder.keep(name.replace("__", "-"), report)
    return outcome_of(folder, [], success=success)


def test_a_run_that_worked_succeeded_with_a_zero_for_every_count(folder: RunFolder) -> None:
    """Tables that the load did not report are there, so that readers need not ask."""
    table = TableReport(Counts(read=2, rejected=2), Counter(date_missing=2))
    load = LoadReport("r1", "duckdb", "load", tables={"clean_orders": table})
    archive = ArchiveReport({"": ArchiveSlice(moved=1)})
    outcome = ended(folder, plan=planned(pending=4), load=load, archive=archive)
    assert (outcome.report.status, outcome.is_failed, outcome.report.failure) == ("succeeded", False, None)
    nothing_said = {"clean_orders_items": Counts(), "clean_products": Counts()}
    assert outcome.report.tables == {"clean_orders": Counts(read=2, rejected=2)} | nothing_said
    assert (outcome.report.rejects, outcome.report.waiting) == ({"date_missing": 2}, 4)
    assert (outcome.report.archived, outcome.report.left) == (1, ())


def test_a_plan_without_work_is_nothing_to_do(folder: RunFolder) -> None:
    """So is a run that planned nothing and built nothing, such as one of checks alone."""
    assert ended(folder).report.status == "nothing_to_do"
    assert ended(folder, plan=planned(has_work=False)).report.status == "nothing_to_do"


def test_a_gold_table_built_by_itself_is_a_success(folder: RunFolder) -> None:
    """A selection without the plan step did something, so it does not read as nothing to do."""
    outcome = ended(folder, gold__daily_sales=ModelReport(inserted=1, rows=1, seconds=0.5))
    assert outcome.report.status == "succeeded"
    assert outcome.report.gold["daily_sales"] == ModelCounts(1, 0, 0, 1)
    assert outcome.report.timings["daily_sales"] == pytest.approx(0.5)


def test_a_failure_that_a_second_try_mended_is_none(folder: RunFolder) -> None:
    """Dagster says how the run ended; what its first try left behind does not count."""
    folder.write(FAILURE, failed_step("ecommerce_silver", LOST, AT))
    outcome = ended(folder, plan=planned())
    assert (outcome.report.status, outcome.report.failure) == ("succeeded", None)


def test_a_failure_that_a_step_told_is_the_cause(folder: RunFolder) -> None:
    """Its own sentence is told, also where the plan found no work."""
    folder.write(FAILURE, failed_step("ecommerce_silver", LOST, AT))
    outcome = ended(folder, success=False, plan=planned(has_work=False))
    assert outcome.report.status == "failed"
    assert outcome.report.failure == Failure("ecommerce_silver", "FenceLost", str(LOST))
    assert outcome.cause == str(LOST)


def test_a_failed_run_that_left_no_word_was_stopped(folder: RunFolder) -> None:
    """Neither a step nor a check failed, so somebody stopped it."""
    assert ended(folder, success=False).report.failure == Failure(None, "Interrupted", "the run was stopped")


def test_an_error_that_nobody_foresaw_is_told_by_its_root(folder: RunFolder) -> None:
    """Class and words of the first error in the chain, and the step that it stopped."""

    def broken() -> None:
        try:
            int("three")
        except ValueError as error:
            raise RuntimeError("outer") from error

    failure = outcome_of(folder, events_of(broken), success=False).report.failure
    words = "ValueError: invalid literal for int() with base 10: 'three'"
    assert failure == Failure("gold__daily_sales", "ValueError", words)


def test_a_check_that_blocks_is_the_cause(folder: RunFolder) -> None:
    """It is named with its rows; one that only warns is told and fails nothing."""
    blocked = outcome_of(folder, events_of(nothing, passes=False), success=False)
    words = "check `daily_sales.keys_unique` failed: 3 rows"
    assert blocked.report.failure == Failure("gold__daily_sales", "AssertionFailed", words)
    warned = outcome_of(folder, events_of(nothing, passes=False, severity="WARN"), success=True)
    assert (warned.is_failed, [check.line for check in warned.failed_checks]) == (
        False,
        ["WARN daily_sales.keys_unique: no key twice"],
    )


@pytest.mark.parametrize(
    ("failing", "words"), [(1, "1 row"), (2, "2 rows"), (0, "0 rows"), (None, "no key twice"), (None, "")]
)
def test_how_many_rows_a_check_found_is_said_as_people_do(failing: int | None, words: str) -> None:
    """One row is no rows; a check of somebody's own that counts nothing says what it found."""
    error = AssertionFailed(check="daily_sales.keys_unique", failing=failing, found="no key twice" if words else "")
    assert str(error) == f"check `daily_sales.keys_unique` failed: {words or 'it does not say how many rows'}"


@pytest.mark.parametrize(("answers", "failed"), [([True], 0), ([False], 1), ([False, True], 0), ([True, False], 1)])
def test_the_last_answer_of_a_check_counts(answers: list[bool], failed: int) -> None:
    """A step that is tried again answers its checks again."""
    events = [event for answer in answers for event in events_of(nothing, passes=answer)]
    assert len(failed_checks(events)) == failed
