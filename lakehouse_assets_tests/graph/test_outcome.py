"""How a run ended, read from Dagster's events of small jobs and from what the steps left in the run's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.graph.outcome import Outcome, failed_checks, outcome_of
from lakehouse_assets.load.report import COUNTS
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder

SALES = dg.AssetKey(["gold", "daily_sales"])
BUILT = {"inserted": 1, "updated": 0, "deleted": 0, "rows": 1, "seconds": 0.5}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run whose steps reported nothing yet."""
    return RunFolder(FolderStore(tmp_path), "ecommerce", "r1")


def events_of(body: Callable[[], None], *, passes: bool = True, severity: str = "ERROR") -> Sequence[dg.DagsterEvent]:
    """What Dagster notes about a run of one asset: its body, then a check with this answer."""

    @dg.asset(key=SALES, check_specs=[dg.AssetCheckSpec("keys_unique", asset=SALES)])
    def daily_sales() -> Iterator[Any]:
        body()
        yield dg.MaterializeResult()
        found = {"passed": passes, "severity": dg.AssetCheckSeverity[severity], "metadata": {"failing": 3}}
        yield dg.AssetCheckResult(check_name="keys_unique", description="no key twice", **found)

    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([daily_sales], instance=instance, raise_on_error=False).all_events


def nothing() -> None:
    """A body that does nothing."""


def ended(folder: RunFolder, *, success: bool = True, **pieces: dict[str, Any]) -> Outcome:
    """The outcome of a run whose steps left these pieces and of which Dagster noted nothing."""
    for name, piece in pieces.items():
        folder.write(name.replace("__", "-"), piece)
    return outcome_of(folder, [], success=success)


def test_a_run_that_worked_succeeded_with_a_zero_for_every_count(folder: RunFolder) -> None:
    """Tables that the load did not report are there, so that readers need not ask."""
    counts = dict.fromkeys(COUNTS, 0) | {"read": 2, "rejected": 2}
    load = {"tables": {"clean_orders": {"counts": counts, "rejects": {"date_missing": 2}, "warnings": {}}}}
    outcome = ended(folder, plan={"has_work": True, "pending": 4}, load=load, archive={"moved": ["a"], "left": []})
    assert (outcome.report["status"], outcome.is_failed, outcome.report["failure"]) == ("succeeded", False, None)
    assert outcome.report["tables"] == {
        "clean_orders": counts,
        "clean_orders_items": dict.fromkeys(COUNTS, 0),
        "clean_products": dict.fromkeys(COUNTS, 0),
    }
    assert (outcome.report["rejects"], outcome.report["waiting"]) == ({"date_missing": 2}, 4)
    assert (outcome.report["archived"], outcome.report["left"]) == (1, [])


def test_a_plan_without_work_is_nothing_to_do(folder: RunFolder) -> None:
    """So is a run that planned nothing and built nothing, such as one of checks alone."""
    assert ended(folder).report["status"] == "nothing_to_do"
    assert ended(folder, plan={"has_work": False}).report["status"] == "nothing_to_do"


def test_a_gold_table_built_by_itself_is_a_success(folder: RunFolder) -> None:
    """A selection without the plan step did something, so it does not read as nothing to do."""
    outcome = ended(folder, gold__daily_sales=BUILT)
    assert outcome.report["status"] == "succeeded"
    assert outcome.report["gold"]["daily_sales"] == {"inserted": 1, "updated": 0, "deleted": 0, "rows": 1}
    assert outcome.report["timings"]["daily_sales"] == pytest.approx(0.5)


def test_a_failure_that_a_second_try_mended_is_none(folder: RunFolder) -> None:
    """Dagster says how the run ended; what its first try left behind does not count."""
    outcome = ended(folder, plan={"has_work": True}, failure={"step": "s", "error": "LeaseHeld", "message": "held"})
    assert (outcome.report["status"], outcome.report["failure"]) == ("succeeded", None)


def test_a_failure_that_a_step_told_is_the_cause(folder: RunFolder) -> None:
    """Its own sentence is told, also where the plan found no work."""
    failure = {"step": "ecommerce_silver", "error": "FenceLost", "message": "the lease was lost"}
    outcome = ended(folder, success=False, plan={"has_work": False}, failure=failure)
    assert (outcome.report["status"], outcome.report["failure"]) == ("failed", failure)
    assert outcome.cause == "the lease was lost"


def test_a_failed_run_that_left_no_word_was_stopped(folder: RunFolder) -> None:
    """Neither a step nor a check failed, so somebody stopped it."""
    outcome = ended(folder, success=False)
    assert outcome.report["failure"] == {"step": None, "error": "Interrupted", "message": "the run was stopped"}


def test_an_error_that_nobody_foresaw_is_told_by_its_root(folder: RunFolder) -> None:
    """Class and words of the first error in the chain, and the step that it stopped."""

    def broken() -> None:
        try:
            int("three")
        except ValueError as error:
            raise RuntimeError("outer") from error

    failure = outcome_of(folder, events_of(broken), success=False).report["failure"]
    assert (failure["step"], failure["error"]) == ("gold__daily_sales", "ValueError")
    assert failure["message"] == "ValueError: invalid literal for int() with base 10: 'three'"


def test_a_check_that_blocks_is_the_cause(folder: RunFolder) -> None:
    """It is named with its rows; one that only warns is told and fails nothing."""
    blocked = outcome_of(folder, events_of(nothing, passes=False), success=False)
    assert blocked.report["failure"]["error"] == "AssertionFailed"
    assert blocked.cause == "check `daily_sales.keys_unique` failed: 3 rows"
    warned = outcome_of(folder, events_of(nothing, passes=False, severity="WARN"), success=True)
    assert (warned.is_failed, [check.line for check in warned.failed_checks]) == (
        False,
        ["WARN daily_sales.keys_unique: no key twice"],
    )


@pytest.mark.parametrize(("answers", "failed"), [([True], 0), ([False], 1), ([False, True], 0), ([True, False], 1)])
def test_the_last_answer_of_a_check_counts(answers: list[bool], failed: int) -> None:
    """A step that is tried again answers its checks again."""
    events = [event for answer in answers for event in events_of(nothing, passes=answer)]
    assert len(failed_checks(events)) == failed
